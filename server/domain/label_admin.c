#include "domain/label_admin.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "domain/label_read.h"
#include "domain/labels.h"
#include "domain/svc.h"
#include "pki/signers.h"
#include "store/certificate.h"
#include "store/event.h"

const struct err ERR_LABEL_IN_USE = { KIND_CONFLICT, "label-in-use",
	"An active model names this label: change the model first." };

/* The alias /LABEL/.well-known/est shares its first segment with our other
 * paths. */
static const char *const RESERVED[] = { "v1", "oauth2", "assets", "activate",
	"healthz", "readyz", "docs", "devices", "metrics" };

static ERR_FN
check_name(struct ctx *cx, const char *name)
{
	size_t i;

	if (!label_name_ok(name))
		return fail(cx, &ERR_LABEL,
		    "label: lower case letters, digits and hyphens, at most "
		    "63, and no operation of EST");
	for (i = 0; i < sizeof(RESERVED) / sizeof(RESERVED[0]); i++)
		if (strcmp(name, RESERVED[i]) == 0)
			return fail(
			    cx, &ERR_LABEL, "label: %s is reserved", name);
	return NULL;
}

/* The settings with their defaults in one fixed form, if they may be. */
static ERR_FN
normalize(
    struct ctx *cx, const char *name, struct bytes settings, const char **text)
{
	const struct err *e;
	struct label_json in;
	struct label label;

	e = label_json_read(cx, settings, &in);
	if (e == NULL)
		e = label_read(cx, name, &in, &label);
	if (e == NULL)
		e = label_check(cx, &label);
	if (e == NULL && signers_get(cx->svc->signers, label.issuer) == NULL)
		e = fail(cx, &ERR_LABEL,
		    "issuer: this node has no issuing CA called %s",
		    label.issuer);
	return e != NULL ? e : label_json_write(cx, &in, text);
}

static ERR_FN
store(struct ctx *cx, const struct admin_caller *by,
    const struct label_row *row, bool *created)
{
	struct label_row there;
	const struct err *e;
	bool changed, found = true;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = label_put(cx, row, created, &changed);
	if (e == NULL && !changed)
		e = label_find(cx, row->name, &found, &there);
	/* Nodes would not have it in memory, or some other. */
	if (e == NULL && !found)
		e = fail(cx, &ERR_LABEL, "label: there are %d already",
		    LIMIT_LABELS);
	if (e == NULL && changed)
		e = event_add(
		    cx, &(struct event){ .kind = "label.changed",
			    .admin_token_id = by->token_id,
			    .detail = arena_printf(cx->arena, "%s: %s",
				row->name, row->settings) });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
label_admin_set(struct ctx *cx, const struct admin_caller *by, const char *name,
    struct bytes settings, bool *created)
{
	struct label_row row = { .name = name, .updated_by = by->token_id };
	const struct err *e;

	*created = false;
	e = check_name(cx, name);
	if (e == NULL)
		e = normalize(cx, name, settings, &row.settings);
	if (e == NULL)
		e = store(cx, by, &row, created);
	return e != NULL ? e : labels_load(cx);
}

/* What was stored by an older version has fewer settings. */
static ERR_FN
complete(struct ctx *cx, struct label_row *row)
{
	struct label_json in;
	const struct err *e =
	    label_json_read(cx, bytes_str(row->settings), &in);

	return e != NULL ? e : label_json_write(cx, &in, &row->settings);
}

const struct err *
label_admin_get(struct ctx *cx, const char *name, struct label_row *out)
{
	const struct err *e;
	bool found;

	e = label_find(cx, name, &found, out);
	if (e == NULL && !found)
		return fail(cx, &ERR_NOT_FOUND, "no label %s", name);
	return e != NULL ? e : complete(cx, out);
}

const struct err *
label_admin_list(
    struct ctx *cx, const struct page *page, struct label_row **out, size_t *n)
{
	const struct err *e = label_list(cx, page->after, page->limit, out, n);
	size_t i;

	for (i = 0; e == NULL && i < *n; i++)
		e = complete(cx, &(*out)[i]);
	return e;
}

static ERR_FN
withdraw(struct ctx *cx, const struct admin_caller *by, const char *name)
{
	const char *model;
	const struct err *e;
	bool changed;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = label_withdraw(cx, name, by->token_id, &model, &changed);
	if (e == NULL && model != NULL)
		e = fail(cx, &ERR_LABEL_IN_USE, "model %s names label %s",
		    model, name);
	if (e == NULL && changed)
		e = event_add(cx, &(struct event){ .kind = "label.withdrawn",
				      .admin_token_id = by->token_id,
				      .detail = name });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
label_admin_withdraw(
    struct ctx *cx, const struct admin_caller *by, const char *name)
{
	struct label_row row;
	const struct err *e;

	e = label_admin_get(cx, name, &row);
	if (e == NULL && strcmp(name, QUARANTINE_LABEL) == 0)
		e = fail(cx, &ERR_LABEL_IN_USE,
		    "quarantine is the label of devices in quarantine");
	/* Models without a profile get it. */
	if (e == NULL && strcmp(name, "device") == 0)
		e = fail(cx, &ERR_LABEL_IN_USE,
		    "device is the label of models that name none");
	if (e == NULL)
		e = withdraw(cx, by, name);
	return e != NULL ? e : labels_load(cx);
}

const struct err *
label_admin_require(struct ctx *cx, const char *member, const char *name)
{
	const struct err *e;
	bool found;

	if (strcmp(name, QUARANTINE_LABEL) == 0)
		return fail(cx, &ERR_REGISTRY,
		    "%s: quarantine is for devices in quarantine alone",
		    member);
	e = label_lock(cx, name, &found);
	if (e == NULL && !found)
		e = fail(cx, &ERR_REGISTRY,
		    "%s: there is no label %s; make it first", member, name);
	return e;
}
