#include <inttypes.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/disk.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/dn.h"
#include "pki/matter_cert.h"
#include "pki/pem.h"

#define PEM_BYTES (128 * KIB)
#define PAA_MAX 256 /* in one file */

static const struct option_row show_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

/* "METHOD /v1/admin/<collection>/<arg 0>[rest]" */
static const char *
at(struct cli *cli, const char *method, const char *collection,
    const char *rest)
{
	return arena_printf(cli->cx.arena, "%s /v1/admin/%s/%s%s", method,
	    collection, api_escape(&cli->cx, cli->arg[0]), rest);
}

/* ---- trust anchors */

struct anchor_put {
	const char *certificate, *public_key, *intermediate, *kind;
	const char *vendor_id; /* decimal, or NULL */
	struct bytes secret, key_id;
	bool in_hardware;
	int64_t valid_from, valid_until;
};

static const struct json_field anchor_put_fields[] = {
	JSON_F_STR(anchor_put, certificate, PEM_BYTES, false),
	JSON_F_STR(anchor_put, public_key, PEM_BYTES, false),
	JSON_F_B64U(anchor_put, secret, LIMIT_SECRET, false),
	JSON_F_BOOL(anchor_put, in_hardware, false),
	JSON_F_STR(anchor_put, intermediate, PEM_BYTES, false),
	JSON_F_STR(anchor_put, kind, 16, false),
	JSON_F_RAW(anchor_put, vendor_id, 8, false),
	JSON_F_HEX(anchor_put, key_id, LIMIT_KEY_ID, false),
	JSON_F_TIME(anchor_put, valid_from, false),
	JSON_F_TIME(anchor_put, valid_until, false),
	JSON_END,
};

struct anchor_row {
	const char *id, *kind, *subject, *vendor_id;
	int64_t not_after, valid_from, valid_until;
	const char *sha256;
};

static const struct json_field anchor_fields[] = {
	JSON_F_STR(anchor_row, id, 64, false),
	JSON_F_STR(anchor_row, kind, 16, false),
	JSON_F_STR(anchor_row, subject, 4096, false),
	JSON_F_RAW(anchor_row, vendor_id, 8, false),
	JSON_F_TIME(anchor_row, not_after, false),
	JSON_F_TIME(anchor_row, valid_from, false),
	JSON_F_TIME(anchor_row, valid_until, false),
	JSON_F_STR(anchor_row, sha256, 64, false),
	JSON_END,
};

struct anchor_list {
	struct json_list anchors;
};

static const struct json_field anchor_list_fields[] = {
	JSON_F_LIST(
	    anchor_list, anchors, LIMIT_PAGE, anchor_row, anchor_fields),
	JSON_END,
};

static const struct option_row anchor_add_options[] = {
	{ "certificate", "FILE", "the CA certificate, PEM", false },
	{ "public-key", "FILE", "or the bare key of a signer, PEM", false },
	{ "secret", "FILE", "or what units have their MACs under, hex", false },
	{ "in-hardware", NULL, "the maker's units have such keys in hardware",
	    false },
	{ "kind", "KIND",
	    "who signs declarations (declaration) or lists "
	    "(crl_signer)",
	    false },
	{ "key-id", "HEX", "how evidence names that key", false },
	{ "intermediate", "FILE",
	    "accept only chains through this CA certificate", false },
	{ "vendor-id", "HEX", "accept only Matter units of this vendor",
	    false },
	{ "from", "TIME", "trust it from then on (RFC 3339, UTC)", false },
	{ "until", "TIME", "and until then", false },
	OPTIONS_END,
};

static const struct err *
read_up_to(struct cli *cli, const char *path, size_t max, const char **out)
{
	struct bytes text;
	const struct err *e = disk_read(&cli->cx, path, max, &text);

	if (e != NULL)
		return e;
	*out = bytes_to_str(cli->cx.arena, text);
	return *out != NULL ? NULL
			    : fail(&cli->cx, &ERR_LOCAL,
				  "%s: holds NUL bytes: not PEM", path);
}

static const struct err *
read_text(struct cli *cli, const char *path, const char **out)
{
	return read_up_to(cli, path, PEM_BYTES, out);
}

/* A time option; 0 if it was not given. */
static const struct err *
read_time(struct cli *cli, const char *name, int64_t *out)
{
	const char *text = cli_option(cli, name);

	if (text != NULL && !clock_parse(bytes_str(text), out))
		return fail(&cli->cx, &ERR_USAGE,
		    "--%s takes a time like 2026-11-21T00:00:00Z", name);
	return NULL;
}

static const struct err *
read_scope(struct cli *cli, struct anchor_put *in)
{
	const char *vid = cli_option(cli, "vendor-id");
	const char *key_id = cli_option(cli, "key-id");
	const struct err *e = NULL;
	long n;

	if (vid != NULL) {
		n = strspn(vid, "0123456789abcdefABCDEF") == strlen(vid) &&
			    strlen(vid) <= 4
			? strtol(vid, NULL, 16)
			: 0;
		if (n == 0)
			return fail(&cli->cx, &ERR_USAGE,
			    "--vendor-id takes four hex digits, as FFF1");
		in->vendor_id = arena_printf(cli->cx.arena, "%ld", n);
	}
	if (key_id != NULL &&
	    !bytes_from_hex(cli->cx.arena, bytes_str(key_id), &in->key_id))
		return fail(&cli->cx, &ERR_USAGE, "--key-id takes hex");
	e = read_time(cli, "from", &in->valid_from);
	return e != NULL ? e : read_time(cli, "until", &in->valid_until);
}

/* What is to be trusted: one of three. */
static const struct err *
read_trusted(struct cli *cli, struct anchor_put *in)
{
	const char *certificate = cli_option(cli, "certificate");
	const char *key = cli_option(cli, "public-key");
	const char *secret = cli_option(cli, "secret");

	if ((certificate != NULL) + (key != NULL) + (secret != NULL) != 1)
		return fail(&cli->cx, &ERR_USAGE,
		    "one of --certificate, --public-key and --secret must be "
		    "given");
	if (certificate != NULL)
		return read_text(cli, certificate, &in->certificate);
	return key != NULL ? read_text(cli, key, &in->public_key)
			   : disk_read_secret(
				 &cli->cx, secret, LIMIT_SECRET, &in->secret);
}

static const struct err *
run_anchor_add(struct cli *cli)
{
	const char *scope = cli_option(cli, "intermediate");
	struct anchor_put in = { .kind = cli_option(cli, "kind"),
		.in_hardware = cli_flag(cli, "in-hardware") };
	struct anchor_row row = { .id = "" };
	struct api_shape put = { anchor_put_fields, &in };
	struct api_shape got = { anchor_fields, &row };
	const struct err *e;

	e = read_trusted(cli, &in);
	if (e == NULL)
		e = read_scope(cli, &in);
	if (e == NULL && scope != NULL)
		e = read_text(cli, scope, &in.intermediate);
	if (e == NULL)
		e = admin_call(cli,
		    at(cli, "POST", "manufacturers", "/anchors"), &put, &got);
	if (e == NULL)
		printf("anchor %s: %s\n", row.id,
		    row.subject != NULL ? row.subject : "");
	return e;
}

struct crl_put {
	const char *crl, *issuer;
};

static const struct json_field crl_put_fields[] = {
	JSON_F_STR(crl_put, crl, LIMIT_BODY_CRL, true),
	JSON_F_STR(crl_put, issuer, PEM_BYTES, false),
	JSON_END,
};

struct crl_line {
	const char *id, *issuer, *url;
	int64_t entries, this_update, next_update;
};

static const struct json_field crl_fields[] = {
	JSON_F_STR(crl_line, id, 64, false),
	JSON_F_STR(crl_line, issuer, 4096, false),
	JSON_F_INT(crl_line, entries, 0, false),
	JSON_F_TIME(crl_line, this_update, false),
	JSON_F_TIME(crl_line, next_update, false),
	JSON_F_STR(crl_line, url, 4096, false),
	JSON_END,
};

struct crl_lines {
	struct json_list crls;
};

static const struct json_field crl_lines_fields[] = {
	JSON_F_LIST(crl_lines, crls, LIMIT_MAKER_CRLS, crl_line, crl_fields),
	JSON_END,
};

/* Who signed the list, if it is one of these. */
static const char *
signer_of(
    struct cli *cli, struct bytes crl, const struct bytes *signers, size_t n)
{
	struct path_cert c;
	struct bytes issuer;
	size_t i;

	for (i = 0; i < n && crl_issuer(crl, &issuer); i++)
		if (path_cert_parse(&cli->cx, signers[i], &c) == NULL &&
		    dn_same(issuer, c.subject_dn))
			return cert_pem(&cli->cx, signers[i]);
	return NULL;
}

/* The revocation lists that come with a set of authorities. */
static const struct err *
import_lists(struct cli *cli)
{
	const char *lists = cli_option(cli, "crls");
	const char *by = cli_option(cli, "crl-signers");
	struct bytes text, der, signers[PAA_MAX];
	struct crl_put in = { NULL, NULL };
	struct crl_line row = { .id = "" };
	struct api_shape put = { crl_put_fields, &in };
	struct api_shape got = { crl_fields, &row };
	enum pem_result r;
	const struct err *e = NULL;
	size_t n = 0;

	if (lists == NULL)
		return NULL;
	if (by != NULL)
		e = disk_read(&cli->cx, by, PEM_BYTES, &text);
	if (e == NULL && by != NULL)
		e = cert_read_pem(&cli->cx, text, signers, PAA_MAX, &n);
	if (e == NULL)
		e = disk_read(&cli->cx, lists, LIMIT_BODY_CRL, &text);
	if (e != NULL)
		return e;
	while ((r = pem_next(cli->cx.arena, &text, "X509 CRL", &der)) ==
	       PEM_BLOCK) {
		in.crl = pem_text(cli->cx.arena, "X509 CRL", der);
		in.issuer = signer_of(cli, der, signers, n);
		e = admin_call(
		    cli, at(cli, "POST", "manufacturers", "/crls"), &put, &got);
		if (e != NULL)
			return e;
		printf("list %s: %" PRId64 " entries\n", row.id, row.entries);
	}
	return r == PEM_END ? NULL
			    : fail(&cli->cx, &ERR_USAGE,
				  "%s is not all X509 CRL", lists);
}

static const struct option_row anchor_import_options[] = {
	{ "vendor-id", "HEX", "the vendor whose units they vouch for", true },
	{ "crls", "FILE", "the set's revocation lists, PEM", false },
	{ "crl-signers", "FILE",
	    "certificates of who signs these beside the authorities, PEM",
	    false },
	OPTIONS_END,
};

/* One authority of a set, for this vendor; *skip says why it is not added. */
static const struct err *
import_one(
    struct cli *cli, struct anchor_put *in, struct bytes der, const char **skip)
{
	struct anchor_row row = { .id = "" };
	struct api_shape put = { anchor_put_fields, in };
	struct api_shape got = { anchor_fields, &row };
	long vid = strtol(in->vendor_id, NULL, 10);
	const struct err *e;
	struct matter_cert c;

	*skip = NULL;
	if (matter_cert_parse(&cli->cx, der, MATTER_PAA, &c) != NULL) {
		*skip = cli->cx.reason;
		return NULL;
	}
	if (c.has_vid && c.vid != vid) {
		*skip = "another vendor's";
		return NULL;
	}
	in->certificate = cert_pem(&cli->cx, der);
	e = admin_call(
	    cli, at(cli, "POST", "manufacturers", "/anchors"), &put, &got);
	if (e == NULL)
		printf("anchor %s: %s\n", row.id, c.cert.subject);
	return e;
}

static const struct err *
run_anchor_import(struct cli *cli)
{
	struct anchor_put in = { .certificate = NULL };
	struct bytes text, ders[PAA_MAX];
	size_t i, n, added = 0;
	const char *skip;
	const struct err *e;

	e = read_scope(cli, &in);
	if (e == NULL)
		e = disk_read(&cli->cx, cli->arg[1], PEM_BYTES, &text);
	if (e == NULL)
		e = cert_read_pem(&cli->cx, text, ders, PAA_MAX, &n);
	for (i = 0; e == NULL && i < n; i++) {
		e = import_one(cli, &in, ders[i], &skip);
		added += e == NULL && skip == NULL;
		if (e == NULL && skip != NULL)
			printf(
			    "certificate %zu is left out: %s\n", i + 1, skip);
	}
	if (e == NULL)
		printf("%zu of %zu authorities\n", added, n);
	return e == NULL ? import_lists(cli) : e;
}

static const struct err *
run_anchor_list(struct cli *cli)
{
	struct anchor_list list = { { NULL, 0 } };
	struct api_shape shape = { anchor_list_fields, &list };

	return admin_show(
	    cli, at(cli, "GET", "manufacturers", "/anchors"), &shape);
}

static const struct err *
run_anchor_remove(struct cli *cli)
{
	const char *rest = arena_printf(
	    cli->cx.arena, "/anchors/%s", api_escape(&cli->cx, cli->arg[1]));
	const struct err *e;

	e = admin_call(
	    cli, at(cli, "DELETE", "manufacturers", rest), NULL, NULL);
	if (e == NULL)
		printf("anchor %s removed\n", cli->arg[1]);
	return e;
}

/* ---- revocation lists */

static const struct option_row crl_add_options[] = {
	{ "crl", "FILE", "the list, PEM", true },
	{ "issuer", "FILE", "the CA that signed it, if it is no anchor",
	    false },
	OPTIONS_END,
};

static const struct err *
run_crl_add(struct cli *cli)
{
	const char *issuer = cli_option(cli, "issuer");
	struct crl_put in = { NULL, NULL };
	struct crl_line row = { .id = "" };
	struct api_shape put = { crl_put_fields, &in };
	struct api_shape got = { crl_fields, &row };
	const struct err *e =
	    read_up_to(cli, cli_option(cli, "crl"), LIMIT_BODY_CRL, &in.crl);

	if (e == NULL && issuer != NULL)
		e = read_text(cli, issuer, &in.issuer);
	if (e == NULL)
		e = admin_call(
		    cli, at(cli, "POST", "manufacturers", "/crls"), &put, &got);
	if (e == NULL)
		printf("list %s: %" PRId64 " entries\n", row.id, row.entries);
	return e;
}

struct source_put {
	const char *url, *issuer;
	const char *every; /* decimal, or NULL */
};

static const struct json_field source_put_fields[] = {
	JSON_F_STR(source_put, url, LIMIT_URL, true),
	JSON_F_RAW(source_put, every, 16, false),
	JSON_F_STR(source_put, issuer, PEM_BYTES, false),
	JSON_END,
};

struct source_row {
	const char *id, *url, *failure;
	int64_t every, fetched_at, failed_at;
};

static const struct json_field source_fields[] = {
	JSON_F_STR(source_row, id, 64, false),
	JSON_F_STR(source_row, url, 4096, false),
	JSON_F_INT(source_row, every, 0, false),
	JSON_F_TIME(source_row, fetched_at, false),
	JSON_F_TIME(source_row, failed_at, false),
	JSON_F_STR(source_row, failure, 4096, false),
	JSON_END,
};

struct source_list {
	struct json_list crl_sources;
};

static const struct json_field source_list_fields[] = {
	JSON_F_LIST(source_list, crl_sources, LIMIT_MAKER_CRLS, source_row,
	    source_fields),
	JSON_END,
};

static const struct option_row crl_fetch_options[] = {
	{ "url", "URL", "where the list is", true },
	{ "every", "SECONDS", "how often (an hour)", false },
	{ "issuer", "FILE", "the CA that signs it, if it is no anchor", false },
	OPTIONS_END,
};

static const struct err *
run_crl_fetch(struct cli *cli)
{
	const long range[3] = { 60, 2592000, 3600 };
	const char *issuer = cli_option(cli, "issuer");
	struct source_put in = { .url = cli_option(cli, "url") };
	struct source_row row = { .id = "" };
	struct api_shape put = { source_put_fields, &in };
	struct api_shape got = { source_fields, &row };
	const struct err *e;
	long every;

	e = cli_number(cli, "every", range, &every);
	if (e == NULL && issuer != NULL)
		e = read_text(cli, issuer, &in.issuer);
	in.every = arena_printf(cli->cx.arena, "%ld", every);
	if (e == NULL)
		e = admin_call(cli,
		    at(cli, "POST", "manufacturers", "/crl-sources"), &put,
		    &got);
	if (e == NULL)
		printf("source %s: %s\n", row.id, in.url);
	return e;
}

static const struct err *
run_crl_sources(struct cli *cli)
{
	struct source_list list = { { NULL, 0 } };
	struct api_shape shape = { source_list_fields, &list };

	return admin_show(
	    cli, at(cli, "GET", "manufacturers", "/crl-sources"), &shape);
}

static const struct err *
run_crl_forget(struct cli *cli)
{
	const char *rest = arena_printf(cli->cx.arena, "/crl-sources/%s",
	    api_escape(&cli->cx, cli->arg[1]));
	const struct err *e;

	e = admin_call(
	    cli, at(cli, "DELETE", "manufacturers", rest), NULL, NULL);
	if (e == NULL)
		printf("source %s removed\n", cli->arg[1]);
	return e;
}

static const struct err *
run_crl_list(struct cli *cli)
{
	struct crl_lines list = { { NULL, 0 } };
	struct api_shape shape = { crl_lines_fields, &list };

	return admin_show(
	    cli, at(cli, "GET", "manufacturers", "/crls"), &shape);
}

static const struct err *
run_crl_remove(struct cli *cli)
{
	const char *rest = arena_printf(
	    cli->cx.arena, "/crls/%s", api_escape(&cli->cx, cli->arg[1]));
	const struct err *e;

	e = admin_call(
	    cli, at(cli, "DELETE", "manufacturers", rest), NULL, NULL);
	if (e == NULL)
		printf("list %s removed\n", cli->arg[1]);
	return e;
}

const struct command trust_commands[] = {
	{ "anchor add", "MANUFACTURER", "adds a trust anchor",
	    anchor_add_options, run_anchor_add, NULL },
	{ "anchor import", "MANUFACTURER FILE",
	    "adds a set of Matter authorities (PAA), PEM",
	    anchor_import_options, run_anchor_import,
	    "Those of other vendors are left out; all others are trusted for "
	    "units of this\nvendor alone.  A list of a delegate, or of an "
	    "intermediate (PAI), needs its\ncertificate among "
	    "--crl-signers." },
	{ "anchor list", "MANUFACTURER", "shows its trust anchors",
	    show_options, run_anchor_list, NULL },
	{ "anchor remove", "MANUFACTURER ID", "removes a trust anchor", NULL,
	    run_anchor_remove, NULL },
	{ "crl add", "MANUFACTURER", "adds a revocation list of its CA",
	    crl_add_options, run_crl_add,
	    "In place of an older one of the same issuer.  Units whose chain "
	    "it lists are\nrefused from now on." },
	{ "crl list", "MANUFACTURER", "shows its revocation lists",
	    show_options, run_crl_list, NULL },
	{ "crl remove", "MANUFACTURER ID", "removes a revocation list", NULL,
	    run_crl_remove, NULL },
	{ "crl fetch", "MANUFACTURER", "fetches a list on a schedule",
	    crl_fetch_options, run_crl_fetch, NULL },
	{ "crl sources", "MANUFACTURER",
	    "shows what is fetched, and how it went", show_options,
	    run_crl_sources, NULL },
	{ "crl forget", "MANUFACTURER ID", "stops fetching from a source", NULL,
	    run_crl_forget, NULL },
	{ .name = NULL },
};
