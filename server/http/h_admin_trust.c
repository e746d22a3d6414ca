#include <inttypes.h>

#include "base/arena.h"
#include "base/limits.h"
#include "domain/crl_fetch.h"
#include "domain/crls.h"
#include "domain/trust.h"
#include "http/answer.h"
#include "http/handlers.h"

#define PEM_MAX (8 * KIB)

static const struct json_field anchor_in_fields[] = {
	JSON_F_STR(anchor_in, certificate, PEM_MAX, false),
	JSON_F_STR(anchor_in, public_key, PEM_MAX, false),
	JSON_F_B64U(anchor_in, secret, LIMIT_SECRET, false),
	JSON_F_BOOL(anchor_in, in_hardware, false),
	JSON_F_STR(anchor_in, kind, 16, false),
	JSON_F_STR(anchor_in, intermediate, PEM_MAX, false),
	JSON_F_INT(anchor_in, vendor_id, UINT16_MAX, false),
	JSON_F_HEX(anchor_in, key_id, LIMIT_KEY_ID, false),
	JSON_F_TIME(anchor_in, valid_from, false),
	JSON_F_TIME(anchor_in, valid_until, false),
	JSON_END,
};

/* An anchor as operators see it. */
struct anchor_view {
	const char *id, *manufacturer, *kind, *subject;
	const char *certificate, *public_key; /* one at most */
	struct bytes sha256, spki_sha256, intermediate_spki_sha256, key_id;
	const char *vendor_id; /* decimal, or NULL */
	int64_t not_after, valid_from, valid_until, created_at;
	bool in_hardware;
};

static const struct json_field anchor_fields[] = {
	JSON_F_STR(anchor_view, id, 36, true),
	JSON_F_STR(anchor_view, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(anchor_view, kind, 16, true),
	JSON_F_STR(anchor_view, subject, LIMIT_NAME, true),
	JSON_F_HEX(anchor_view, sha256, 32, true),
	JSON_F_HEX(anchor_view, spki_sha256, 32, true),
	JSON_F_HEX(anchor_view, intermediate_spki_sha256, 32, false),
	JSON_F_RAW(anchor_view, vendor_id, 8, false),
	JSON_F_HEX(anchor_view, key_id, LIMIT_KEY_ID, false),
	JSON_F_BOOL(anchor_view, in_hardware, true),
	JSON_F_TIME(anchor_view, not_after, true),
	JSON_F_TIME(anchor_view, valid_from, false),
	JSON_F_TIME(anchor_view, valid_until, false),
	JSON_F_TIME(anchor_view, created_at, true),
	JSON_F_STR(anchor_view, certificate, PEM_MAX, false),
	JSON_F_STR(anchor_view, public_key, PEM_MAX, false),
	JSON_END,
};

static const struct json_field anchors_fields[] =
    ANSWER_PAGE("anchors", LIMIT_ANCHORS, anchor_view, anchor_fields);

static struct anchor_view
view_anchor(struct ctx *cx, const struct anchor *a)
{
	bool is_key = strcmp(a->kind, "public_key") == 0;
	const char *pem = trust_anchor_pem(cx, a);

	return (struct anchor_view){
		.id = a->id,
		.manufacturer = a->manufacturer_id,
		.kind = a->kind,
		.subject = a->subject,
		.certificate = is_key ? NULL : pem,
		.public_key = is_key ? pem : NULL,
		.sha256 = BYTES_OF(a->sha256),
		.spki_sha256 = BYTES_OF(a->spki_sha256),
		.intermediate_spki_sha256 = a->intermediate_spki_sha256,
		.vendor_id = a->vendor_id == 0 ? NULL
					       : arena_printf(cx->arena,
						     "%" PRId64, a->vendor_id),
		.key_id = a->key_id,
		.in_hardware = a->in_hardware,
		.not_after = a->not_after,
		.valid_from = a->valid_from,
		.valid_until = a->valid_until,
		.created_at = a->created_at,
	};
}

const struct err *
post_anchor(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct anchor_in in = { .manufacturer_id = rq->param[0] };
	struct anchor_view view;
	const struct err *e;
	struct anchor out;
	bool created;

	e = json_read(cx, rq->body, anchor_in_fields, &in);
	if (e == NULL)
		e = trust_add_anchor(
		    cx, &rq->caller.admin, &in, &out, &created);
	if (e != NULL)
		return e;
	view = view_anchor(cx, &out);
	return answer_json(cx, rs, created ? 201 : 200, anchor_fields, &view);
}

const struct err *
get_anchors(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct anchor_view *views;
	const struct err *e;
	struct anchor *all;
	size_t i;

	e = trust_list_anchors(cx, rq->param[0], &all, &page.rows.n);
	if (e != NULL)
		return e;
	views = arena_alloc(cx->arena, page.rows.n * sizeof(*views));
	for (i = 0; i < page.rows.n; i++)
		views[i] = view_anchor(cx, &all[i]);
	page.rows.v = views;
	return answer_json(cx, rs, 200, anchors_fields, &page);
}

const struct err *
delete_anchor(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e = trust_delete_anchor(
	    cx, &rq->caller.admin, rq->param[0], rq->param[1]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

static const struct json_field crl_in_fields[] = {
	JSON_F_STR(crl_in, crl, LIMIT_BODY_CRL, true),
	JSON_F_STR(crl_in, issuer, PEM_MAX, false),
	JSON_END,
};

/* A list as operators see it. */
struct crl_view {
	const char *id, *manufacturer, *issuer, *url;
	struct bytes sha256;
	int64_t entries, this_update, next_update, created_at;
};

static const struct json_field crl_fields[] = {
	JSON_F_STR(crl_view, id, 36, true),
	JSON_F_STR(crl_view, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(crl_view, issuer, LIMIT_NAME, true),
	JSON_F_HEX(crl_view, sha256, 32, true),
	JSON_F_INT(crl_view, entries, 0, true),
	JSON_F_TIME(crl_view, this_update, true),
	JSON_F_TIME(crl_view, next_update, false),
	JSON_F_STR(crl_view, url, LIMIT_URL, false),
	JSON_F_TIME(crl_view, created_at, true),
	JSON_END,
};

static const struct json_field crls_fields[] =
    ANSWER_PAGE("crls", LIMIT_MAKER_CRLS, crl_view, crl_fields);

static struct crl_view
view_crl(const struct crl_row *c)
{
	return (struct crl_view){ .id = c->id,
		.manufacturer = c->manufacturer_id,
		.issuer = c->issuer,
		.url = c->url,
		.sha256 = BYTES_OF(c->sha256),
		.entries = c->entries,
		.this_update = c->this_update,
		.next_update = c->next_update,
		.created_at = c->created_at };
}

const struct err *
post_crl(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct crl_in in = { .manufacturer_id = rq->param[0] };
	struct crl_view view;
	const struct err *e;
	struct crl_row out;
	bool created;

	e = json_read(cx, rq->body, crl_in_fields, &in);
	if (e == NULL)
		e = crls_add(cx, &rq->caller.admin, &in, &out, &created);
	if (e != NULL)
		return e;
	view = view_crl(&out);
	return answer_json(cx, rs, created ? 201 : 200, crl_fields, &view);
}

const struct err *
get_crls(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct crl_view *views;
	const struct err *e;
	struct crl_row *all;
	size_t i;

	e = crls_list(cx, rq->param[0], &all, &page.rows.n);
	if (e != NULL)
		return e;
	views = arena_alloc(cx->arena, page.rows.n * sizeof(*views));
	for (i = 0; i < page.rows.n; i++)
		views[i] = view_crl(&all[i]);
	page.rows.v = views;
	return answer_json(cx, rs, 200, crls_fields, &page);
}

const struct err *
delete_crl(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    crls_delete(cx, &rq->caller.admin, rq->param[0], rq->param[1]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

static const struct json_field source_in_fields[] = {
	JSON_F_STR(crl_source_in, url, LIMIT_URL, true),
	JSON_F_INT(crl_source_in, every, INT32_MAX, false),
	JSON_F_STR(crl_source_in, issuer, PEM_MAX, false),
	JSON_END,
};

static const struct json_field source_fields[] = {
	JSON_F_STR(crl_source, id, 36, true),
	ANSWER_STR(
	    crl_source, manufacturer_id, "manufacturer", LIMIT_SLUG, true),
	JSON_F_STR(crl_source, url, LIMIT_URL, true),
	JSON_F_INT(crl_source, every, 0, true),
	JSON_F_TIME(crl_source, fetched_at, false),
	JSON_F_TIME(crl_source, failed_at, false),
	JSON_F_STR(crl_source, failure, LIMIT_BODY_SMALL, false),
	JSON_END,
};

static const struct json_field sources_fields[] =
    ANSWER_PAGE("crl_sources", LIMIT_MAKER_CRLS, crl_source, source_fields);

const struct err *
post_crl_source(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct crl_source_in in = { .manufacturer_id = rq->param[0] };
	struct crl_source out;
	const struct err *e;
	bool created;

	e = json_read(cx, rq->body, source_in_fields, &in);
	if (e == NULL)
		e = crl_source_set(cx, &rq->caller.admin, &in, &out, &created);
	if (e != NULL)
		return e;
	return answer_json(cx, rs, created ? 201 : 200, source_fields, &out);
}

const struct err *
get_crl_sources(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct crl_source *all;
	const struct err *e;

	e = crl_sources(cx, rq->param[0], &all, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = all;
	return answer_json(cx, rs, 200, sources_fields, &page);
}

const struct err *
delete_crl_source(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e = crl_source_remove(
	    cx, &rq->caller.admin, rq->param[0], rq->param[1]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
