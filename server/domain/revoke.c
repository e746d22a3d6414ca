#include "domain/revoke.h"

#include "base/log.h"
#include "base/text.h"
#include "store/device.h"
#include "store/event.h"
#include "store/feed.h"

static const struct err ERR_BAD_REASON = { KIND_INVALID, "bad-reason",
	"The reason must be one of RFC 5280 section 5.3.1: unspecified, "
	"keyCompromise, affiliationChanged, superseded, "
	"cessationOfOperation, privilegeWithdrawn." };

/* RFC 5280 section 5.3.1, without those that are a CA's or not final. */
static bool
is_reason(const char *s)
{
	static const char *const known[] = { "unspecified", "keyCompromise",
		"affiliationChanged", "superseded", "cessationOfOperation",
		"privilegeWithdrawn" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], s) == 0)
			return true;
	return false;
}

struct change {
	enum unit_flag flag;
	bool set;
	const char *event, *reason;
};

/* What follows from the flag, in statements after the one that set it. */
static ERR_FN
follow_up(
    struct ctx *cx, const char *id, const struct change *ch, int64_t birth_id)
{
	const struct err *e;

	if (ch->flag == FLAG_QUARANTINED)
		return feed_quarantine(cx, id, ch->set, ch->reason);
	e = device_revoke_certificates(cx, id);
	if (e == NULL && strcmp(ch->reason, "keyCompromise") == 0)
		e = device_refuse_keys(cx, id);
	if (e == NULL)
		e = device_void_approvals(cx, birth_id);
	if (e == NULL)
		e = feed_refuse_device(cx, id, ch->reason);
	return e;
}

static ERR_FN
apply(struct ctx *cx, const struct admin_caller *admin, const char *id,
    const struct change *ch)
{
	struct event ev = { .kind = ch->event,
		.device_id = id,
		.admin_token_id = admin->token_id,
		.detail = ch->reason };
	const struct err *e;
	bool changed;
	TX tx = { .open = false };

	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "not a device id");
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = device_flag_unit(
		    cx, id, ch->flag, ch->set, &ev.birth_id, &changed);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, e, "no living device %s", id);
	if (e != NULL || !changed)
		return e;
	e = event_add(cx, &ev);
	if (e == NULL)
		e = follow_up(cx, id, ch, ev.birth_id);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e == NULL)
		LOG(cx, ch->event, LOG_S("device", id),
		    LOG_S("reason", ch->reason));
	return e;
}

const struct err *
revoke_device(struct ctx *cx, const struct admin_caller *admin, const char *id,
    const char *reason)
{
	struct change ch = { FLAG_REVOKED, true, "device.revoked", reason };

	if (!is_reason(reason))
		return fail(cx, &ERR_BAD_REASON, "reason \"%s\"", reason);
	return apply(cx, admin, id, &ch);
}

const struct err *
revoke_quarantine(struct ctx *cx, const struct admin_caller *admin,
    const char *id, const char *reason)
{
	struct change ch = { FLAG_QUARANTINED, true, "device.quarantined",
		reason };

	if (!text_is_name(bytes_str(reason)))
		return fail(cx, &ERR_BAD_REQUEST, "reason is not plain text");
	return apply(cx, admin, id, &ch);
}

const struct err *
revoke_lift(struct ctx *cx, const struct admin_caller *admin, const char *id)
{
	struct change ch = { FLAG_QUARANTINED, false, "device.lifted",
		"lifted" };

	return apply(cx, admin, id, &ch);
}
