#include "domain/budget.h"

#include "base/net.h"
#include "domain/code.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/guess.h"

#define BUDGETS 3

const struct err ERR_TOO_MANY_TRIES = { KIND_BUSY, "too-many-tries",
	"Too many wrong codes: wait some minutes." };

struct budget {
	const char *bucket, *who; /* NULL: does not count */
	int64_t limit;
};

static void
budgets(struct ctx *cx, const char *owner_id, const char *address,
    struct budget b[BUDGETS])
{
	const struct settings *set = &cx->svc->set;

	b[0] = (struct budget){ "owner", owner_id, set->guesses_owner };
	b[1] = (struct budget){ "address", net_prefix(cx->arena, address),
		set->guesses_address };
	b[2] = (struct budget){ "service", "", set->guesses_service };
}

/* The record is of the budget's end, once: not of each try after it. */
static ERR_FN
over_budget(
    struct ctx *cx, const char *owner_id, const struct budget *b, int64_t n)
{
	const struct err *e;
	int64_t seconds = 0;
	uint8_t key[32];

	code_guess_key(cx, b->bucket, b->who, key);
	e = guess_wait(cx, b->bucket, key, cx->svc->set.guess_window, &seconds);
	cx->retry_after = (int)seconds;
	if (e == NULL && n == b->limit + 1)
		e = event_add(cx, &(struct event){ .kind = "codes.limited",
				      .owner_id = owner_id,
				      .detail = b->bucket });
	return e != NULL ? e
			 : fail(cx, &ERR_TOO_MANY_TRIES,
			       "budget of %s is spent", b->bucket);
}

const struct err *
budget_take(struct ctx *cx, const char *owner_id, const char *address)
{
	struct budget b[BUDGETS];
	const struct err *e;
	uint8_t key[32];
	int64_t n;
	int i;

	budgets(cx, owner_id, address, b);
	for (i = 0; i < BUDGETS; i++) {
		if (b[i].who == NULL)
			continue;
		code_guess_key(cx, b[i].bucket, b[i].who, key);
		e = guess_take(
		    cx, b[i].bucket, key, cx->svc->set.guess_window, &n);
		if (e != NULL)
			return e;
		if (n > b[i].limit)
			return over_budget(cx, owner_id, &b[i], n);
	}
	return NULL;
}

const struct err *
budget_give_back(struct ctx *cx, const char *owner_id, const char *address)
{
	const struct err *e = NULL;
	struct budget b[BUDGETS];
	uint8_t key[32];
	int i;

	budgets(cx, owner_id, address, b);
	for (i = 0; i < BUDGETS && e == NULL; i++) {
		if (b[i].who == NULL)
			continue;
		code_guess_key(cx, b[i].bucket, b[i].who, key);
		e = guess_give_back(
		    cx, b[i].bucket, key, cx->svc->set.guess_window);
	}
	return e;
}

const struct err *
budget_look(struct ctx *cx, int64_t *taken, int64_t *limit)
{
	struct budget b[BUDGETS];
	uint8_t key[32];

	budgets(cx, NULL, "", b);
	code_guess_key(cx, b[2].bucket, b[2].who, key);
	*limit = b[2].limit;
	return guess_count(
	    cx, b[2].bucket, key, cx->svc->set.guess_window, taken);
}
