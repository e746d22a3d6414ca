#include "base/arena.h"
#include "base/limits.h"
#include "domain/service.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

/* A service as operators see it. */
struct service_view {
	const char *name;
	struct json_strs publish, subscribe, ra_labels;
	bool withdrawn;
	int64_t created_at;
};

#define TOPIC_FIELDS                                                         \
	JSON_F_STRS(service_view, publish, LIMIT_TOPICS, LIMIT_TOPIC, true), \
	    JSON_F_STRS(                                                     \
		service_view, subscribe, LIMIT_TOPICS, LIMIT_TOPIC, true),   \
	    JSON_F_STRS(                                                     \
		service_view, ra_labels, LIMIT_TOPICS, LIMIT_SLUG, false)

static const struct json_field service_in_fields[] = {
	TOPIC_FIELDS,
	JSON_END,
};

static const struct json_field service_fields[] = {
	JSON_F_STR(service_view, name, LIMIT_SLUG, true),
	TOPIC_FIELDS,
	JSON_F_BOOL(service_view, withdrawn, true),
	JSON_F_TIME(service_view, created_at, false),
	JSON_END,
};

static const struct json_field services_fields[] =
    ANSWER_PAGE("services", LIMIT_SERVICE_PAGE, service_view, service_fields);

struct csr_in {
	struct bytes csr;
};

static const struct json_field csr_fields[] = {
	JSON_F_B64U(csr_in, csr, LIMIT_CSR, true),
	JSON_END,
};

static const struct json_field issued_fields[] = {
	JSON_F_STR(service_issued, certificate, LIMIT_BODY_EST, true),
	JSON_F_STR(service_issued, chain, LIMIT_BODY_EST, true),
	JSON_END,
};

const struct err *
put_service(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct service_view view = { .name = rq->param[0] };
	const struct err *e;
	struct service in;
	bool created;

	e = json_read(cx, rq->body, service_in_fields, &view);
	if (e != NULL)
		return e;
	in = (struct service){
		.name = view.name,
		.publish = { view.publish.v, view.publish.n },
		.subscribe = { view.subscribe.v, view.subscribe.n },
		.ra_labels = { view.ra_labels.v, view.ra_labels.n },
	};
	e = service_set(cx, &rq->caller.admin, &in, &created);
	if (e != NULL)
		return e;
	return answer_json(cx, rs, created ? 201 : 200, service_fields, &view);
}

const struct err *
get_services(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct service_view *views;
	struct page_query q;
	const struct err *e;
	struct service *s;
	size_t i;

	e = page_query(cx, rq, &q);
	if (q.limit > LIMIT_SERVICE_PAGE)
		q.limit = LIMIT_SERVICE_PAGE;
	if (e == NULL)
		e = service_page(cx, q.after, q.limit, &s, &page.rows.n);
	if (e != NULL)
		return e;
	views = arena_alloc(cx->arena, page.rows.n * sizeof(*views));
	for (i = 0; i < page.rows.n; i++)
		views[i] = (struct service_view){
			.name = s[i].name,
			.publish = { s[i].publish.v, s[i].publish.n },
			.subscribe = { s[i].subscribe.v, s[i].subscribe.n },
			.ra_labels = { s[i].ra_labels.v, s[i].ra_labels.n },
			.withdrawn = s[i].withdrawn,
			.created_at = s[i].created_at,
		};
	page.rows.v = views;
	if (page.rows.n == (size_t)q.limit)
		page.next = s[page.rows.n - 1].name;
	return answer_json(cx, rs, 200, services_fields, &page);
}

const struct err *
post_service_certificate(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct service_issued out;
	const struct err *e;
	struct csr_in in;

	e = json_read(cx, rq->body, csr_fields, &in);
	if (e == NULL)
		e = service_issue(
		    cx, &rq->caller.admin, rq->param[0], in.csr, &out);
	return e != NULL ? e : answer_json(cx, rs, 201, issued_fields, &out);
}

const struct err *
delete_service(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    service_remove(cx, &rq->caller.admin, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
