#include "attest/policy_json.h"
#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/attest.h"
#include "client/commands.h"
#include "client/disk.h"
#include "codec/policy.h"
#include "pki/pem.h"

#define ENDORSEMENTS_BYTES (384 * KIB)
#define PEM_BYTES (16 * KIB)

struct policy_put {
	const char *policy;
};

static const struct json_field policy_put_fields[] = {
	JSON_F_RAW(policy_put, policy, LIMIT_POLICY, true),
	JSON_END,
};

struct endorsement_put {
	struct bytes file;
};

static const struct json_field endorsement_put_fields[] = {
	JSON_F_B64U(endorsement_put, file, ENDORSEMENTS_BYTES, true),
	JSON_END,
};

struct policy_row {
	int64_t version, changed_at;
	const char *changed_by, *policy;
};

#define ROW_FIELDS                                      \
	JSON_F_INT(policy_row, version, 0, false),      \
	    JSON_F_TIME(policy_row, changed_at, false), \
	    JSON_F_STR(policy_row, changed_by, LIMIT_SLUG, false)

static const struct json_field policy_fields[] = {
	ROW_FIELDS,
	JSON_F_RAW(policy_row, policy, 2 * LIMIT_POLICY, false),
	JSON_END,
};

static const struct json_field row_fields[] = {
	ROW_FIELDS,
	JSON_END,
};

struct policy_list {
	struct json_list versions;
};

static const struct json_field list_fields[] = {
	JSON_F_LIST(policy_list, versions, LIMIT_PAGE, policy_row, row_fields),
	JSON_END,
};

struct anchor_row {
	const char *kind, *certificate, *public_key, *vendor_id;
	struct bytes key_id, intermediate_spki_sha256;
	int64_t valid_from, valid_until; /* 0: without such an end */
	bool in_hardware;
};

static const struct json_field anchor_fields[] = {
	JSON_F_STR(anchor_row, kind, 16, false),
	JSON_F_STR(anchor_row, certificate, PEM_BYTES, false),
	JSON_F_STR(anchor_row, public_key, PEM_BYTES, false),
	JSON_F_RAW(anchor_row, vendor_id, 8, false),
	JSON_F_HEX(anchor_row, key_id, LIMIT_KEY_ID, false),
	JSON_F_HEX(anchor_row, intermediate_spki_sha256, 32, false),
	JSON_F_TIME(anchor_row, valid_from, false),
	JSON_F_TIME(anchor_row, valid_until, false),
	JSON_F_BOOL(anchor_row, in_hardware, false),
	JSON_END,
};

struct anchor_list {
	struct json_list anchors;
};

static const struct json_field anchors_fields[] = {
	JSON_F_LIST(
	    anchor_list, anchors, LIMIT_ANCHORS, anchor_row, anchor_fields),
	JSON_END,
};

struct model_row {
	const char *manufacturer;
};

static const struct json_field model_fields[] = {
	JSON_F_STR(model_row, manufacturer, LIMIT_SLUG, true),
	JSON_END,
};

static const struct option_row set_options[] = {
	{ "version", "N", "that it replaces; refused if it is another by now",
	    false },
	OPTIONS_END,
};

static const struct option_row show_options[] = {
	{ "version", "N", "an earlier one", false },
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row versions_options[] = {
	{ "after", "N", "only versions before this one", false },
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row test_options[] = {
	{ "model", "ID", "whose policy and whose maker's anchors these are",
	    false },
	{ "policy", "FILE", "instead of the model's, as for set", false },
	ATTEST_OPTIONS,
	OPTIONS_END,
};

static const char *
at(struct cli *cli, const char *method, const char *model, const char *rest)
{
	return arena_printf(cli->cx.arena, "%s /v1/admin/models/%s%s", method,
	    api_escape(&cli->cx, model), rest);
}

/* Sends JSON and says which version it made. */
static const struct err *
send_change(struct cli *cli, struct api_request *rq, const struct api_shape *in)
{
	struct policy_row row = { 0 };
	struct api_reply reply = { 0 };
	struct api api;
	const struct err *e = admin_api(cli, &api);

	rq->type = "application/json";
	if (e == NULL)
		e = json_write(&cli->cx, in->fields, in->data, &rq->body);
	if (e == NULL)
		e = api_send(&cli->cx, &api, rq, &reply);
	if (e == NULL)
		e = api_check(&cli->cx, &reply);
	if (e == NULL)
		e = json_read_open(&cli->cx, reply.body, policy_fields, &row);
	if (e == NULL)
		printf("model %s: policy of version %lld\n", cli->arg[0],
		    (long long)row.version);
	return e;
}

static const struct err *
run_set(struct cli *cli)
{
	const char *version = cli_option(cli, "version");
	struct api_request rq = { .method = "PUT" };
	struct policy_put put;
	struct bytes text;
	const struct err *e;

	e = disk_read(&cli->cx, cli->arg[1], LIMIT_BODY_POLICY, &text);
	if (e != NULL)
		return e;
	put.policy = bytes_to_str(cli->cx.arena, text);
	rq.path = strchr(at(cli, "PUT", cli->arg[0], "/policy"), ' ') + 1;
	if (version != NULL)
		rq.if_match = arena_printf(cli->cx.arena, "\"%s\"", version);
	return send_change(
	    cli, &rq, &(struct api_shape){ policy_put_fields, &put });
}

static const struct err *
run_endorse(struct cli *cli)
{
	struct api_request rq = { .method = "POST" };
	struct endorsement_put put;
	const struct err *e;

	e = disk_read(&cli->cx, cli->arg[1], ENDORSEMENTS_BYTES, &put.file);
	if (e != NULL)
		return e;
	rq.path =
	    strchr(at(cli, "POST", cli->arg[0], "/policy/endorsements"), ' ') +
	    1;
	return send_change(
	    cli, &rq, &(struct api_shape){ endorsement_put_fields, &put });
}

static const struct err *
run_show(struct cli *cli)
{
	const char *version = cli_option(cli, "version");
	struct policy_row row = { 0 };
	struct api_shape shape = { policy_fields, &row };
	const char *rest = "/policy";

	if (version != NULL)
		rest = arena_printf(cli->cx.arena, "/policy/versions/%s",
		    api_escape(&cli->cx, version));
	return admin_show(cli, at(cli, "GET", cli->arg[0], rest), &shape);
}

static const struct err *
run_versions(struct cli *cli)
{
	const char *const query[][2] = { { "after", cli_option(cli, "after") },
		{ NULL, NULL } };
	struct policy_list list = { { NULL, 0 } };
	struct api_shape shape = { list_fields, &list };

	return admin_show(cli,
	    admin_query(
		cli, at(cli, "GET", cli->arg[0], "/policy/versions"), query),
	    &shape);
}

/* The file's policy, or else the model's. */
static const struct err *
read_policy(struct cli *cli, struct question *q)
{
	const char *path = cli_option(cli, "policy");
	struct policy_row row = { .policy = NULL };
	struct api_shape shape = { policy_fields, &row };
	struct policy policy;
	struct bytes text;
	const struct err *e;

	if (path == NULL) {
		e = admin_call(cli,
		    at(cli, "GET", cli_option(cli, "model"), "/policy"), NULL,
		    &shape);
		if (e != NULL)
			return attest_unusable(cli, "--model");
		text = bytes_str(row.policy);
	} else if (disk_read(&cli->cx, path, LIMIT_BODY_POLICY, &text) !=
		   NULL) {
		return attest_unusable(cli, "--policy");
	}
	if (policy_parse(
		&cli->cx, bytes_to_str(cli->cx.arena, text), &policy) != NULL ||
	    (policy.evidence != NULL &&
		policy_json_read(
		    &cli->cx, bytes_str(policy.evidence), &q->policy) != NULL))
		return attest_unusable(cli, "--policy");
	return NULL;
}

/* As the service takes them: store/evidence. */
static bool
counts_at(const struct anchor_row *row, int64_t now)
{
	return row->valid_from <= now &&
	       (row->valid_until == 0 || now < row->valid_until);
}

static bool
read_anchor(
    struct cli *cli, const struct anchor_row *row, struct attest_anchor *out)
{
	bool is_key = row->public_key != NULL;
	struct bytes text =
	    bytes_str(is_key                     ? row->public_key
		      : row->certificate == NULL ? ""
						 : row->certificate);

	*out = (struct attest_anchor){
		.kind =
		    is_key                                  ? ANCHOR_PUBLIC_KEY
		    : strcmp(row->kind, "declaration") == 0 ? ANCHOR_DECLARATION
		    : strcmp(row->kind, "crl_signer") == 0  ? ANCHOR_CRL_SIGNER
							   : ANCHOR_CERTIFICATE,
		.id = row->key_id,
		.scope_spki_sha256 = row->intermediate_spki_sha256,
		.scope_vid = row->vendor_id == NULL
				 ? 0
				 : (uint16_t)strtol(row->vendor_id, NULL, 10),
		.in_hardware = row->in_hardware,
	};
	return pem_next(cli->cx.arena, &text,
		   is_key ? "PUBLIC KEY" : "CERTIFICATE",
		   &out->value) == PEM_BLOCK;
}

/* Those of the model's maker, where no file says any. */
static const struct err *
fetch_anchors(struct cli *cli, struct question *q)
{
	struct model_row model = { NULL };
	struct api_shape model_shape = { model_fields, &model };
	struct anchor_list list = { { NULL, 0 } };
	struct api_shape shape = { anchors_fields, &list };
	const struct anchor_row *row;
	const struct err *e;
	size_t i;

	e = admin_call(cli, at(cli, "GET", cli_option(cli, "model"), ""), NULL,
	    &model_shape);
	if (e == NULL)
		e = admin_call(cli,
		    arena_printf(cli->cx.arena,
			"GET /v1/admin/manufacturers/%s/anchors",
			api_escape(&cli->cx, model.manufacturer)),
		    NULL, &shape);
	if (e != NULL)
		return attest_unusable(cli, "--model");
	row = list.anchors.v;
	for (i = 0; i < list.anchors.n && q->basis.n_anchors < ANCHORS_MAX; i++)
		if (counts_at(&row[i], cli->cx.now) &&
		    read_anchor(cli, &row[i], &q->anchor[q->basis.n_anchors]))
			q->basis.n_anchors++;
	return NULL;
}

static const struct err *
run_test(struct cli *cli)
{
	struct question *q = arena_alloc(cli->cx.arena, sizeof(*q));
	bool has_model = cli_option(cli, "model") != NULL;
	const struct err *e;

	if (!has_model && cli_option(cli, "policy") == NULL)
		return fail(&cli->cx, &ERR_USAGE,
		    "--model ID or --policy FILE must be given");
	e = attest_read(cli, q);
	if (e == NULL)
		e = read_policy(cli, q);
	if (e == NULL && has_model && cli_option(cli, "anchors") == NULL)
		e = fetch_anchors(cli, q);
	return e != NULL ? e : attest_answer(cli, q, cli->arg[0]);
}

const struct command policy_commands[] = {
	{ "model policy set", "MODEL FILE",
	    "sets what is asked of a model's units", set_options, run_set,
	    "FILE is JSON: {\"key_protection\", \"require_same_network\", "
	    "\"clones\",\n\"enrollment\": {\"allowlist\", \"from\", "
	    "\"until\", \"units\", \"units_per_hour\"},\n\"evidence\": "
	    "{...}}, all optional, and all described in docs/attestation.md, "
	    "with\nthe members of evidence.  It counts from the next request "
	    "on, for what was\napproved before, too; `model policy test` shows "
	    "beforehand what it makes of\nevidence." },
	{ "model policy show", "MODEL", "shows it", show_options, run_show,
	    NULL },
	{ "model policy versions", "MODEL",
	    "shows who changed it and when, the newest first", versions_options,
	    run_versions, NULL },
	{ "model policy endorse", "MODEL FILE",
	    "adds the reference values of a CoRIM or CoMID", NULL, run_endorse,
	    NULL },
	{ "model policy test", "EVIDENCE",
	    "judges evidence under it, without the service's history",
	    test_options, run_test,
	    "With --model its stored policy, unless --policy says another, "
	    "and its maker's\nanchors, unless --anchors says others.  The "
	    "verdict and the exit status are as\nthose of `attest verify`." },
	{ .name = NULL },
};
