#include "store/policy.h"

#include "base/arena.h"

static const struct stmt POLICY_GET = { "policy_get",
	"SELECT p.version, p.policy::text, "
	"extract(epoch FROM p.changed_at)::bigint, p.admin_token_id "
	"FROM model m JOIN model_policy p ON p.model_id = m.id AND "
	"p.version = CASE WHEN $2 = 0 THEN m.policy_version ELSE $2 END "
	"WHERE m.id = $1",
	2 };

static const struct stmt POLICY_LIST = { "policy_list",
	"SELECT version, NULL, extract(epoch FROM changed_at)::bigint, "
	"admin_token_id FROM model_policy WHERE model_id = $1 AND "
	"($2 = 0 OR version < $2) ORDER BY version DESC LIMIT $3",
	3 };

static const struct stmt POLICY_LOCK = { "policy_lock",
	"SELECT m.policy_version, p.policy IS NOT DISTINCT FROM $2::jsonb "
	"FROM model m LEFT JOIN model_policy p ON p.model_id = m.id AND "
	"p.version = m.policy_version WHERE m.id = $1 FOR NO KEY UPDATE OF m",
	2 };

static const struct stmt POLICY_ADD = { "policy_add",
	"WITH p AS (INSERT INTO model_policy (model_id, version, policy, "
	"admin_token_id) VALUES ($1, $2, $3::jsonb, $4)), "
	"anew AS (DELETE FROM admission USING model o WHERE "
	"model_id = $1 AND o.id = $1 AND "
	"o.policy <> $3::jsonb - 'evidence') "
	"UPDATE model SET policy_version = $2, "
	"policy = $3::jsonb - 'evidence', "
	"asks_evidence = $3::jsonb ? 'evidence' WHERE id = $1 "
	/* What csrattrs of its labels say changes with it. */
	"RETURNING pg_notify('latchkey_label', profile)",
	4 };

static const struct stmt POLICY_ENDORSED = { "policy_endorsed",
	"SELECT (p.policy || jsonb_build_object('evidence', "
	"coalesce(p.policy -> 'evidence', '{}') || "
	"jsonb_build_object('endorsements', "
	"coalesce(p.policy #> '{evidence,endorsements}', '[]') || "
	"to_jsonb($2::text))))::text "
	"FROM model m JOIN model_policy p ON p.model_id = m.id AND "
	"p.version = m.policy_version WHERE m.id = $1",
	2 };

static const struct stmt POLICY_EVIDENCE = { "policy_evidence",
	"SELECT p.version, (p.policy -> 'evidence')::text FROM model m "
	"JOIN model_policy p ON p.model_id = m.id AND "
	"p.version = CASE WHEN $2 = 0 THEN m.policy_version ELSE $2 END "
	"WHERE m.id = $1",
	2 };

static void
read_policy(struct ctx *cx, const struct rows *r, int i, struct policy_row *out)
{
	out->version = rows_int(r, i, 0);
	out->policy = rows_text(cx, r, i, 1);
	out->changed_at = rows_int(r, i, 2);
	out->admin_token_id = rows_text(cx, r, i, 3);
}

static ERR_FN
no_model(struct ctx *cx, const char *model_id)
{
	return fail(cx, &ERR_NOT_FOUND,
	    "no model %s, or no such version of "
	    "its policy",
	    model_id);
}

const struct err *
policy_get(struct ctx *cx, const char *model_id, int64_t version,
    struct policy_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &POLICY_GET, &r, DB_TEXT(model_id), DB_INT(version));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return no_model(cx, model_id);
	read_policy(cx, r, 0, out);
	return NULL;
}

const struct err *
policy_list(struct ctx *cx, const char *model_id, int64_t before, int64_t limit,
    struct policy_row **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &POLICY_LIST, &r, DB_TEXT(model_id),
	    DB_INT(before), DB_INT(limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_policy(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
policy_lock(struct ctx *cx, const char *model_id, const char *policy,
    int64_t *version, bool *same)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &POLICY_LOCK, &r, DB_TEXT(model_id), DB_TEXT(policy));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return no_model(cx, model_id);
	*version = rows_int(r, 0, 0);
	*same = rows_bool(r, 0, 1);
	return NULL;
}

const struct err *
policy_add(struct ctx *cx, const char *model_id, int64_t version,
    const char *policy, const char *admin_token_id)
{
	return DB_RUN(cx, &POLICY_ADD, NULL, DB_TEXT(model_id), DB_INT(version),
	    DB_TEXT(policy), DB_TEXT(admin_token_id));
}

const struct err *
policy_endorsed(struct ctx *cx, const char *model_id, const char *file_b64u,
    const char **policy)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &POLICY_ENDORSED, &r, DB_TEXT(model_id), DB_TEXT(file_b64u));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return no_model(cx, model_id);
	*policy = rows_text(cx, r, 0, 0);
	return NULL;
}

const struct err *
policy_evidence(struct ctx *cx, const char *model_id, int64_t version,
    const char **evidence, int64_t *is_version)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &POLICY_EVIDENCE, &r, DB_TEXT(model_id), DB_INT(version));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return no_model(cx, model_id);
	*is_version = rows_int(r, 0, 0);
	*evidence = rows_text(cx, r, 0, 1);
	return NULL;
}

const struct stmt *const policy_stmts[] = { &POLICY_GET, &POLICY_LIST,
	&POLICY_LOCK, &POLICY_ADD, &POLICY_ENDORSED, &POLICY_EVIDENCE, NULL };
