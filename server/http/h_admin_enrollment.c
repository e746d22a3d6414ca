#include "base/limits.h"
#include "domain/record.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

#define ROW_FIELDS                                                        \
	JSON_F_STR(record_row, id, 36, true),                             \
	    JSON_F_STR(record_row, at, 32, true),                         \
	    JSON_F_STR(record_row, state, 16, true),                      \
	    ANSWER_STR(record_row, model_id, "model", LIMIT_SLUG, false), \
	    JSON_F_STR(record_row, serial, LIMIT_SERIAL, false),          \
	    JSON_F_STR(record_row, device_id, 36, false),                 \
	    JSON_F_STR(record_row, code, LIMIT_SLUG, false)

static const struct json_field row_fields[] = { ROW_FIELDS, JSON_END };

static const struct json_field page_fields[] =
    ANSWER_PAGE("enrollments", LIMIT_PAGE, record_row, row_fields);

static const struct json_field step_fields[] = {
	JSON_F_STR(record_words, at, 32, true),
	JSON_F_STR(record_words, kind, LIMIT_SLUG, true),
	JSON_F_STR(record_words, result, 16, true),
	JSON_F_STR(record_words, words, LIMIT_NAME, true),
	JSON_F_STR(record_words, code, LIMIT_SLUG, false),
	JSON_F_STR(record_words, detail, 4 * KIB, false),
	JSON_F_STR(record_words, request_id, 64, false),
	JSON_END,
};

/* A record as operators see it; the view first, so that its row's fields
 * hold. */
struct enrollment_view {
	struct record_view v;
	struct json_list steps;
};

static const struct json_field record_fields[] = {
	ROW_FIELDS,
	JSON_F_STR(record_row, approval_id, 36, false),
	JSON_F_STR(record_row, request_id, 64, false),
	JSON_F_STR(record_row, owner_id, 36, false),
	JSON_F_STR(record_row, label, LIMIT_SLUG, false),
	JSON_F_HEX(record_row, key_sha256, 32, false),
	JSON_F_STR(record_row, certificate_serial, 64, false),
	JSON_F_STR(record_row, expires_at, 32, false),
	JSON_F_STR(record_view, reason_code, LIMIT_SLUG, false),
	JSON_F_STR(record_view, hint, 1 * KIB, true),
	JSON_F_LIST(enrollment_view, steps, RECORD_STEPS_MOST, record_words,
	    step_fields),
	JSON_END,
};

const struct err *
get_enrollments(struct ctx *cx, struct request *rq, struct reply *rs)
{
	static const char *const known[] = { "device", "model", "state", "from",
		"to", "after", "limit", NULL };
	struct answer_page page = { .next = NULL };
	struct record_query query;
	struct record_page found;
	struct page_query q;
	const struct err *e = page_known(cx, rq, known);

	if (e == NULL)
		e = page_query(cx, rq, &q);
	if (e != NULL)
		return e;
	query = (struct record_query){
		.device_id = request_query(rq, "device"),
		.model_id = request_query(rq, "model"),
		.state = request_query(rq, "state"),
		.after = q.after,
		.limit = q.limit,
	};
	e = page_time(cx, rq, "from", &query.from);
	if (e == NULL)
		e = page_time(cx, rq, "to", &query.to);
	if (e == NULL)
		e = record_find(cx, &query, &found);
	if (e != NULL)
		return e;
	page = (struct answer_page){ { found.v, found.n }, found.next };
	return answer_json(cx, rs, 200, page_fields, &page);
}

static ERR_FN
reply_record(struct ctx *cx, struct reply *rs, const struct record_view *v)
{
	struct enrollment_view view = { *v, { v->steps, v->n_steps } };

	return answer_json(cx, rs, 200, record_fields, &view);
}

const struct err *
get_enrollment(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct record_view v;
	const struct err *e = record_show(cx, rq->param[0], &v);

	return e != NULL ? e : reply_record(cx, rs, &v);
}

struct lookup_in {
	const char *user_code;
};

static const struct json_field lookup_fields[] = {
	JSON_F_STR(lookup_in, user_code, 32, true),
	JSON_END,
};

/* In the body: codes stand in no URL (SECURITY.md P1). */
const struct err *
post_enrollment_lookup(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	struct record_view v;
	struct lookup_in in;

	e = json_read(cx, rq->body, lookup_fields, &in);
	if (e == NULL)
		e = record_show_code(cx, in.user_code, &v);
	return e != NULL ? e : reply_record(cx, rs, &v);
}
