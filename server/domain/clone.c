#include "domain/clone.h"

#include "base/log.h"
#include "domain/label.h"
#include "store/device.h"
#include "store/event.h"
#include "store/feed.h"

#define REASON "suspected clone"

/* Feed last: others wait for its lock (store/feed). */
static ERR_FN
quarantine(struct ctx *cx, const struct device_caller *device, bool *changed)
{
	struct event ev = { .kind = "device.quarantined",
		.device_id = device->device_id,
		.detail = REASON };
	const struct err *e;

	e = device_flag_unit(cx, device->device_id, FLAG_QUARANTINED, true,
	    &ev.birth_id, changed);
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
		e = quarantine(cx, device, &changed);
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
