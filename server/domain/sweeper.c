#include "domain/sweeper.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "domain/consumers.h"
#include "domain/lineage.h"
#include "domain/metrics.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/set_certificates.h"
#include "store/set_reenroll.h"
#include "store/unit_set.h"
#include "store/view.h"

#define LOOK_EVERY_MS 5000
#define WAIT_MS 5
/* A registry of millions is looked through from end to end. */
#define SETTLE_SECONDS 120

/* Until all transactions that may not have seen the block are over (R3). */
static ERR_FN
wait_older(struct task *t, struct ctx *cx)
{
	const char *running;
	const struct err *e = unit_set_running(cx, &running);
	int64_t n = 1;

	while (e == NULL) {
		e = unit_set_still_running(cx, running, &n);
		if (n == 0 || task_ends(t, WAIT_MS))
			break;
	}
	return e != NULL || n == 0
		   ? e
		   : fail(cx, &ERR_STORE, "set: ended while waiting");
}

static ERR_FN
finish(struct ctx *cx, const struct unit_set *s, const char *state)
{
	const struct err *e = unit_set_finish(cx, s->id, state);

	if (e == NULL)
		e = event_add(cx,
		    &(struct event){ .kind = strcmp(state, "done") == 0
						 ? "set.done"
						 : "set.stopped",
			.admin_token_id = s->admin_token_id,
			.detail = arena_printf(cx->arena, "set %s", s->id) });
	LOG(cx, "set.finished", LOG_S("set", s->id), LOG_S("state", state));
	return e;
}

/* None can join it any more: it must be as large as the operator saw it. */
static ERR_FN
settle(struct ctx *cx, const struct unit_set *s, struct tx *tx)
{
	int64_t found;
	const struct err *e = tx_patience(tx, SETTLE_SECONDS);

	if (e == NULL)
		e = s->of_certificates
			? set_certificates_settle(cx, s->id, &found)
			: unit_set_settle(cx, s->id, &found);
	if (e == NULL && found != s->counted)
		return finish(cx, s, "stopped");
	if (e == NULL && s->deadline != 0)
		e = set_reenroll_announce(cx, s);
	return e;
}

/* The oldest set, once none can join it.  Outside a transaction, or sweepers
 * that wait would wait for each other; others may have it by then. */
static ERR_FN
ripen(struct task *t, struct ctx *cx, struct unit_set *s, bool *more)
{
	const struct err *e = unit_set_take(cx, s);

	*more = e != &ERR_NOT_FOUND;
	if (!*more)
		return NULL;
	return e != NULL || s->settled ? e : wait_older(t, cx);
}

/* Done once this would outlive the database, and all who follow have read of
 * it, or are known not to have. */
static ERR_FN
acknowledge(struct task *t, struct ctx *cx, const struct unit_set *s)
{
	struct ack ack = { .until_us = clock_mono_us() + ACKS_WAIT_US };
	const struct err *e = lineage_settle(cx);

	ack.epoch = cx->refused_epoch;
	ack.position = cx->refused_position;
	while (e == NULL && !ack.followed) {
		struct acks_reached reached;

		e = consumers_reached(cx, &reached);
		if (e == NULL && (acks_passed(&ack, &reached) ||
				     clock_mono_us() >= ack.until_us))
			break;
		if (task_ends(t, WAIT_MS))
			break;
	}
	if (e == NULL)
		e = unit_set_followed(cx, s->id, ack.followed);
	if (e == NULL)
		e = finish(cx, s, "done");
	if (e == NULL)
		metrics_acknowledged(cx, ack.followed);
	return e;
}

/* One step of one set; *more false if there was none. */
static ERR_FN
step(struct task *t, struct ctx *cx, bool *more)
{
	struct unit_set ripe, s;
	const struct err *e;
	bool left = true;
	TX tx = { .open = false };

	e = ripen(t, cx, &ripe, more);
	if (e != NULL || !*more)
		return e;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = unit_set_take(cx, &s);
	if (e == &ERR_NOT_FOUND || (e == NULL && strcmp(s.id, ripe.id) != 0))
		return NULL;
	if (e == NULL && !s.settled) {
		e = settle(cx, &s, &tx);
	} else if (e == NULL) {
		e = s.of_certificates ? set_certificates_sweep(cx, &s, &left)
				      : unit_set_sweep(cx, &s, &left);
		if (e == NULL && !left)
			e = acknowledge(t, cx, &s);
	}
	return e != NULL ? e : tx_commit(&tx);
}

static ERR_FN
sweep(struct task *t, struct ctx *cx, void *arg, int *wait_ms)
{
	const struct err *e;
	bool more;

	(void)arg;
	e = step(t, cx, &more);
	*wait_ms = more ? 0 : LOOK_EVERY_MS;
	return e;
}

static const struct stmt *const *const STATEMENTS[] = { unit_set_stmts,
	set_certificates_stmts, set_reenroll_stmts, event_stmts, view_stmts,
	consumer_stmts, NULL };

const struct task_kind SWEEPER = {
	.name = "sweeper",
	.channel = "latchkey_set",
	.statements = STATEMENTS,
	.arena_bytes = LIMIT_ARENA,
	.turn = sweep,
};
