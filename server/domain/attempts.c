#include "domain/attempts.h"

#include "attest/verdict_json.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "domain/ownership.h"

static ERR_FN
check_query(struct ctx *cx, const struct verdict_query *q)
{
	size_t n = q->birth_id == NULL ? 1 : strlen(q->birth_id);

	if (q->after != NULL && !audit_cursor_valid(q->after))
		return fail(cx, &ERR_BAD_REQUEST,
		    "after: must be the next of the page before");
	if (q->device_id != NULL && !text_is_uuid(bytes_str(q->device_id)))
		return fail(
		    cx, &ERR_BAD_REQUEST, "device: no UUID in lower case");
	if (n == 0 || n > 18 ||
	    (q->birth_id != NULL && strspn(q->birth_id, "0123456789") != n))
		return fail(
		    cx, &ERR_BAD_REQUEST, "unit: the number of a birth");
	return NULL;
}

const struct err *
attempts_list(struct ctx *cx, const struct verdict_query *q,
    struct verdict_row **out, size_t *n)
{
	const struct err *e = check_query(cx, q);

	return e != NULL ? e : verdict_list(cx, q, out, n);
}

const struct err *
attempts_get(struct ctx *cx, const char *id, struct verdict_row *out)
{
	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "not an attempt's id");
	return verdict_get(cx, id, out);
}

/* Words without codes and without what only the operator can use. */
static ERR_FN
read_words(
    struct ctx *cx, const struct verdict_row *r, struct attempt_words *out)
{
	struct verdict *v = arena_alloc(cx->arena, sizeof(*v));
	const struct err *e = verdict_json_read(cx, bytes_str(r->verdict), v);
	size_t i;

	if (e != NULL)
		return e;
	*out = (struct attempt_words){ .id = r->id,
		.at = r->at,
		.grade = grade_name(v->grade),
		.accepted = r->accepted,
		.words = arena_alloc(
		    cx->arena, LIMIT_FINDINGS * sizeof(*out->words)) };
	for (i = 0; i < v->n_findings; i++)
		if (v->finding[i].severity != FINDING_NOTE)
			out->words[out->n_words++] = v->finding[i].words;
	return NULL;
}

const struct err *
attempts_of_owner(struct ctx *cx, const struct owner_caller *owner,
    const struct verdict_query *q, struct attempt_words **out, size_t *n,
    const char **next)
{
	struct verdict_row *rows;
	const struct err *e;
	struct device d;
	size_t i;

	e = ownership_get(cx, owner, q->device_id, &d);
	if (e == NULL)
		e = check_query(cx, q);
	if (e == NULL)
		e = verdict_list_owner(cx, owner->owner_id, q, &rows, n);
	if (e != NULL)
		return e;
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n && e == NULL; i++)
		e = read_words(cx, &rows[i], &(*out)[i]);
	*next = *n > 0 ? rows[*n - 1].cursor : NULL;
	return e;
}
