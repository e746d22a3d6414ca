#include <string.h>

#include "attest/policy_json.h"
#include "attest/verdict_json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/attest.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/print.h"
#include "pki/pem.h"

#define FILE_BYTES (512 * KIB)

static const struct option_row verify_options[] = {
	ATTEST_OPTIONS,
	{ "policy", "FILE", "what is asked of evidence, JSON", false },
	OPTIONS_END,
};

const struct err *
attest_unusable(struct cli *cli, const char *what)
{
	return fail(&cli->cx, &ERR_USAGE, "%s: %s", what,
	    cli->cx.reason == NULL ? "cannot be used" : cli->cx.reason);
}

static const struct err *
read_hex(struct cli *cli, const char *option, struct bytes *out)
{
	const char *text = cli_option(cli, option);

	*out = BYTES_NONE;
	if (text == NULL || bytes_from_hex(cli->cx.arena, bytes_str(text), out))
		return NULL;
	return fail(&cli->cx, &ERR_USAGE, "--%s: not hex", option);
}

static const struct {
	const char *label;
	enum anchor_kind kind;
} BLOCKS[] = {
	{ "CERTIFICATE", ANCHOR_CERTIFICATE },
	{ "PUBLIC KEY", ANCHOR_PUBLIC_KEY },
	{ "X509 CRL", ANCHOR_CRL },
};

/* The kind of the next block, or how many there are. */
static size_t
next_kind(struct bytes text)
{
	const char *begin = "-----BEGIN ";
	const uint8_t *at = memmem(text.p, text.n, begin, strlen(begin));
	size_t i, n = sizeof(BLOCKS) / sizeof(BLOCKS[0]);
	struct bytes rest;

	if (at == NULL)
		return n;
	at += strlen(begin);
	rest = (struct bytes){ at, text.n - (size_t)(at - text.p) };
	for (i = 0; i < n; i++) {
		size_t len = strlen(BLOCKS[i].label);

		if (rest.n > len &&
		    bytes_eq((struct bytes){ rest.p, len },
			bytes_str(BLOCKS[i].label)) &&
		    rest.p[len] == '-')
			return i;
	}
	return n;
}

/* Adds the blocks of the option's file, whose certificates are of a kind. */
static const struct err *
read_anchors(struct cli *cli, const char *option, enum anchor_kind certificates,
    struct question *q)
{
	const char *path = cli_option(cli, option);
	size_t i, before = q->basis.n_anchors, *n = &q->basis.n_anchors;
	struct bytes text, der;

	if (path == NULL)
		return NULL;
	if (disk_read(&cli->cx, path, FILE_BYTES, &text) != NULL)
		return attest_unusable(
		    cli, arena_printf(cli->cx.arena, "--%s", option));
	while (*n < ANCHORS_MAX) {
		enum anchor_kind kind;

		i = next_kind(text);
		if (i == sizeof(BLOCKS) / sizeof(BLOCKS[0]) ||
		    pem_next(cli->cx.arena, &text, BLOCKS[i].label, &der) !=
			PEM_BLOCK)
			break;
		kind = BLOCKS[i].kind;
		if (kind == ANCHOR_CERTIFICATE)
			kind = certificates;
		else if (certificates != ANCHOR_CERTIFICATE)
			return fail(&cli->cx, &ERR_USAGE,
			    "--%s: a block that is no CERTIFICATE", option);
		q->anchor[(*n)++] =
		    (struct attest_anchor){ .kind = kind, .value = der };
	}
	if (*n == before || memmem(text.p, text.n, "-----BEGIN", 10) != NULL)
		return fail(&cli->cx, &ERR_USAGE,
		    "--%s: not 1 to %d blocks of CERTIFICATE, PUBLIC KEY or "
		    "X509 CRL",
		    option, ANCHORS_MAX);
	return NULL;
}

static const struct err *
read_secret(struct cli *cli, struct question *q)
{
	const char *path = cli_option(cli, "secret");
	struct attest_anchor *a = &q->anchor[q->basis.n_anchors];

	if (path == NULL)
		return NULL;
	if (q->basis.n_anchors == ANCHORS_MAX ||
	    disk_read_secret(&cli->cx, path, LIMIT_SECRET, &a->value) != NULL)
		return attest_unusable(cli, "--secret");
	a->kind = ANCHOR_SECRET_KEY;
	q->basis.n_anchors++;
	return NULL;
}

static const struct err *
read_policy(struct cli *cli, struct question *q)
{
	const char *path = cli_option(cli, "policy");
	struct bytes text;

	if (path == NULL)
		return NULL;
	if (disk_read(&cli->cx, path, FILE_BYTES, &text) != NULL ||
	    policy_json_read(&cli->cx, text, &q->policy) != NULL)
		return attest_unusable(cli, "--policy");
	return NULL;
}

static const struct err *
read_key(struct cli *cli, struct question *q)
{
	const char *path = cli_option(cli, "key");
	struct bytes text;

	if (path == NULL)
		return NULL;
	if (disk_read(&cli->cx, path, FILE_BYTES, &text) != NULL ||
	    pem_next(cli->cx.arena, &text, "PUBLIC KEY", &q->basis.key_spki) !=
		PEM_BLOCK)
		return attest_unusable(cli, "--key");
	return NULL;
}

const struct err *
attest_read(struct cli *cli, struct question *q)
{
	const char *time = cli_option(cli, "time");
	const char *format = cli_option(cli, "format");
	const struct err *e;

	if (attest_format_get(format) == NULL)
		return fail(&cli->cx, &ERR_USAGE, "no format \"%s\"", format);
	q->basis.anchor = q->anchor;
	q->basis.policy = &q->policy;
	q->basis.issuer = cli_option(cli, "issuer");
	if (time != NULL && !clock_parse(bytes_str(time), &cli->cx.now))
		return fail(&cli->cx, &ERR_USAGE, "--time: not RFC 3339 in Z");
	e = read_hex(cli, "nonce", &q->basis.nonce);
	if (e == NULL)
		e = read_hex(cli, "exporter", &q->basis.exporter);
	if (e == NULL)
		e = read_anchors(cli, "anchors", ANCHOR_CERTIFICATE, q);
	if (e == NULL)
		e = read_anchors(cli, "declarations", ANCHOR_DECLARATION, q);
	if (e == NULL)
		e = read_anchors(cli, "crl-signers", ANCHOR_CRL_SIGNER, q);
	if (e == NULL)
		e = read_secret(cli, q);
	return e != NULL ? e : read_key(cli, q);
}

static void
print_fact(struct ctx *cx, FILE *out, const char *name, const char *value)
{
	if (value != NULL)
		(void)fprintf(out, "%s: %s\n", name, print_safe(cx, value));
}

static const char *
hex(struct ctx *cx, struct bytes b)
{
	return b.n == 0 ? NULL : bytes_hex(cx->arena, b);
}

static void
print_facts(struct ctx *cx, FILE *out, const struct facts *f)
{
	size_t i;

	print_fact(cx, out, "serial", f->serial);
	print_fact(cx, out, "unit", hex(cx, f->ueid));
	print_fact(cx, out, "subject", f->subject);
	print_fact(cx, out, "maker", hex(cx, f->oem));
	print_fact(cx, out, "model", f->model);
	print_fact(cx, out, "hardware", f->hw_version);
	print_fact(cx, out, "software", f->sw_version);
	if (f->secure_boot != KNOWN_NOT)
		print_fact(cx, out, "secure boot",
		    f->secure_boot == KNOWN_YES ? "yes" : "no");
	print_fact(cx, out, "debug", debug_name(f->debug));
	for (i = 0; i < f->n_measurements; i++)
		(void)fprintf(out, "measured: %s %s\n",
		    f->measurement[i].type == NULL
			? "(no name)"
			: print_safe(cx, f->measurement[i].type),
		    bytes_hex(cx->arena, f->measurement[i].value));
	for (i = 0; i < f->n_boot; i++)
		(void)fprintf(out, "started: pcr%u %s\n", f->boot[i].pcr,
		    bytes_hex(cx->arena, f->boot[i].digest));
}

/* The same for people, beside the JSON. */
static void
print_words(struct ctx *cx, FILE *out, const struct verdict *v)
{
	size_t i;

	(void)fprintf(out, "%s, grade %s\n",
	    v->accepted ? "accepted" : "refused", grade_name(v->grade));
	for (i = 0; i < v->n_findings; i++)
		(void)fprintf(out, "%s: %s (%s, %s)\n",
		    severity_name(v->finding[i].severity),
		    print_safe(cx, v->finding[i].words), v->finding[i].code,
		    layer_name(v->finding[i].layer));
	print_facts(cx, out, &v->facts);
}

const struct err *
attest_answer(struct cli *cli, const struct question *q, const char *path)
{
	const char *format = cli_option(cli, "format");
	struct bytes evidence, json;
	const struct err *e;
	struct verdict v;

	if (disk_read(&cli->cx, path, FILE_BYTES, &evidence) != NULL)
		return attest_unusable(cli, "evidence");
	/* Evidence that cannot be read is refused, by the verdict. */
	(void)!attest_judge(&cli->cx, format, evidence, &q->basis, &v);
	e = verdict_json(&cli->cx, &v, &json);
	if (e != NULL)
		return e;
	printf("%.*s\n", (int)json.n, (const char *)json.p);
	print_words(&cli->cx, stderr, &v);
	if (v.accepted)
		return NULL;
	return fail(&cli->cx, &ERR_BAD_EVIDENCE, "the evidence is refused");
}

static const struct err *
run_verify(struct cli *cli)
{
	struct question *q = arena_alloc(cli->cx.arena, sizeof(*q));
	const struct err *e = attest_read(cli, q);

	if (e == NULL)
		e = read_policy(cli, q);
	return e != NULL ? e : attest_answer(cli, q, cli->arg[0]);
}

struct attempt_row {
	const char *id, *at, *model, *unit, *device_id, *format;
	bool accepted;
	int64_t policy_version;
	const char *manufacturer, *verdict;
};

#define ATTEMPT_FIELDS                                         \
	JSON_F_STR(attempt_row, id, 36, false),                \
	    JSON_F_STR(attempt_row, at, 32, false),            \
	    JSON_F_STR(attempt_row, model, LIMIT_SLUG, false), \
	    JSON_F_STR(attempt_row, unit, 20, false),          \
	    JSON_F_STR(attempt_row, device_id, 36, false),     \
	    JSON_F_STR(attempt_row, format, 16, false),        \
	    JSON_F_BOOL(attempt_row, accepted, false),         \
	    JSON_F_INT(attempt_row, policy_version, 0, false)

static const struct json_field attempt_fields[] = {
	ATTEMPT_FIELDS,
	JSON_END,
};

static const struct json_field whole_fields[] = {
	ATTEMPT_FIELDS,
	JSON_F_STR(attempt_row, manufacturer, LIMIT_SLUG, false),
	JSON_F_RAW(attempt_row, verdict, FILE_BYTES, true),
	JSON_END,
};

struct attempt_list {
	struct json_list attestations;
	const char *next;
};

static const struct json_field list_fields[] = {
	JSON_F_LIST(attempt_list, attestations, LIMIT_PAGE, attempt_row,
	    attempt_fields),
	JSON_F_STR(attempt_list, next, 256, false),
	JSON_END,
};

static const struct option_row log_options[] = {
	{ "device", "ID", "only those of this device", false },
	{ "unit", "N", "only those of this unit, as births list it", false },
	{ "model", "ID", "only those of this model", false },
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row show_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

static const struct err *
run_log(struct cli *cli)
{
	const char *const query[][2] = { { "device",
					     cli_option(cli, "device") },
		{ "unit", cli_option(cli, "unit") },
		{ "model", cli_option(cli, "model") }, { NULL, NULL } };
	struct attempt_list list = { .next = NULL };
	struct api_shape shape = { list_fields, &list };

	return admin_show_page(cli,
	    admin_query(cli, "GET /v1/admin/attestations", query), &shape,
	    &list.next);
}

/* The record, then the verdict's words, as `attest verify` says them. */
static const struct err *
run_show(struct cli *cli)
{
	const char *what = arena_printf(cli->cx.arena,
	    "GET /v1/admin/attestations/%s", api_escape(&cli->cx, cli->arg[0]));
	struct attempt_row row = { .id = NULL };
	struct api_shape shape = { whole_fields, &row };
	const struct err *e;
	struct verdict v;

	if (cli_flag(cli, "json"))
		return admin_show(cli, what, &shape);
	e = admin_call(cli, what, NULL, &shape);
	if (e == NULL)
		e = verdict_json_read(&cli->cx, bytes_str(row.verdict), &v);
	if (e != NULL)
		return e;
	print_record(&cli->cx, attempt_fields, &row, 0);
	print_words(&cli->cx, stdout, &v);
	return NULL;
}

const struct command attest_commands[] = {
	{ "attest verify", "FILE", "judges evidence, without the service",
	    verify_options, run_verify,
	    "The verdict is JSON on standard output, and words beside it. "
	    "Exit status 0: accepted, 1: refused, 2: no verdict, since an "
	    "option or a file cannot be used.  Parts of evidence, findings "
	    "and policies\nare described in docs/attestation.md." },
	{ "attest log", "", "shows attempts to prove something, newest first",
	    log_options, run_log,
	    "The id of an attempt is that of its request, which its sender "
	    "was told." },
	{ "attest show", "ID", "shows what was found in one of them",
	    show_options, run_show, NULL },
	{ .name = NULL },
};
