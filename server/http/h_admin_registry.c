#include "base/arena.h"
#include "base/limits.h"
#include "domain/registry.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

#define PEM_MAX (8 * KIB)

static const struct json_field manufacturer_in_fields[] = {
	JSON_F_STR(manufacturer_in, name, LIMIT_NAME, true),
	JSON_F_RAW(manufacturer_in, frozen, 8, false),
	JSON_END,
};

static const struct json_field manufacturer_fields[] = {
	JSON_F_STR(manufacturer, id, LIMIT_SLUG, true),
	JSON_F_STR(manufacturer, name, LIMIT_NAME, true),
	JSON_F_BOOL(manufacturer, frozen, true),
	JSON_F_TIME(manufacturer, created_at, true),
	JSON_END,
};

static const struct json_field manufacturers_fields[] =
    ANSWER_PAGE("manufacturers", LIMIT_PAGE, manufacturer, manufacturer_fields);

/* A model as operators see it; the model first, so that its own rows hold. */
struct model_view {
	struct model model;
	struct json_strs labels;
};

#define LABELS_FIELD \
	JSON_F_STRS(model_view, labels, LIMIT_MODEL_LABELS, LIMIT_SLUG, false)

static const struct json_field model_in_fields[] = {
	LABELS_FIELD,
	ANSWER_STR(model, manufacturer_id, "manufacturer", LIMIT_SLUG, true),
	JSON_F_STR(model, name, LIMIT_NAME, true),
	JSON_F_STR(model, client_id, LIMIT_SLUG, false),
	JSON_F_STR(model, profile, LIMIT_SLUG, false),
	JSON_F_RAW(model, policy, LIMIT_POLICY, false),
	JSON_F_STR(model, status, 16, false),
	JSON_F_STR(model, support_until, 10, false),
	JSON_F_STR(model, contact_updates, LIMIT_NAME, false),
	JSON_F_STR(model, contact_vulnerabilities, LIMIT_NAME, false),
	JSON_END,
};

static const struct json_field model_fields[] = {
	JSON_F_STR(model, id, LIMIT_SLUG, true),
	ANSWER_STR(model, manufacturer_id, "manufacturer", LIMIT_SLUG, true),
	JSON_F_STR(model, name, LIMIT_NAME, true),
	JSON_F_STR(model, client_id, LIMIT_SLUG, true),
	JSON_F_STR(model, profile, LIMIT_SLUG, true),
	LABELS_FIELD,
	JSON_F_RAW(model, policy, 2 * LIMIT_POLICY, true),
	JSON_F_INT(model, policy_version, 0, true),
	JSON_F_STR(model, status, 16, true),
	JSON_F_STR(model, support_until, 10, false),
	JSON_F_STR(model, contact_updates, LIMIT_NAME, false),
	JSON_F_STR(model, contact_vulnerabilities, LIMIT_NAME, false),
	JSON_F_TIME(model, created_at, true),
	JSON_END,
};

static const struct json_field models_fields[] =
    ANSWER_PAGE("models", LIMIT_PAGE, model_view, model_fields);

static const struct json_field birth_fields[] = {
	JSON_F_STR(birth_row, id, 20, true),
	JSON_F_STR(birth_row, serial, LIMIT_SERIAL, false),
	ANSWER_STR(birth_row, model_id, "model", LIMIT_SLUG, true),
	JSON_F_STR(birth_row, batch, LIMIT_NAME, false),
	JSON_F_STR(birth_row, made_at, 32, false),
	JSON_F_STR(birth_row, boot_test, LIMIT_NAME, false),
	JSON_F_HEX(birth_row, key_sha256, 32, false),
	JSON_F_HEX(birth_row, ueid, LIMIT_UEID, false),
	JSON_F_HEX(birth_row, ek_sha256, 32, false),
	JSON_F_STR(birth_row, dac_subject, LIMIT_NAME, false),
	JSON_F_HEX(birth_row, certificate_sha256, 32, false),
	JSON_F_HEX(birth_row, pinned_key_sha256, 32, false),
	JSON_F_TIME(birth_row, pinned_at, false),
	JSON_F_TIME(birth_row, opened_at, false),
	JSON_F_BOOL(birth_row, claim_code, true),
	JSON_F_BOOL(birth_row, quarantined, true),
	JSON_F_BOOL(birth_row, lost, true),
	JSON_F_BOOL(birth_row, revoked, true),
	JSON_F_BOOL(birth_row, decommissioned, true),
	JSON_F_STR(birth_row, device_id, 36, false),
	JSON_END,
};

static const struct json_field births_fields[] =
    ANSWER_PAGE("births", LIMIT_PAGE, birth_row, birth_fields);

static const struct json_field owner_in_fields[] = {
	JSON_F_STR(owner_in, name, LIMIT_NAME, true),
	JSON_F_STR(owner_in, app_key, PEM_MAX, true),
	JSON_END,
};

static const struct json_field owner_fields[] = {
	JSON_F_STR(owner, id, 36, true),
	JSON_F_STR(owner, name, LIMIT_NAME, true),
	JSON_F_BOOL(owner, disabled, true),
	JSON_F_TIME(owner, created_at, true),
	JSON_END,
};

static const struct json_field owners_fields[] =
    ANSWER_PAGE("owners", LIMIT_PAGE, owner, owner_fields);

static ERR_FN
reply_manufacturer(struct ctx *cx, struct reply *rs, int status, const char *id)
{
	struct manufacturer m;
	const struct err *e = registry_get_manufacturer(cx, id, &m);

	if (e != NULL)
		return e;
	return answer_json(cx, rs, status, manufacturer_fields, &m);
}

const struct err *
put_manufacturer(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct manufacturer_in in = { .id = rq->param[0] };
	const struct err *e;
	bool created = false;

	e = json_read(cx, rq->body, manufacturer_in_fields, &in);
	if (e == NULL)
		e = registry_put_manufacturer(
		    cx, &rq->caller.admin, &in, &created);
	if (e != NULL)
		return e;
	return reply_manufacturer(cx, rs, created ? 201 : 200, in.id);
}

const struct err *
get_manufacturer(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return reply_manufacturer(cx, rs, 200, rq->param[0]);
}

const struct err *
get_manufacturers(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct manufacturer *m;
	struct page_query q;
	const struct err *e;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = registry_list_manufacturers(
		    cx, &(struct page){ q.after, q.limit }, &m, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = m;
	if (page_is_full(&q, page.rows.n))
		page.next = m[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, manufacturers_fields, &page);
}

static struct model_view
view_model(const struct model *m)
{
	return (struct model_view){ *m, { m->labels, m->n_labels } };
}

static ERR_FN
reply_model(struct ctx *cx, struct reply *rs, int status, const char *id)
{
	struct model_view view;
	struct model m;
	const struct err *e = registry_get_model(cx, id, &m);

	if (e != NULL)
		return e;
	view = view_model(&m);
	return answer_json(cx, rs, status, model_fields, &view);
}

const struct err *
put_model(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct model_view in = { .model = { .id = rq->param[0] } };
	const struct err *e;
	bool created = false;

	e = json_read(cx, rq->body, model_in_fields, &in);
	in.model.labels = in.labels.v;
	in.model.n_labels = in.labels.n;
	if (e == NULL)
		e = registry_put_model(
		    cx, &rq->caller.admin, &in.model, &created);
	if (e != NULL)
		return e;
	return reply_model(cx, rs, created ? 201 : 200, in.model.id);
}

const struct err *
get_model(struct ctx *cx, struct request *rq, struct reply *rs)
{
	/* Its policy, as it is stored, as text and as the answer. */
	arena_raise(cx->arena, 16 * LIMIT_POLICY);
	return reply_model(cx, rs, 200, rq->param[0]);
}

const struct err *
get_models(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct model_view *views;
	struct page_query q;
	const struct err *e;
	struct model *m;
	size_t i;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = registry_list_models(
		    cx, &(struct page){ q.after, q.limit }, &m, &page.rows.n);
	if (e != NULL)
		return e;
	views = arena_alloc(cx->arena, page.rows.n * sizeof(*views));
	for (i = 0; i < page.rows.n; i++)
		views[i] = view_model(&m[i]);
	page.rows.v = views;
	if (page_is_full(&q, page.rows.n))
		page.next = m[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, models_fields, &page);
}

const struct err *
get_births(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct birth_query births = { .manufacturer_id = rq->param[0] };
	struct answer_page page = { .next = NULL };
	struct page_query q;
	const struct err *e;
	struct birth_row *b;

	e = page_query(cx, rq, &q);
	if (e != NULL)
		return e;
	births.serial = request_query(rq, "serial");
	births.after = q.after;
	births.limit = q.limit;
	e = registry_list_births(cx, &births, &b, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = b;
	if (page_is_full(&q, page.rows.n))
		page.next = b[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, births_fields, &page);
}

const struct err *
post_owner(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	struct owner_in in;
	struct owner out;
	bool created;

	e = json_read(cx, rq->body, owner_in_fields, &in);
	if (e == NULL)
		e = registry_add_owner(
		    cx, &rq->caller.admin, &in, &out, &created);
	if (e != NULL)
		return e;
	return answer_json(cx, rs, created ? 201 : 200, owner_fields, &out);
}

const struct err *
get_owners(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct page_query q;
	const struct err *e;
	struct owner *o;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = registry_list_owners(
		    cx, &(struct page){ q.after, q.limit }, &o, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = o;
	if (page_is_full(&q, page.rows.n))
		page.next = o[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, owners_fields, &page);
}
