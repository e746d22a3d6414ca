#include "domain/admission.h"

#include <string.h>

#include "base/arena.h"
#include "codec/policy.h"
#include "store/event.h"
#include "store/unit.h"

const struct err ERR_NOT_ADMITTED = { KIND_FORBIDDEN, "not-admitted",
	"The model takes no new unit now." };

/* Whether a new unit may come at this time. */
static ERR_FN
check_time(
    struct ctx *cx, const char *model_id, const struct enrollment_policy *en)
{
	if (strcmp(en->allowlist, "closed") == 0)
		return fail(cx, &ERR_NOT_ADMITTED,
		    "model %s is closed to new units", model_id);
	if (cx->now < en->from || (en->until != 0 && cx->now >= en->until))
		return fail(cx, &ERR_NOT_ADMITTED,
		    "outside of the enrollment window of model %s", model_id);
	return NULL;
}

static bool
is_counted(const struct enrollment_policy *en)
{
	return en->units != 0 || en->units_per_hour != 0;
}

/* Counts the unit, within the transaction that lets it in. */
static ERR_FN
check_count(struct ctx *cx, const char *model_id, const char *batch,
    const struct enrollment_policy *en)
{
	struct admission now;
	const struct err *e;

	if (!is_counted(en))
		return NULL;
	e = birth_admit(cx, model_id, batch, &now);
	if (e != NULL)
		return e;
	if ((en->units != 0 && now.units > en->units) ||
	    (en->units_per_hour != 0 && now.in_hour > en->units_per_hour))
		return fail(cx, &ERR_NOT_ADMITTED,
		    "batch %s of model %s has as many units as it may have%s",
		    batch == NULL ? "(none)" : batch, model_id,
		    en->units != 0 && now.units > en->units ? ""
							    : " in an hour");
	return NULL;
}

static ERR_FN
may_come(struct ctx *cx, const struct birth_candidate *c, struct policy *policy)
{
	const struct err *e = policy_parse(cx, c->policy, policy);

	return e != NULL ? e : check_time(cx, c->model_id, &policy->enrollment);
}

bool
admission_is_plain(struct ctx *cx, const struct birth_candidate *c)
{
	struct policy policy;

	return may_come(cx, c, &policy) == NULL &&
	       !is_counted(&policy.enrollment);
}

const struct err *
admission_pin(struct ctx *cx, const struct birth_candidate *c,
    const struct idevid *id, bool *pinned)
{
	struct policy policy;
	const struct err *e;
	TX tx = { 0 };

	*pinned = false;
	e = may_come(cx, c, &policy);
	if (e != NULL)
		return e;
	/* Where nothing is counted one statement is enough. */
	if (!is_counted(&policy.enrollment))
		return birth_pin_key(
		    cx, c->birth_id, id->leaf.key_sha256, c->anchor_id, pinned);
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = check_count(cx, c->model_id, c->batch, &policy.enrollment);
	if (e == NULL)
		e = birth_pin_key(
		    cx, c->birth_id, id->leaf.key_sha256, c->anchor_id, pinned);
	if (e != NULL || !*pinned)
		return e;
	return tx_commit(&tx);
}

const struct err *
admission_came(struct ctx *cx, const struct unit *unit)
{
	struct policy policy;
	const struct err *e = policy_parse(cx, unit->model_policy, &policy);
	bool first = false;

	if (e == NULL)
		e = check_time(cx, unit->model_id, &policy.enrollment);
	if (e == NULL)
		e = check_count(
		    cx, unit->model_id, unit->batch, &policy.enrollment);
	if (e == NULL)
		e = unit_came(cx, unit->birth_id, &first);
	if (e == NULL && !first)
		e = fail(cx, &ERR_NOT_ADMITTED,
		    "the unit came twice at the same time");
	return e;
}

static ERR_FN
open_unit(struct ctx *cx, const struct birth_opened *b,
    const struct enrollment_policy *en)
{
	struct event ev = { .kind = "unit.opened",
		.manufacturer_id = b->manufacturer_id };
	const struct err *e;
	TX tx = { 0 };

	e = check_time(cx, b->model_id, en);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = check_count(cx, b->model_id, NULL, en);
	if (e == NULL)
		e = birth_open(cx, b, &ev.birth_id);
	if (e == &ERR_CONFLICT)
		return fail(cx, &ERR_NOT_ADMITTED,
		    "the serial number or key is another unit's");
	if (e == NULL)
		e = event_add(cx, &ev);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
admission_open(struct ctx *cx, const char *manufacturer_id,
    const struct idevid *id, bool *opened)
{
	struct birth_opened b = { .manufacturer_id = manufacturer_id,
		.serial = id->serial,
		.key_sha256 = id->leaf.key_sha256 };
	struct open_model model[2];
	struct policy policy;
	const struct err *e;
	size_t n;

	*opened = false;
	e = birth_open_models(cx, manufacturer_id, model, &n);
	if (e != NULL || n == 0)
		return e;
	if (n > 1)
		return fail(cx, &ERR_NOT_ADMITTED,
		    "%s and %s are both open: whose is it", model[0].id,
		    model[1].id);
	/* What a unit is (A11). */
	if (id->serial == NULL)
		return fail(cx, &ERR_NOT_ADMITTED, "no serial number");
	b.model_id = model[0].id;
	e = policy_parse(cx, model[0].policy, &policy);
	if (e == NULL)
		e = open_unit(cx, &b, &policy.enrollment);
	*opened = e == NULL;
	return e;
}
