#include "store/maintain.h"

#include <inttypes.h>

#include "base/arena.h"

#define STEP_SECONDS 600

static const struct stmt MAINTAIN_PARTITIONS = { "maintain_partitions",
	"SELECT action || ' ' || name FROM "
	"maintain_partitions($1::int * interval '1 day')",
	1 };

/* Requests that came to nothing, and those of ownerships that have ended:
 * nothing can be issued from them any more (A1). */
static const struct stmt MAINTAIN_APPROVALS = { "maintain_approvals",
	"DELETE FROM approval a WHERE (a.state IN ('pending', 'denied', "
	"'superseded') AND a.expires_at < now() - interval '7 days') OR "
	"(a.state IN ('approved', 'consumed') AND EXISTS (SELECT FROM device d "
	"WHERE d.id = a.device_id AND d.state = 'released' AND "
	"d.released_at < now() - interval '28 days'))",
	0 };

/* Keyed hashes of addresses, and counts of a day at most (V1). */
static const struct stmt MAINTAIN_GUESSES = { "maintain_guesses",
	"DELETE FROM guess WHERE window_start < now() - interval '2 days'", 0 };

/* Ended four weeks ago; what was decided stands in the events (H4). */
static const struct stmt MAINTAIN_PROPOSALS = { "maintain_proposals",
	"DELETE FROM proposal WHERE expires_at < now() - interval '28 days' "
	"AND coalesce(decided_at, expires_at) < now() - interval '28 days'",
	0 };

/* Whoever asks after that starts anew. */
static const struct stmt MAINTAIN_NOTICES = { "maintain_notices",
	"DELETE FROM notice WHERE at < now() - interval '7 days'", 0 };

/* What an interrupted import left; a running one holds the lock. */
static const struct stmt MAINTAIN_STAGING = { "maintain_staging",
	"DELETE FROM import_line WHERE "
	"(SELECT pg_try_advisory_xact_lock(7305, 2))",
	0 };

static const struct stmt MAINTAIN_IMPORTS = { "maintain_imports",
	"UPDATE import SET state = 'failed', finished_at = now() WHERE "
	"state IN ('staging', 'storing') AND created_at < now() - "
	"interval '1 day'",
	0 };

static ERR_FN
partitions(struct ctx *cx, int days, maintain_fn *report, void *arg)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &MAINTAIN_PARTITIONS, &r, DB_INT(days));
	int i;

	if (e != NULL)
		return e;
	for (i = 0; i < rows_count(r); i++)
		report(arg, rows_text(cx, r, i, 0));
	return NULL;
}

struct step {
	const struct stmt *stmt;
	const char *what;
};

static ERR_FN
step(struct ctx *cx, const struct step *s, maintain_fn *report, void *arg)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	if (e != NULL)
		return e;
	e = tx_patience(&tx, STEP_SECONDS);
	if (e != NULL)
		return e;
	e = db_run(cx, s->stmt, NULL, 0, &r);
	if (e != NULL)
		return e;
	if (rows_affected(r) > 0)
		report(arg, arena_printf(cx->arena, "%" PRId64 " %s",
				rows_affected(r), s->what));
	return tx_commit(&tx);
}

const struct err *
maintain_run(
    struct ctx *cx, int keep_events_days, maintain_fn *report, void *arg)
{
	static const struct step steps[] = {
		{ &MAINTAIN_APPROVALS, "old approvals deleted" },
		{ &MAINTAIN_GUESSES, "old guess counts deleted" },
		{ &MAINTAIN_PROPOSALS, "old proposals deleted" },
		{ &MAINTAIN_NOTICES, "old notices deleted" },
		{ &MAINTAIN_STAGING, "staged import lines deleted" },
		{ &MAINTAIN_IMPORTS, "interrupted imports closed" },
	};
	const struct err *e = partitions(cx, keep_events_days, report, arg);
	size_t i;

	for (i = 0; e == NULL && i < sizeof(steps) / sizeof(steps[0]); i++)
		e = step(cx, &steps[i], report, arg);
	return e;
}

const struct stmt *const maintain_stmts[] = { &MAINTAIN_PARTITIONS,
	&MAINTAIN_APPROVALS, &MAINTAIN_GUESSES, &MAINTAIN_PROPOSALS,
	&MAINTAIN_NOTICES, &MAINTAIN_STAGING, &MAINTAIN_IMPORTS, NULL };
