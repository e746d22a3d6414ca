#include "domain/budget.h"

#include "base/net.h"
#include "domain/code.h"
#include "domain/svc.h"
#include "store/guess.h"

enum { OWNER, ADDRESS, UNIT, HELD, SERVICE = HELD };

const struct err ERR_TOO_MANY_TRIES = { KIND_BUSY, "too-many-tries",
	"Too many wrong codes: wait some minutes." };

struct budget {
	const char *bucket, *who; /* NULL: does not count */
	int64_t limit;
};

static struct budget
budget_of(struct ctx *cx, const struct budget_try *t, int which)
{
	const struct settings *set = &cx->svc->set;

	if (which == OWNER)
		return (
		    struct budget){ "owner", t->owner_id, set->guesses_owner };
	if (which == ADDRESS)
		return (struct budget){ "address",
			net_prefix(cx->arena, t->address),
			set->guesses_address };
	if (which == UNIT)
		return (struct budget){ "unit", t->serial, set->guesses_unit };
	return (struct budget){ "service", "", set->guesses_service };
}

static ERR_FN
give_back(struct ctx *cx, const struct budget *b)
{
	uint8_t key[32];

	code_guess_key(cx, b->bucket, b->who, key);
	return guess_give_back(cx, b->bucket, key, cx->svc->set.guess_window);
}

/* What was taken of the others goes with the transaction. */
static ERR_FN
refuse(struct ctx *cx, struct budget_try *t, const struct budget *b)
{
	const struct budget service = budget_of(cx, t, SERVICE);
	const struct err *e;
	int64_t seconds = 0;
	uint8_t key[32];

	tx_end(t->tx);
	e = give_back(cx, &service);
	code_guess_key(cx, b->bucket, b->who, key);
	if (e == NULL)
		e = guess_wait(
		    cx, b->bucket, key, cx->svc->set.guess_window, &seconds);
	cx->retry_after = (int)seconds;
	return e != NULL ? e
			 : fail(cx, &ERR_TOO_MANY_TRIES,
			       "budget of %s is spent", b->bucket);
}

static ERR_FN
take(struct ctx *cx, struct budget_try *t, int which)
{
	const struct budget b = budget_of(cx, t, which);
	const struct err *e;
	uint8_t key[32];
	int64_t n;

	if (b.who == NULL)
		return NULL;
	code_guess_key(cx, b.bucket, b.who, key);
	e = guess_take(cx, b.bucket, key, cx->svc->set.guess_window, &n);
	if (e == NULL && n > b.limit)
		return refuse(cx, t, &b);
	if (e == NULL && n == b.limit)
		t->spends = b.bucket;
	return e;
}

const struct err *
budget_begin(struct ctx *cx, struct budget_try *t)
{
	const struct err *e;
	int which;

	t->spends = NULL;
	e = take(cx, t, SERVICE);
	if (e == NULL)
		e = tx_begin(cx, t->tx);
	for (which = 0; which < HELD && e == NULL; which++)
		e = take(cx, t, which);
	return e;
}

const struct err *
budget_right(struct ctx *cx, const struct budget_try *t)
{
	const struct err *e = NULL;
	struct budget b;
	int which;

	for (which = 0; which < HELD && e == NULL; which++) {
		b = budget_of(cx, t, which);
		if (b.who != NULL)
			e = give_back(cx, &b);
	}
	if (e == NULL)
		e = tx_commit(t->tx);
	b = budget_of(cx, t, SERVICE);
	return e != NULL ? e : give_back(cx, &b);
}

const struct err *
budget_wrong(struct ctx *cx, const struct budget_try *t, const struct event *ev)
{
	const struct err *e = event_add(cx, ev);

	if (e == NULL && t->spends != NULL)
		e = event_add(cx, &(struct event){ .kind = "codes.limited",
				      .owner_id = t->owner_id,
				      .detail = t->spends });
	return e != NULL ? e : tx_commit(t->tx);
}

const struct err *
budget_look(struct ctx *cx, int64_t *taken, int64_t *limit)
{
	const struct budget_try nobody = { .address = "" };
	const struct budget b = budget_of(cx, &nobody, SERVICE);
	uint8_t key[32];

	code_guess_key(cx, b.bucket, b.who, key);
	*limit = b.limit;
	return guess_count(cx, b.bucket, key, cx->svc->set.guess_window, taken);
}
