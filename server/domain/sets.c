#include "domain/sets.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/operator.h"
#include "domain/revoke.h"
#include "domain/second.h"
#include "store/event.h"
#include "store/set_certificates.h"
#include "store/set_reenroll.h"

/* A registry of millions is looked through from end to end. */
#define COUNT_SECONDS 60
#define DEADLINE_MAX (366 * 86400)

static const struct err ERR_SET = { KIND_INVALID, "bad-set",
	"A set is named by a model, a manufacturer or an owner, and narrowed "
	"by batch, sw_version, anchor or serials of a model's or "
	"manufacturer's; or it is to revoke certificates, by their serial "
	"numbers alone." };
static const struct err ERR_SET_ID = { KIND_CONFLICT, "set-id-used",
	"Another set was started under this id." };

static const struct err ERR_DEADLINE = { KIND_INVALID, "bad-deadline",
	"To reenroll, \"by\" says until when: in the future, within a year." };
static const struct err ERR_SET_OVER = { KIND_CONFLICT, "set-over",
	"Only a set that waits for its deadline can be cancelled." };

static bool
plain(const char *s)
{
	return s == NULL || text_is_name(bytes_str(s));
}

static bool
is_id(const char *s)
{
	return s == NULL || text_is_uuid(bytes_str(s));
}

const struct err *
sets_certificates(
    struct ctx *cx, const char *const *hex, size_t n, struct unit_set *s)
{
	size_t i;

	s->certificates =
	    arena_alloc(cx->arena, (n + 1) * sizeof(*s->certificates));
	s->n_certificates = n;
	for (i = 0; i < n; i++)
		if (!revoke_read_serial(cx, hex[i], &s->certificates[i]))
			return fail(cx, &ERR_SET,
			    "set: no serial number in "
			    "hex: \"%s\"",
			    hex[i]);
	return NULL;
}

static ERR_FN
check_who(struct ctx *cx, const struct unit_set *s)
{
	bool narrowed = s->batch != NULL || s->sw_version != NULL ||
			s->anchor_id != NULL || s->serials != NULL;

	if (s->n_certificates > 0)
		return !narrowed && s->manufacturer_id == NULL &&
			       s->model_id == NULL && s->owner_id == NULL &&
			       strcmp(s->action, "revoke") == 0
			   ? NULL
			   : fail(cx, &ERR_SET, "set: certificates and more");
	if (s->preemptive)
		return fail(
		    cx, &ERR_SET, "set: preemptive, of no certificates");
	if (s->manufacturer_id == NULL && s->model_id == NULL &&
	    (s->owner_id == NULL || narrowed))
		return fail(cx, &ERR_SET, "set: no model or manufacturer");
	if (s->serials != NULL && s->n_serials == 0)
		return fail(cx, &ERR_SET, "set: no serial numbers");
	if (!is_id(s->owner_id) || !is_id(s->anchor_id) || !plain(s->batch) ||
	    !plain(s->sw_version))
		return fail(
		    cx, &ERR_SET, "set: owner, anchor, batch or sw_version");
	return NULL;
}

static const char *
or_any(const char *s)
{
	return s == NULL ? "any" : s;
}

static bool
reenrolls(const struct unit_set *s)
{
	return strcmp(s->action, "reenroll") == 0;
}

static ERR_FN
check_deadline(struct ctx *cx, const struct unit_set *s)
{
	bool fits =
	    s->deadline > cx->now && s->deadline <= cx->now + DEADLINE_MAX;

	return (reenrolls(s) ? fits : s->deadline == 0)
		   ? NULL
		   : fail(cx, &ERR_DEADLINE, "%s by %lld", s->action,
			 (long long)s->deadline);
}

static ERR_FN
check(struct ctx *cx, const struct admin_caller *by, const struct unit_set *s)
{
	bool revokes = strcmp(s->action, "revoke") == 0;
	bool lifts = strcmp(s->action, "lift") == 0;

	if (!revokes && !lifts && !reenrolls(s) &&
	    strcmp(s->action, "quarantine") != 0)
		return fail(cx, &ERR_SET, "action \"%s\"", s->action);
	if ((by->scopes & (lifts ? SCOPE_LIFT : SCOPE_REVOKE)) == 0)
		return fail(cx, &ERR_ADMIN_SCOPE, "token %s may not %s",
		    by->token_id, s->action);
	if (revokes ? !revoke_is_reason(s->reason) : !plain(s->reason))
		return fail(cx, &ERR_BAD_REASON, "reason \"%s\"", s->reason);
	return check_who(cx, s);
}

const struct err *
sets_count(struct ctx *cx, const struct admin_caller *by, struct unit_set *s,
    struct sets_counted *out)
{
	char id[UUID_TEXT_BYTES];
	const struct err *e = check(cx, by, s);
	bool added, same;
	TX tx = { .open = false };

	rng_uuid(id);
	s->id = id;
	s->admin_token_id = by->token_id;
	s->deadline = reenrolls(s) ? cx->now : 0;
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = tx_patience(&tx, COUNT_SECONDS);
	/* Counted as the sweep finds it, and rolled back. */
	if (e == NULL)
		e = unit_set_add(cx, s, &added, &same);
	if (e == &ERR_CONFLICT)
		return fail(
		    cx, &ERR_NOT_FOUND, "no such model, maker or owner");
	*out = (struct sets_counted){ .units = 0 };
	if (e != NULL)
		return e;
	return s->n_certificates > 0
		   ? set_certificates_count(cx, id, &out->units, &out->devices,
			 &out->unknown, &out->n_unknown)
		   : unit_set_count(cx, id, &out->units, &out->devices);
}

static ERR_FN
ask_units(
    struct ctx *cx, const struct admin_caller *by, const struct unit_set *s)
{
	const char *what = arena_printf(cx->arena,
	    "%s %" PRId64 " units (manufacturer %s, model %s, batch %s, "
	    "firmware %s, owner %s, anchor %s, %zu serials): %s",
	    s->action, s->counted, or_any(s->manufacturer_id),
	    or_any(s->model_id), or_any(s->batch), or_any(s->sw_version),
	    or_any(s->owner_id), or_any(s->anchor_id), s->n_serials, s->reason);

	if (strcmp(s->action, "lift") == 0)
		return second_ask(cx, by, "%s", what);
	return second_ask_units(cx, by, s->counted, "%s", what);
}

static ERR_FN
ask(struct ctx *cx, const struct admin_caller *by, const struct unit_set *s)
{
	if (s->n_certificates == 0)
		return ask_units(cx, by, s);
	return second_ask_units(cx, by, s->counted,
	    "revoke %" PRId64 " certificates of a list of %zu%s: %s",
	    s->counted, s->n_certificates,
	    s->preemptive ? ", known or not" : "", s->reason);
}

/* The block and its event, committed before anything is swept. */
static ERR_FN
block(struct ctx *cx, const struct admin_caller *by, const struct unit_set *s)
{
	const struct err *e;
	bool added, same;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = unit_set_add(cx, s, &added, &same);
	if (e == &ERR_CONFLICT)
		return fail(
		    cx, &ERR_NOT_FOUND, "no such model, maker or owner");
	if (e != NULL)
		return e;
	if (!same)
		return fail(cx, &ERR_SET_ID, "set %s is another one", s->id);
	if (!added)
		return NULL;
	e = ask(cx, by, s);
	if (e != NULL)
		return e;
	e = event_add(
	    cx, &(struct event){ .kind = "set.started",
		    .manufacturer_id = s->manufacturer_id,
		    .owner_id = s->owner_id,
		    .admin_token_id = s->admin_token_id,
		    .detail = arena_printf(cx->arena, "set %s, %s, %s", s->id,
			s->action, s->reason) });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
sets_start(struct ctx *cx, const struct admin_caller *by, struct unit_set *s,
    struct unit_set *out)
{
	const struct err *e;

	if (!text_is_uuid(bytes_str(s->id)))
		return fail(cx, &ERR_NOT_FOUND, "no UUID in lower case");
	s->admin_token_id = by->token_id;
	s->second_token_id = by->second_token_id;
	e = check(cx, by, s);
	if (e == NULL)
		e = check_deadline(cx, s);
	if (e == NULL)
		e = block(cx, by, s);
	return e != NULL ? e : unit_set_get(cx, s->id, out);
}

static ERR_FN
count_progress(struct ctx *cx, struct unit_set *s)
{
	TX tx = { .open = false };
	const struct err *e = tx_begin(cx, &tx);

	if (e == NULL)
		e = tx_patience(&tx, COUNT_SECONDS);
	return e != NULL ? e : set_reenroll_progress(cx, s);
}

const struct err *
sets_get(struct ctx *cx, const char *id, struct unit_set *out)
{
	const struct err *e = &ERR_NOT_FOUND;

	if (text_is_uuid(bytes_str(id)))
		e = unit_set_get(cx, id, out);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, e, "no set %s", id);
	return e != NULL || !reenrolls(out) ? e : count_progress(cx, out);
}

static ERR_FN
cancel(struct ctx *cx, const struct admin_caller *by, const char *id)
{
	struct event ev = { .kind = "set.cancelled",
		.admin_token_id = by->token_id,
		.detail = arena_printf(cx->arena, "set %s", id) };
	const struct err *e;
	bool changed;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = set_reenroll_cancel(cx, id, &changed);
	if (e != NULL || !changed)
		return e;
	e = event_add(cx, &ev);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
sets_cancel(struct ctx *cx, const struct admin_caller *by, const char *id,
    struct unit_set *out)
{
	const struct err *e = NULL;

	if (text_is_uuid(bytes_str(id)))
		e = cancel(cx, by, id);
	if (e == NULL)
		e = sets_get(cx, id, out);
	if (e == NULL && strcmp(out->state, "cancelled") != 0)
		e = fail(cx, &ERR_SET_OVER, "set %s is %s", id, out->state);
	return e;
}
