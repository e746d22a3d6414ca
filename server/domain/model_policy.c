#include "domain/model_policy.h"

#include "attest/policy_json.h"
#include "base/arena.h"
#include "base/limits.h"
#include "codec/policy.h"
#include "store/event.h"

const struct err ERR_POLICY_CHANGED = { KIND_STALE, "policy-changed",
	"The policy has another version by now: read it and try again." };

const struct err *
model_policy_check(struct ctx *cx, const char *text)
{
	struct attest_policy *evidence =
	    arena_alloc(cx->arena, sizeof(*evidence));
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_POLICY_ARENA);
	struct ctx wide = *cx;
	struct policy policy;
	const struct err *e;

	if (strlen(text) > LIMIT_POLICY)
		return fail(
		    cx, &ERR_BAD_POLICY, "policy: over %d bytes", LIMIT_POLICY);
	e = policy_parse(cx, text, &policy);
	if (e != NULL || policy.evidence == NULL)
		return e;
	wide.arena = scratch;
	e = policy_json_read(&wide, bytes_str(policy.evidence), evidence);
	if (e != NULL)
		cx->reason = arena_strdup(cx->arena, wide.reason);
	return e;
}

const struct err *
model_policy_store(struct ctx *cx, const struct admin_caller *by,
    const struct policy_change *change, bool *changed)
{
	const struct err *e;
	int64_t version;
	bool same;

	*changed = false;
	e = policy_lock(cx, change->model_id, change->policy, &version, &same);
	if (e != NULL)
		return e;
	if (change->from_version != 0 && change->from_version != version)
		return fail(cx, &ERR_POLICY_CHANGED,
		    "the policy of model %s is of version %lld",
		    change->model_id, (long long)version);
	if (same)
		return NULL;
	*changed = true;
	e = policy_add(
	    cx, change->model_id, version + 1, change->policy, by->token_id);
	if (e != NULL || version == 0)
		return e;
	return event_add(
	    cx, &(struct event){ .kind = "model.policy_changed",
		    .admin_token_id = by->token_id,
		    .detail = arena_printf(cx->arena, "%s, version %lld",
			change->model_id, (long long)version + 1) });
}

const struct err *
model_policy_put(struct ctx *cx, const struct admin_caller *by,
    const struct policy_change *change, struct policy_row *out)
{
	const struct err *e = model_policy_check(cx, change->policy);
	bool changed;
	TX tx = { 0 };

	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = model_policy_store(cx, by, change, &changed);
	if (e == NULL)
		e = policy_get(cx, change->model_id, 0, out);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
model_policy_endorse(struct ctx *cx, const struct admin_caller *by,
    const char *model_id, struct bytes file, struct policy_row *out)
{
	struct policy_change change = { .model_id = model_id };
	struct policy_row now;
	const struct err *e = policy_get(cx, model_id, 0, &now);

	change.from_version = now.version;
	if (e == NULL)
		e = policy_endorsed(
		    cx, model_id, bytes_b64u(cx->arena, file), &change.policy);
	return e != NULL ? e : model_policy_put(cx, by, &change, out);
}

/* A version's number: 18 digits at most. */
static ERR_FN
read_version(struct ctx *cx, const char *text, int64_t *out)
{
	size_t n = text == NULL ? 0 : strlen(text);

	*out = 0;
	if (text == NULL)
		return NULL;
	if (n == 0 || n > 18 || strspn(text, "0123456789") != n || *text == '0')
		return fail(cx, &ERR_NOT_FOUND, "no version %s", text);
	*out = strtoll(text, NULL, 10);
	return NULL;
}

const struct err *
model_policy_get(struct ctx *cx, const char *model_id, const char *version,
    struct policy_row *out)
{
	int64_t number;
	const struct err *e = read_version(cx, version, &number);

	return e != NULL ? e : policy_get(cx, model_id, number, out);
}

const struct err *
model_policy_list(struct ctx *cx, const char *model_id, const struct page *page,
    struct policy_row **out, size_t *n)
{
	const struct err *e;
	struct model m;
	int64_t before;

	e = read_version(cx, page->after, &before);
	if (e == NULL)
		e = registry_get_model(cx, model_id, &m);
	return e != NULL
		   ? e
		   : policy_list(cx, model_id, before, page->limit, out, n);
}
