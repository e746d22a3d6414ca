#include "base/limits.h"
#include "domain/client.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

#define CLIENT_PAGE 20 /* clients of one answer */

#define CLIENT_FIELDS                                                          \
	JSON_F_STR(client_view, name, LIMIT_NAME, true),                       \
	    JSON_F_STRS(                                                       \
		client_view, redirect_uris, CLIENT_URIS, CLIENT_URI, true),    \
	    JSON_F_STRS(client_view, origins, CLIENT_URIS, CLIENT_URI, false), \
	    JSON_F_STRS(                                                       \
		client_view, android_apps, CLIENT_URIS, CLIENT_URI, false),    \
	    JSON_F_STRS(                                                       \
		client_view, ios_apps, CLIENT_URIS, CLIENT_URI, false),        \
	    JSON_F_STR(client_view, scope, 64, true),                          \
	    JSON_F_STR(client_view, key, KIB, false),                          \
	    JSON_F_BOOL(client_view, introspects, false)

static const struct json_field client_in_fields[] = {
	CLIENT_FIELDS,
	JSON_END,
};

static const struct json_field client_fields[] = {
	JSON_F_STR(client_view, id, LIMIT_SLUG, true),
	CLIENT_FIELDS,
	JSON_F_TIME(client_view, created_at, false),
	JSON_END,
};

static const struct json_field clients_fields[] =
    ANSWER_PAGE("clients", CLIENT_PAGE, client_view, client_fields);

const struct err *
put_client(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct client_view in = { .id = rq->param[0] };
	const struct err *e;
	bool created;

	e = json_read(cx, rq->body, client_in_fields, &in);
	if (e == NULL)
		e = client_set(cx, &rq->caller.admin, &in, &created);
	if (e != NULL)
		return e;
	return answer_json(cx, rs, created ? 201 : 200, client_fields, &in);
}

const struct err *
get_client(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct client_view view;
	const struct err *e = client_show(cx, rq->param[0], &view);

	return e != NULL ? e : answer_json(cx, rs, 200, client_fields, &view);
}

const struct err *
get_clients(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct client_view *views;
	struct page_query q;
	const struct err *e;

	e = page_query(cx, rq, &q);
	if (e == NULL && q.limit > CLIENT_PAGE)
		q.limit = CLIENT_PAGE;
	if (e == NULL)
		e = client_page(cx, q.after, q.limit, &views, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = views;
	if (page_is_full(&q, page.rows.n))
		page.next = views[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, clients_fields, &page);
}

const struct err *
delete_client(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    client_remove(cx, &rq->caller.admin, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
