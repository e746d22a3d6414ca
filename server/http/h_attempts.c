#include "base/arena.h"
#include "base/limits.h"
#include "domain/attempts.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

/* An owner's page is judged in memory: of full verdicts, so few. */
#define OWNER_PAGE 20

#define ATTEMPT_FIELDS                                                     \
	JSON_F_STR(verdict_row, id, 36, true),                             \
	    JSON_F_STR(verdict_row, at, 32, true),                         \
	    ANSWER_STR(verdict_row, manufacturer_id, "manufacturer",       \
		LIMIT_SLUG, false),                                        \
	    ANSWER_STR(verdict_row, model_id, "model", LIMIT_SLUG, false), \
	    JSON_F_INT(verdict_row, policy_version, 0, true),              \
	    ANSWER_STR(verdict_row, birth_id, "unit", 20, false),          \
	    JSON_F_STR(verdict_row, device_id, 36, false),                 \
	    JSON_F_STR(verdict_row, format, 16, false),                    \
	    JSON_F_BOOL(verdict_row, accepted, true)

static const struct json_field row_fields[] = {
	ATTEMPT_FIELDS,
	JSON_END,
};

static const struct json_field attempt_fields[] = {
	ATTEMPT_FIELDS,
	JSON_F_RAW(verdict_row, verdict, 256 * KIB, true),
	JSON_END,
};

static const struct json_field page_fields[] =
    ANSWER_PAGE("attestations", LIMIT_PAGE, verdict_row, row_fields);

struct words_view {
	struct attempt_words a;
	struct json_strs words;
};

static const struct json_field words_fields[] = {
	JSON_F_STR(attempt_words, id, 36, true),
	JSON_F_STR(attempt_words, at, 32, true),
	JSON_F_BOOL(attempt_words, accepted, true),
	JSON_F_STR(attempt_words, grade, 16, true),
	JSON_F_STRS(words_view, words, LIMIT_FINDINGS, 4096, true),
	JSON_END,
};

static const struct json_field words_page_fields[] =
    ANSWER_PAGE("attestations", OWNER_PAGE, words_view, words_fields);

const struct err *
get_attempts(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct verdict_query query;
	struct verdict_row *v;
	struct page_query q;
	const struct err *e;

	e = page_query(cx, rq, &q);
	if (e != NULL)
		return e;
	query = (struct verdict_query){
		.device_id = request_query(rq, "device"),
		.birth_id = request_query(rq, "unit"),
		.model_id = request_query(rq, "model"),
		.after = q.after,
		.limit = q.limit,
	};
	e = attempts_list(cx, &query, &v, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = v;
	if (page_is_full(&q, page.rows.n))
		page.next = v[page.rows.n - 1].cursor;
	return answer_json(cx, rs, 200, page_fields, &page);
}

const struct err *
get_attempt(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct verdict_row v;
	const struct err *e = attempts_get(cx, rq->param[0], &v);

	return e != NULL ? e : answer_json(cx, rs, 200, attempt_fields, &v);
}

const struct err *
get_device_attempts(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct verdict_query query = { .device_id = rq->param[0] };
	struct answer_page page = { .next = NULL };
	struct words_view *views;
	struct attempt_words *a;
	struct page_query q;
	const struct err *e;
	const char *next;
	size_t i;

	e = page_query(cx, rq, &q);
	if (e != NULL)
		return e;
	if (q.limit > OWNER_PAGE)
		q.limit = OWNER_PAGE;
	query.after = q.after;
	query.limit = q.limit;
	e = attempts_of_owner(
	    cx, &rq->caller.owner, &query, &a, &page.rows.n, &next);
	if (e != NULL)
		return e;
	page.rows.v = views =
	    arena_alloc(cx->arena, (page.rows.n + 1) * sizeof(*views));
	for (i = 0; i < page.rows.n; i++)
		views[i] =
		    (struct words_view){ a[i], { a[i].words, a[i].n_words } };
	if (page_is_full(&q, page.rows.n))
		page.next = next;
	return answer_json(cx, rs, 200, words_page_fields, &page);
}
