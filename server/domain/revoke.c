#include "domain/revoke.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/lineage.h"
#include "domain/ownership.h"
#include "domain/second.h"
#include "store/certificate.h"
#include "store/device.h"
#include "store/event.h"
#include "store/feed.h"

const struct err ERR_BAD_REASON = { KIND_INVALID, "bad-reason",
	"The reason must be one of RFC 5280 section 5.3.1: unspecified, "
	"keyCompromise, affiliationChanged, superseded, "
	"cessationOfOperation, privilegeWithdrawn." };

/* RFC 5280 section 4.1.2.2 has 20; those of ours, and of the feed's readers,
 * have at most 16. */
#define SERIAL_MAX 16

bool
revoke_is_reason(const char *s)
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

/* What its owner lost stays cut off when the operator's reason is gone; and
 * each reason is an entry, so that both outlive the database (R6). */
static ERR_FN
narrow(struct ctx *cx, const char *id, const struct change *ch)
{
	struct device d;
	const struct err *e = ownership_get_any(cx, id, &d);

	if (e != NULL || (d.lost && !ch->set))
		return e;
	return feed_quarantine(
	    cx, id, ch->set, feed_operator_reason(cx, ch->reason));
}

/* What follows from the flag, in statements after the one that set it. */
static ERR_FN
follow_up(
    struct ctx *cx, const char *id, const struct change *ch, int64_t birth_id)
{
	const struct err *e;

	if (ch->flag == FLAG_QUARANTINED)
		return narrow(cx, id, ch);
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
	e = ch->set
		? second_ask_units(cx, admin, 1, "%s: device %s, %s", ch->event,
		      id, ch->reason)
		: second_ask(cx, admin, "lift the quarantine of device %s", id);
	if (e == NULL)
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

/* Acknowledged once it would outlive the database (R6); a repeat as well. */
static ERR_FN
apply_noted(struct ctx *cx, const struct admin_caller *admin, const char *id,
    const struct change *ch)
{
	const struct err *e = apply(cx, admin, id, ch);

	return e != NULL ? e : lineage_settle(cx);
}

const struct err *
revoke_device(struct ctx *cx, const struct admin_caller *admin, const char *id,
    const char *reason)
{
	struct change ch = { FLAG_REVOKED, true, "device.revoked", reason };

	if (!revoke_is_reason(reason))
		return fail(cx, &ERR_BAD_REASON, "reason \"%s\"", reason);
	return apply_noted(cx, admin, id, &ch);
}

const struct err *
revoke_decommission(
    struct ctx *cx, const struct admin_caller *admin, const char *id)
{
	struct change ch = { FLAG_DECOMMISSIONED, true, "device.decommissioned",
		"cessationOfOperation" };

	return apply_noted(cx, admin, id, &ch);
}

bool
revoke_read_serial(struct ctx *cx, const char *hex, struct bytes *out)
{
	if (!bytes_from_hex(cx->arena, bytes_str(hex), out))
		return false;
	while (out->n > 0 && out->p[0] == 0) {
		out->p++;
		out->n--;
	}
	return out->n > 0 && out->n <= SERIAL_MAX;
}

/* One certificate that somebody takes trust from. */
struct taking {
	const struct admin_caller *by;
	struct bytes serial;
	const char *reason;
	struct event ev;
};

static ERR_FN
ask_taking(struct ctx *cx, const struct taking *t)
{
	return second_ask_units(
	    cx, t->by, 1, "%s: %s", t->ev.kind, t->ev.detail);
}

/* Of a certificate that is not known here, once. */
static ERR_FN
refuse_unknown(struct ctx *cx, struct taking *t)
{
	bool there;
	const struct err *e = feed_refuses_certificate(cx, t->serial, &there);
	TX tx = { .open = false };

	if (e != NULL || there)
		return e;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = ask_taking(cx, t);
	if (e == NULL)
		e = event_add(cx, &t->ev);
	if (e == NULL)
		e = feed_refuse_certificate(cx, t->serial, 0, t->reason);
	return e != NULL ? e : tx_commit(&tx);
}

static ERR_FN
refuse_issued(
    struct ctx *cx, struct taking *t, const struct certificate_issued *c)
{
	const struct err *e;
	bool changed;
	TX tx = { .open = false };

	t->ev.device_id = c->device_id;
	t->ev.birth_id = c->birth_id;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = certificate_revoke(cx, c, &changed);
	if (e != NULL || !changed)
		return e;
	e = ask_taking(cx, t);
	if (e == NULL && strcmp(t->reason, "keyCompromise") == 0)
		e = certificate_refuse_key(cx, c);
	if (e == NULL)
		e = event_add(cx, &t->ev);
	if (e == NULL)
		e = feed_refuse_certificate(
		    cx, c->serial, c->not_after, t->reason);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
revoke_certificate(struct ctx *cx, const struct admin_caller *admin,
    const struct revoke_serial *in, struct revoked_serial *out)
{
	struct taking t = { .by = admin,
		.reason = in->reason,
		.ev = { .kind = "certificate.revoked",
		    .admin_token_id = admin->token_id } };
	struct certificate_issued c;
	const struct err *e;

	if (!revoke_is_reason(in->reason))
		return fail(cx, &ERR_BAD_REASON, "reason \"%s\"", in->reason);
	if (!revoke_read_serial(cx, in->serial, &t.serial))
		return fail(cx, &ERR_NOT_FOUND, "no serial number of ours");
	*out =
	    (struct revoked_serial){ .serial = bytes_hex(cx->arena, t.serial) };
	t.ev.detail =
	    arena_printf(cx->arena, "serial %s, %s", out->serial, in->reason);
	e = certificate_of_serial(cx, t.serial, &c);
	if (e == &ERR_NOT_FOUND)
		e = in->preemptive
			? refuse_unknown(cx, &t)
			: fail(cx, e, "no certificate %s", out->serial);
	else if (e == NULL) {
		out->device_id = c.device_id;
		out->not_after = c.not_after;
		e = refuse_issued(cx, &t, &c);
	}
	if (e == NULL)
		LOG(cx, t.ev.kind, LOG_S("serial", out->serial),
		    LOG_S("reason", in->reason));
	return e != NULL ? e : lineage_settle(cx);
}

const struct err *
revoke_quarantine(struct ctx *cx, const struct admin_caller *admin,
    const char *id, const char *reason)
{
	struct change ch = { FLAG_QUARANTINED, true, "device.quarantined",
		reason };

	if (!text_is_name(bytes_str(reason)))
		return fail(cx, &ERR_BAD_REQUEST, "reason is not plain text");
	return apply_noted(cx, admin, id, &ch);
}

/* A unit keeps its flags when its ownership ends (R5), and somebody has to be
 * able to clear them. */
static ERR_FN
lift_ended(struct ctx *cx, const struct admin_caller *admin, const char *id)
{
	struct event ev = { .kind = "device.lifted",
		.device_id = id,
		.admin_token_id = admin->token_id,
		.detail = "after its ownership" };
	const struct err *e;
	bool changed;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = device_unflag_ended(cx, id, &ev.birth_id, &changed);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, e, "device %s is not its unit's last", id);
	if (e != NULL || !changed)
		return e;
	e = second_ask(
	    cx, admin, "lift what is left on the unit of device %s", id);
	if (e == NULL)
		e = event_add(cx, &ev);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e == NULL)
		LOG(cx, ev.kind, LOG_S("device", id));
	return e;
}

const struct err *
revoke_lift(struct ctx *cx, const struct admin_caller *admin, const char *id)
{
	struct change ch = { FLAG_QUARANTINED, false, "device.lifted",
		"lifted" };
	const struct err *e = apply(cx, admin, id, &ch);

	if (e != &ERR_NOT_FOUND || !text_is_uuid(bytes_str(id)))
		return e;
	return lift_ended(cx, admin, id);
}
