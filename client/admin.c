#include "client/admin.h"

#include "base/arena.h"
#include "client/print.h"
#include "pki/keyfile.h"

/* An operator can wait while the service restarts. */
#define PATIENCE 30

const struct err *
api_from_env(struct cli *cli, struct api *out)
{
	const struct err *e;

	*out = (struct api){ .patience = PATIENCE };
	e = cli_env(cli, "LATCHKEY_URL", &out->url);
	if (e == NULL)
		e = cli_env(cli, "LATCHKEY_CA", &out->ca);
	return e;
}

const struct err *
operator_from_env(struct cli *cli, struct api *out)
{
	const char *apart = getenv("LATCHKEY_OPERATOR_URL");
	const struct err *e = api_from_env(cli, out);

	if (apart != NULL && *apart != '\0')
		out->url = apart;
	return e;
}

/* The key's file, which curl reads by itself, and whoever else may
 * (SECURITY.md H4). */
static const struct err *
get_key(struct cli *cli, const char **out)
{
	struct keyfile file;
	char why[256];
	const struct err *e = cli_env(cli, "LATCHKEY_KEY", out);

	if (e != NULL)
		return e;
	if (!keyfile_read(*out, true, &file, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	keyfile_free(&file);
	return NULL;
}

const struct err *
admin_api(struct cli *cli, struct api *out)
{
	const char *cert = getenv("LATCHKEY_CERT");
	const struct err *e = operator_from_env(cli, out);

	if (e == NULL && cert != NULL && *cert != '\0') {
		out->cert = cert;
		e = get_key(cli, &out->key);
	}
	if (e == NULL)
		e = cli_env(cli, "LATCHKEY_ADMIN_TOKEN", &out->bearer);
	return e;
}

void
admin_say_unfollowed(void)
{
	fprintf(stderr, "a broker or node has not read of it yet: see "
			"latchkey status\n");
}

const struct err *
admin_call(struct cli *cli, const char *what, const struct api_shape *in,
    const struct api_shape *out)
{
	struct api api;
	bool unfollowed = false;
	const struct err *e = admin_api(cli, &api);

	if (e != NULL)
		return e;
	api.unfollowed = &unfollowed;
	e = api_json(&cli->cx, &api, what, in, out);
	if (unfollowed)
		admin_say_unfollowed();
	return e;
}

static const struct err *
show_raw(struct cli *cli, const char *what)
{
	struct api_request rq = { .path = strchr(what, ' ') + 1 };
	struct api_reply reply = { 0 };
	struct api api;
	const struct err *e = admin_api(cli, &api);

	if (e == NULL)
		e = api_send(&cli->cx, &api, &rq, &reply);
	if (e == NULL)
		e = api_check(&cli->cx, &reply);
	if (e == NULL)
		printf("%.*s\n", (int)reply.body.n, (const char *)reply.body.p);
	return e;
}

const struct err *
admin_show(struct cli *cli, const char *what, const struct api_shape *out)
{
	const struct err *e;

	if (cli_flag(cli, "json"))
		return show_raw(cli, what);
	e = admin_call(cli, what, NULL, out);
	if (e != NULL)
		return e;
	if (out->fields[0].type == JSON_LIST)
		print_table(&cli->cx, &out->fields[0], out->data);
	else
		print_record(&cli->cx, out->fields, out->data, 0);
	return NULL;
}

const struct err *
admin_show_page(struct cli *cli, const char *what, const struct api_shape *out,
    const char *const *next)
{
	const char *const page[][2] = { { "limit", cli_option(cli, "limit") },
		{ "after", cli_option(cli, "after") }, { NULL, NULL } };
	const struct err *e =
	    admin_show(cli, admin_query(cli, what, page), out);

	if (e == NULL && *next != NULL)
		printf("more: --after %s\n", print_safe(&cli->cx, *next));
	return e;
}

const char *
admin_query(struct cli *cli, const char *path, const char *const (*pairs)[2])
{
	const char *out = path, *sep = strchr(path, '?') == NULL ? "?" : "&";

	for (; (*pairs)[0] != NULL; pairs++) {
		if ((*pairs)[1] == NULL)
			continue;
		out = arena_printf(cli->cx.arena, "%s%s%s=%s", out, sep,
		    (*pairs)[0], api_escape(&cli->cx, (*pairs)[1]));
		sep = "&";
	}
	return out;
}
