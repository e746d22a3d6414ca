#include "domain/registry.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/label_admin.h"
#include "domain/model_policy.h"
#include "domain/second.h"
#include "domain/svc.h"
#include "pki/key.h"
#include "store/event.h"

const struct err ERR_REGISTRY = { KIND_INVALID, "bad-registration",
	"This cannot be registered as it is." };
static const struct err ERR_NO_APP_KEYS = { KIND_FORBIDDEN, "app-keys-off",
	"Owners have passkeys here: an app's own key is for development "
	"(the setting app_keys)." };
const struct err ERR_MODEL_OWNED = { KIND_CONFLICT, "model-taken",
	"The model or its client_id is taken." };

static ERR_FN
check_slug(struct ctx *cx, const char *what, const char *s)
{
	if (!text_is_slug(bytes_str(s)))
		return fail(cx, &ERR_REGISTRY,
		    "%s: 1 to %d lower-case letters, digits and inner hyphens",
		    what, LIMIT_SLUG);
	return NULL;
}

static ERR_FN
check_name(struct ctx *cx, const char *what, const char *s)
{
	if (s != NULL && !text_is_name(bytes_str(s)))
		return fail(cx, &ERR_REGISTRY,
		    "%s: 1 to %d bytes of text without control characters",
		    what, LIMIT_NAME);
	return NULL;
}

static ERR_FN
check_after(struct ctx *cx, bool valid)
{
	if (!valid)
		return fail(cx, &ERR_BAD_REQUEST,
		    "after: must be the next of the page before");
	return NULL;
}

/* Units that nobody knows are accepted again: that is lifting (H4). */
static ERR_FN
ask_thaw(struct ctx *cx, const struct admin_caller *by,
    const struct manufacturer_in *in)
{
	bool frozen = false;
	const struct err *e = NULL;

	if (in->frozen != NULL && strcmp(in->frozen, "false") == 0)
		e = manufacturer_is_frozen(cx, in->id, &frozen);
	return e != NULL || !frozen
		   ? e
		   : second_ask(
			 cx, by, "accept new units of %s, frozen now", in->id);
}

const struct err *
registry_put_manufacturer(struct ctx *cx, const struct admin_caller *by,
    const struct manufacturer_in *in, bool *created)
{
	const struct manufacturer_put m = { in->id, in->name, in->frozen };
	const struct err *e;
	bool changed = false;
	TX tx = { 0 };

	e = check_slug(cx, "id", in->id);
	if (e == NULL)
		e = check_name(cx, "name", in->name);
	if (e != NULL)
		return e;
	if (in->frozen != NULL && strcmp(in->frozen, "true") != 0 &&
	    strcmp(in->frozen, "false") != 0)
		return fail(cx, &ERR_REGISTRY, "frozen: true or false");
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = ask_thaw(cx, by, in);
	if (e == NULL)
		e = manufacturer_put(cx, &m, created, &changed);
	if (e == NULL && changed)
		e = event_add(cx,
		    &(struct event){ .kind = *created ? "manufacturer.added"
						      : "manufacturer.changed",
			.manufacturer_id = in->id,
			.admin_token_id = by->token_id });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
registry_get_manufacturer(
    struct ctx *cx, const char *id, struct manufacturer *out)
{
	return manufacturer_get(cx, id, out);
}

const struct err *
registry_list_manufacturers(struct ctx *cx, const struct page *page,
    struct manufacturer **out, size_t *n)
{
	return manufacturer_list(cx, page->after, page->limit, out, n);
}

static ERR_FN
check_model_texts(struct ctx *cx, const struct model *m)
{
	const struct err *e = check_slug(cx, "id", m->id);
	int64_t t;

	if (e == NULL)
		e = check_slug(cx, "client_id", m->client_id);
	if (e == NULL)
		e = check_name(cx, "name", m->name);
	if (e == NULL)
		e = check_name(cx, "contact_updates", m->contact_updates);
	if (e == NULL)
		e = check_name(
		    cx, "contact_vulnerabilities", m->contact_vulnerabilities);
	if (e != NULL)
		return e;
	if (strcmp(m->status, "active") != 0 &&
	    strcmp(m->status, "retired") != 0)
		return fail(cx, &ERR_REGISTRY, "status: active or retired");
	if (m->support_until != NULL &&
	    (strlen(m->support_until) != strlen("2026-11-21") ||
		!clock_parse(bytes_str(m->support_until), &t)))
		return fail(
		    cx, &ERR_REGISTRY, "support_until: a date, YYYY-MM-DD");
	return NULL;
}

static ERR_FN
check_model_rules(struct ctx *cx, const struct model *m)
{
	const struct err *e;
	size_t i;

	for (i = 0; i < m->n_labels; i++) {
		e = check_slug(cx, "labels", m->labels[i]);
		if (e != NULL)
			return e;
	}
	return m->policy == NULL ? NULL : model_policy_check(cx, m->policy);
}

static void
model_defaults(struct model *m)
{
	if (m->client_id == NULL)
		m->client_id = m->id;
	if (m->status == NULL)
		m->status = "active";
	if (m->profile == NULL)
		m->profile = "device";
}

static const char *
also_labels(struct ctx *cx, const struct model *m)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < m->n_labels; i++)
		text =
		    arena_printf(cx->arena, "%s, label %s", text, m->labels[i]);
	return text;
}

/* All that the model names must be there, and stay so until commit. */
static ERR_FN
require_labels(struct ctx *cx, const struct model *m)
{
	const struct err *e = label_admin_require(cx, "profile", m->profile);
	size_t i;

	for (i = 0; i < m->n_labels && e == NULL; i++)
		e = label_admin_require(cx, "labels", m->labels[i]);
	return e;
}

/* One that is new has a policy, if only an empty one; any other keeps what
 * is not said. */
static ERR_FN
store_policy(struct ctx *cx, const struct admin_caller *by,
    const struct model *m, bool is_new)
{
	const struct policy_change change = { .model_id = m->id,
		.policy = m->policy == NULL ? "{}" : m->policy };
	bool changed;

	if (m->policy == NULL && !is_new)
		return NULL;
	return model_policy_store(cx, by, &change, &changed);
}

/* A model stays its manufacturer's: births hang on it. */
static ERR_FN
store_model(struct ctx *cx, const struct admin_caller *by,
    const struct model *m, bool *created)
{
	struct model old;
	const struct err *e;
	bool found, changed;

	e = require_labels(cx, m);
	if (e == NULL)
		e = model_find(cx, m->id, &found, &old);
	if (e == NULL && found &&
	    strcmp(old.manufacturer_id, m->manufacturer_id) != 0)
		e = fail(cx, &ERR_MODEL_OWNED, "%s is a model of %s", m->id,
		    old.manufacturer_id);
	if (e == NULL)
		e = model_put(cx, m, created, &changed);
	if (e == &ERR_CONFLICT)
		e = fail(cx, &ERR_MODEL_OWNED,
		    "the client_id %s is another model's", m->client_id);
	if (e == NULL)
		e = store_policy(cx, by, m, *created);
	if (e != NULL || !changed)
		return e;
	return event_add(cx,
	    &(struct event){ .kind = *created ? "model.added" : "model.changed",
		.manufacturer_id = m->manufacturer_id,
		.admin_token_id = by->token_id,
		.detail = arena_printf(cx->arena, "%s, %s, profile %s%s", m->id,
		    m->status, m->profile, also_labels(cx, m)) });
}

const struct err *
registry_put_model(struct ctx *cx, const struct admin_caller *by,
    const struct model *in, bool *created)
{
	struct manufacturer maker;
	struct model m = *in;
	const struct err *e;
	TX tx = { 0 };

	model_defaults(&m);
	e = check_model_texts(cx, &m);
	if (e == NULL)
		e = check_model_rules(cx, &m);
	if (e == NULL)
		e = manufacturer_get(cx, m.manufacturer_id, &maker);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = store_model(cx, by, &m, created);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
registry_get_model(struct ctx *cx, const char *id, struct model *out)
{
	bool found;
	const struct err *e = model_find(cx, id, &found, out);

	if (e == NULL && !found)
		return fail(cx, &ERR_NOT_FOUND, "no model %s", id);
	return e;
}

const struct err *
registry_list_models(
    struct ctx *cx, const struct page *page, struct model **out, size_t *n)
{
	return model_list(cx, page->after, page->limit, out, n);
}

const struct err *
registry_list_births(
    struct ctx *cx, struct birth_query *q, struct birth_row **out, size_t *n)
{
	struct manufacturer m;
	const struct err *e;

	e = check_after(
	    cx, q->after == NULL ||
		    (strlen(q->after) <= 18 && *q->after != '\0' &&
			strspn(q->after, "0123456789") == strlen(q->after)));
	if (e == NULL)
		e = manufacturer_get(cx, q->manufacturer_id, &m);
	q->limit = q->limit;
	return e != NULL ? e : birth_list(cx, q, out, n);
}

const struct err *
registry_add_owner(struct ctx *cx, const struct admin_caller *by,
    const struct owner_in *in, struct owner *out, bool *created)
{
	char id[UUID_TEXT_BYTES];
	struct owner o = { .id = id, .name = in->name };
	const struct err *e = check_name(cx, "name", in->name);
	TX tx = { 0 };

	if (!cx->svc->set.app_keys)
		return fail(cx, &ERR_NO_APP_KEYS, "the setting app_keys is no");
	if (e == NULL)
		e = key_parse_pem(cx, bytes_str(in->app_key), &o.app_key);
	if (e != NULL)
		return e;
	rng_uuid(id);
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = owner_add(cx, &o, out, created);
	/* The name is personal and stays out of the event (V1). */
	if (e == NULL && *created)
		e = event_add(cx, &(struct event){ .kind = "owner.added",
				      .owner_id = out->id,
				      .admin_token_id = by->token_id });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
registry_list_owners(
    struct ctx *cx, const struct page *page, struct owner **out, size_t *n)
{
	const struct err *e = check_after(
	    cx, page->after == NULL || text_is_uuid(bytes_str(page->after)));

	if (e != NULL)
		return e;
	return owner_list(cx, page->after, page->limit, out, n);
}
