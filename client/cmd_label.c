#include "base/arena.h"
#include "base/cfg.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/disk.h"
#include "codec/label_json.h"

struct label_view {
	const char *name;
	int64_t version;
	bool withdrawn;
	int64_t updated_at;
	const char *updated_by, *settings;
};

#define LINE_FIELDS                                      \
	JSON_F_STR(label_view, name, LIMIT_SLUG, false), \
	    JSON_F_INT(label_view, version, 0, false),   \
	    JSON_F_BOOL(label_view, withdrawn, false),   \
	    JSON_F_TIME(label_view, updated_at, false),  \
	    JSON_F_STR(label_view, updated_by, 64, false)

static const struct json_field line_fields[] = { LINE_FIELDS, JSON_END };

static const struct json_field view_fields[] = {
	LINE_FIELDS,
	JSON_F_RAW(label_view, settings, LIMIT_BODY_SMALL, false),
	JSON_END,
};

struct label_views {
	struct json_list labels;
	const char *next;
};

static const struct json_field views_fields[] = {
	JSON_F_LIST(label_views, labels, LIMIT_PAGE, label_view, line_fields),
	JSON_F_STR(label_views, next, 256, false),
	JSON_END,
};

static const struct option_row show_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row list_options[] = {
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row set_options[] = {
	{ "file", "FILE", "settings as JSON; the options below come on top",
	    false },
	{ "description", "TEXT", "for people", false },
	{ "issuer", "NAME", "the issuing CA (issuing)", false },
	{ "key-types", "T[,T]...", "p256, p384, ed25519, rsa (all)", false },
	{ "rsa-bits", "N", "the least, 2048 to 4096 (2048)", false },
	{ "lifetime", "TIME", "of certificates, like 24h (24h)", false },
	{ "subject", "TEMPLATE", "like \"O=Acme, OU=%m, CN=%d\" (CN=%d)",
	    false },
	{ "spiffe", NULL, "a SPIFFE id in place of urn:uuid:", false },
	{ "dns", "NAME[,NAME]...", "DNS names, templates too", false },
	{ "authentication", "A[,A]...", "birth, token, bootstrap (birth,token)",
	    false },
	{ "owner-approval", "WORD", "required or none (required)", false },
	{ "bootstrap-replaces-owner", NULL,
	    "a bootstrap token stands for the owner's yes, too", false },
	{ "renew-after", "PERCENT", "of the life; not before (0)", false },
	{ "renew-key", "WORD", "any, same or new (any)", false },
	{ "superseded", "WORD", "expires or revoked (expires)", false },
	{ "clone", "WORD", "refuse or quarantine (refuse)", false },
	{ "server-key", "WORD", "off, on or encrypted (off)", false },
	{ "channel-binding", "WORD", "if-present or required (if-present)",
	    false },
	{ "csr-must-have", "X[,X]...",
	    "subjectAltName, keyUsage, extendedKeyUsage", false },
	OPTIONS_END,
};

static const char *
at(struct cli *cli, const char *method)
{
	return arena_printf(cli->cx.arena, "%s /v1/admin/labels/%s", method,
	    api_escape(&cli->cx, cli->arg[0]));
}

static const struct err *
take_list(struct cli *cli, const char *option, struct json_strs *out)
{
	const char *text = cli_option(cli, option);
	const char *p, *end;

	if (text == NULL)
		return NULL;
	out->v = arena_alloc(cli->cx.arena, LIMIT_LABEL_LIST * sizeof(*out->v));
	out->n = 0;
	for (p = text; *p != '\0'; p = *end == '\0' ? end : end + 1) {
		end = strchrnul(p, ',');
		if (out->n == LIMIT_LABEL_LIST)
			return fail(&cli->cx, &ERR_USAGE,
			    "--%s takes at most %d", option, LIMIT_LABEL_LIST);
		out->v[out->n++] =
		    arena_printf(cli->cx.arena, "%.*s", (int)(end - p), p);
	}
	return NULL;
}

static void
take_word(struct cli *cli, const char *option, const char **out)
{
	const char *text = cli_option(cli, option);

	if (text != NULL)
		*out = text;
}

static const struct err *
take_number(struct cli *cli, const char *option, long max, int64_t *out)
{
	const long range[3] = { 0, max, (long)*out };
	long n;
	const struct err *e = cli_number(cli, option, range, &n);

	if (e == NULL)
		*out = n;
	return e;
}

static void
take_words(struct cli *cli, struct label_json *in)
{
	take_word(cli, "description", &in->description);
	take_word(cli, "issuer", &in->issuer);
	take_word(cli, "subject", &in->subject);
	take_word(cli, "owner-approval", &in->owner_approval);
	take_word(cli, "renew-key", &in->renew_key);
	take_word(cli, "superseded", &in->superseded);
	take_word(cli, "clone", &in->clone);
	take_word(cli, "server-key", &in->server_key);
	take_word(cli, "channel-binding", &in->channel_binding);
	in->spiffe |= cli_flag(cli, "spiffe");
	in->bootstrap_replaces_owner |=
	    cli_flag(cli, "bootstrap-replaces-owner");
}

static const struct err *
take_options(struct cli *cli, struct label_json *in)
{
	const char *lifetime = cli_option(cli, "lifetime");
	const struct err *e;

	take_words(cli, in);
	if (lifetime != NULL && !cfg_duration(lifetime, &in->lifetime))
		return fail(&cli->cx, &ERR_USAGE,
		    "--lifetime takes a time like 24h or 30d, not \"%s\"",
		    lifetime);
	e = take_number(cli, "rsa-bits", LIMIT_RSA_BITS, &in->rsa_bits);
	if (e == NULL)
		e = take_number(cli, "renew-after", 95, &in->renew_after);
	if (e == NULL)
		e = take_list(cli, "key-types", &in->key_types);
	if (e == NULL)
		e = take_list(cli, "dns", &in->dns);
	if (e == NULL)
		e = take_list(cli, "authentication", &in->authentication);
	if (e == NULL)
		e = take_list(cli, "csr-must-have", &in->csr_must_have);
	return e;
}

/* The defaults, under what the file says, under the options. */
static const struct err *
read_settings(struct cli *cli, struct label_json *out)
{
	const char *path = cli_option(cli, "file");
	struct bytes text = bytes_str("{}");
	const struct err *e = NULL;

	if (path != NULL)
		e = disk_read(&cli->cx, path, LIMIT_BODY_SMALL, &text);
	if (e != NULL)
		return e;
	e = label_json_read(&cli->cx, text, out);
	if (e != NULL)
		return fail(&cli->cx, e, "%s: %s", path, cli->cx.reason);
	return take_options(cli, out);
}

static const struct err *
run_set(struct cli *cli)
{
	struct label_view view = { .name = "" };
	struct api_shape out = { view_fields, &view };
	struct label_json settings;
	struct api_shape in = { label_json_fields, &settings };
	const struct err *e = read_settings(cli, &settings);

	if (e == NULL)
		e = admin_call(cli, at(cli, "PUT"), &in, &out);
	if (e == NULL)
		printf("label %s, version %lld\n", view.name,
		    (long long)view.version);
	return e;
}

static const struct err *
run_list(struct cli *cli)
{
	struct label_views list = { .next = NULL };
	struct api_shape shape = { views_fields, &list };

	return admin_show_page(cli, "GET /v1/admin/labels", &shape, &list.next);
}

static const struct err *
run_show(struct cli *cli)
{
	struct label_view view = { .name = NULL };
	struct api_shape shape = { view_fields, &view };

	return admin_show(cli, at(cli, "GET"), &shape);
}

static const struct err *
run_remove(struct cli *cli)
{
	const struct err *e = admin_call(cli, at(cli, "DELETE"), NULL, NULL);

	if (e == NULL)
		printf("label %s is withdrawn: it enrolls and renews nobody\n",
		    cli->arg[0]);
	return e;
}

const struct command label_commands[] = {
	{ "label set", "NAME", "makes an enrollment label, or changes it",
	    set_options, run_set,
	    "What is not said has its default, also where the label said "
	    "otherwise before." },
	{ "label list", "", "shows all labels", list_options, run_list, NULL },
	{ "label show", "NAME", "shows one label", show_options, run_show,
	    NULL },
	{ "label remove", "NAME",
	    "withdraws a label that no active model names", NULL, run_remove,
	    NULL },
	{ .name = NULL },
};
