#include "domain/clone.h"

#include "base/log.h"
#include "codec/policy.h"
#include "domain/label.h"
#include "store/device.h"
#include "store/event.h"
#include "store/feed.h"

#define REASON "suspected clone"

/* Feed last: others wait for its lock (store/feed). */
static ERR_FN
quarantine(struct ctx *cx, const char *device_id, bool *changed)
{
	struct event ev = { .kind = "device.quarantined",
		.device_id = device_id,
		.detail = REASON };
	const struct err *e;

	e = device_flag_unit(
	    cx, device_id, FLAG_QUARANTINED, true, &ev.birth_id, changed);
	/* The ownership ended meanwhile: nothing is left to protect. */
	if (e == &ERR_NOT_FOUND || (e == NULL && !*changed))
		return NULL;
	if (e == NULL)
		e = event_add(cx, &ev);
	return e;
}

const struct err *
clone_suspected(struct ctx *cx, const struct device_caller *device,
    const struct err *refusal)
{
	struct event ev = { .kind = "device.clone_suspected",
		.birth_id = device->birth_id,
		.device_id = device->device_id,
		.code = refusal->code };
	bool changed = false;
	const struct err *e;
	struct label l;
	TX tx;

	refusal = fail(cx, refusal,
	    "certificate %s is asked to be renewed beside its successor %s",
	    bytes_hex(cx->arena, device->serial),
	    bytes_hex(cx->arena, device->successor));
	ev.detail = cx->reason;
	e = label_get(cx, device->profile, &l);
	if (e != NULL && e != &ERR_NO_LABEL)
		return e;
	if (e != NULL)
		l.clone = CLONE_REFUSED;
	e = tx_begin(cx, &tx);
	if (e == NULL && l.clone == CLONE_QUARANTINES)
		e = quarantine(cx, device->device_id, &changed);
	if (e == NULL)
		e = event_add(cx, &ev);
	if (e == NULL && changed)
		e = feed_quarantine(cx, device->device_id, true, REASON);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e != NULL)
		return e;
	LOG(cx, "device.clone_suspected", LOG_S("device", device->device_id),
	    LOG_I("quarantined", changed));
	return refusal;
}

const struct err *
clone_signal(struct ctx *cx, const struct clone_sign *s)
{
	struct event ev = { .kind = s->kind,
		.birth_id = s->birth_id,
		.device_id = s->device_id,
		.manufacturer_id = s->manufacturer_id,
		.detail = cx->reason };
	struct policy policy;
	bool changed = false;
	const struct err *e;
	TX tx;

	e = policy_parse(cx, s->policy, &policy);
	if (e != NULL)
		return e;
	e = tx_begin(cx, &tx);
	if (e == NULL && s->proved && s->device_id != NULL &&
	    strcmp(policy.clones, "quarantine") == 0)
		e = quarantine(cx, s->device_id, &changed);
	if (e == NULL)
		e = event_add(cx, &ev);
	if (e == NULL && changed)
		e = feed_quarantine(cx, s->device_id, true, REASON);
	return e != NULL ? e : tx_commit(&tx);
}
