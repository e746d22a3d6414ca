#include "base/limits.h"
#include "domain/bootstrap.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

struct make_in {
	const char *manufacturer, *label, *batch, *after;
	struct json_strs serials;
	int64_t lifetime;
};

static const struct json_field make_fields[] = {
	JSON_F_STR(make_in, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(make_in, label, LIMIT_SLUG, true),
	JSON_F_STRS(make_in, serials, LIMIT_PAGE, LIMIT_SERIAL, false),
	JSON_F_STR(make_in, batch, LIMIT_NAME, false),
	JSON_F_STR(make_in, after, LIMIT_SERIAL, false),
	JSON_F_INT(make_in, lifetime, INT32_MAX, false),
	JSON_END,
};

static const struct json_field made_fields[] = {
	JSON_F_STR(bootstrap_made, id, 32, true),
	JSON_F_STR(bootstrap_made, password, 64, true),
	JSON_F_STR(bootstrap_made, serial, LIMIT_SERIAL, true),
	JSON_F_TIME(bootstrap_made, expires_at, true),
	JSON_END,
};

static const struct json_field mades_fields[] =
    ANSWER_PAGE("tokens", LIMIT_PAGE, bootstrap_made, made_fields);

static const struct json_field token_fields[] = {
	JSON_F_STR(bootstrap_row, id, 32, true),
	JSON_F_STR(bootstrap_row, label, LIMIT_SLUG, true),
	ANSWER_STR(
	    bootstrap_row, manufacturer_id, "manufacturer", LIMIT_SLUG, true),
	JSON_F_STR(bootstrap_row, serial, LIMIT_SERIAL, true),
	JSON_F_STR(bootstrap_row, state, 16, true),
	JSON_F_TIME(bootstrap_row, created_at, true),
	JSON_F_TIME(bootstrap_row, expires_at, true),
	JSON_F_TIME(bootstrap_row, used_at, false),
	JSON_END,
};

static const struct json_field tokens_fields[] =
    ANSWER_PAGE("tokens", LIMIT_PAGE, bootstrap_row, token_fields);

const struct err *
post_bootstrap_tokens(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct bootstrap_made *made;
	struct make_in in = { 0 };
	const struct err *e;

	e = json_read(cx, rq->body, make_fields, &in);
	if (e == NULL)
		e = bootstrap_make(cx, &rq->caller.admin,
		    &(struct bootstrap_in){ .manufacturer = in.manufacturer,
			.label = in.label,
			.serials = in.serials.v,
			.nserials = in.serials.n,
			.batch = in.batch,
			.after = in.after,
			.lifetime = in.lifetime },
		    &made, &page.rows.n, &page.next);
	if (e != NULL)
		return e;
	page.rows.v = made;
	return answer_json(cx, rs, 201, mades_fields, &page);
}

const struct err *
get_bootstrap_tokens(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct bootstrap_row *rows;
	struct page_query q;
	const struct err *e;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = bootstrap_page(cx,
		    &(struct bootstrap_query){ .after = q.after,
			.manufacturer_id = request_query(rq, "manufacturer"),
			.serial = request_query(rq, "serial"),
			.limit = q.limit },
		    &rows, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = rows;
	if (page_is_full(&q, page.rows.n))
		page.next = rows[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, tokens_fields, &page);
}

const struct err *
delete_bootstrap_token(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    bootstrap_end(cx, &rq->caller.admin, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
