#include "domain/expiring.h"

#include "base/clock.h"
#include "base/limits.h"

#define LOOK_EVERY_MS 10000
#define REST_LEAST 300
#define REST_TIMES 20
#define DAY 86400
#define SECOND_US 1000000

/* Ends early with the task: another node, or the next start, counts then. */
static ERR_FN
count(struct task *t, struct ctx *cx, int64_t first)
{
	int64_t began = clock_mono_us(), rest, day;
	struct expiry sum = { 0 };
	const struct err *e = NULL;

	for (day = first; e == NULL && day <= cx->now; day += DAY) {
		if (task_ends(t, 0))
			return NULL;
		e = expiry_count(cx, day, &sum);
	}
	if (e != NULL)
		return e;
	rest = REST_TIMES * (clock_mono_us() - began) / SECOND_US;
	return expiry_keep(cx, &sum, rest > REST_LEAST ? rest : REST_LEAST);
}

static ERR_FN
look(struct task *t, struct ctx *cx, void *arg, int *wait_ms)
{
	const struct err *e;
	int64_t first;
	bool due;

	(void)arg;
	*wait_ms = LOOK_EVERY_MS;
	e = expiry_claim(cx, &due, &first);
	return e != NULL || !due ? e : count(t, cx, first);
}

const struct err *
expiring_look(struct ctx *cx, struct expiry *out)
{
	return expiry_get(cx, out);
}

static const struct stmt *const *const STATEMENTS[] = { expiry_stmts, NULL };

const struct task_kind EXPIRY_COUNTER = {
	.name = "expiry",
	.channel = "latchkey_expiry",
	.statements = STATEMENTS,
	.arena_bytes = LIMIT_ARENA,
	.last = true,
	.turn = look,
};
