#include "domain/pace.h"

#include "base/clock.h"
#include "base/net.h"
#include "domain/code.h"
#include "domain/live.h"
#include "domain/rates.h"
#include "domain/svc.h"
#include "store/approval.h"
#include "store/event.h"

#define REQUESTS_PER_UNIT 30
#define WAIT_SECONDS 600

/* From 5 to 9 seconds at first to 45 to 59 after ten minutes. */
#define RETRY_LEAST 5
#define RETRY_MOST 45
#define RETRY_GROWS 15 /* a second more for so many of age */

static const struct err ERR_TOO_MANY = { KIND_BUSY, "too-many-requests",
	"This asks too often: wait as long as Retry-After says." };

/* Each node knows its own codes; there are hardly more nodes than this. */
#define NODES 12
#define ODDS 1000

struct guess_of
pace_tries(struct ctx *cx)
{
	struct guess_of all = { .bucket = "service",
		.window = cx->svc->set.guess_window };

	code_guess_key(cx, all.bucket, "", all.key);
	return all;
}

bool
pace_longer_code(struct ctx *cx, int64_t tries)
{
	int64_t budget = cx->svc->set.guesses_service;

	return tries >= budget || (int64_t)live_count(cx->svc->live) >
				      CODE_USER_SPACE / ODDS / NODES / budget;
}

const struct err *
pace_unit(struct ctx *cx, int64_t recent)
{
	if (recent < REQUESTS_PER_UNIT)
		return NULL;
	cx->retry_after = WAIT_SECONDS;
	return fail(
	    cx, &ERR_TOO_MANY, "unit made %d requests", REQUESTS_PER_UNIT);
}

const struct err *
pace_request(struct ctx *cx, const struct unit *unit)
{
	int64_t recent;
	const struct err *e =
	    approval_count_recent(cx, unit->birth_id, &recent);

	return e != NULL ? e : pace_unit(cx, recent);
}

struct source {
	const char *what, *who;
	int64_t limit;
};

/* One of them; the first refusal in a while leaves that event. */
static ERR_FN
take(struct ctx *cx, const struct source *s, struct event limited)
{
	const struct rate rate = { s->limit, WAIT_SECONDS };
	const struct err *e = NULL;
	struct rates_answer a;
	uint8_t key[32];

	code_guess_key(cx, s->what, s->who, key);
	a = rates_take(cx->svc->rates, key, &rate, clock_mono_us());
	if (a.ok)
		return NULL;
	limited.kind = "requests.limited";
	limited.detail = s->what;
	if (a.first)
		e = event_add(cx, &limited);
	cx->retry_after = (int)a.wait;
	return e != NULL ? e : fail(cx, &ERR_TOO_MANY, "budget of %s", s->what);
}

const struct err *
pace_source(struct ctx *cx, const struct unit *unit, const char *address)
{
	const struct settings *set = &cx->svc->set;
	const struct source from = { "requests-address",
		net_prefix(cx->arena, address), set->requests_address };
	const struct source of = { "requests-model", unit->model_id,
		set->requests_model };
	const struct event limited = { .manufacturer_id = unit->manufacturer_id,
		.birth_id = unit->birth_id };
	const struct err *e = take(cx, &from, limited);

	return e != NULL ? e : take(cx, &of, limited);
}

const struct err *
pace_question(struct ctx *cx, const char *address)
{
	const struct source from = { "questions-address",
		net_prefix(cx->arena, address), cx->svc->set.requests_address };

	return take(cx, &from, (struct event){ .kind = NULL });
}

int
pace_retry_after(int64_t age, uint32_t random)
{
	int base = RETRY_LEAST, spread;

	if (age > 0)
		base += (int)(age / RETRY_GROWS < RETRY_MOST - RETRY_LEAST
				  ? age / RETRY_GROWS
				  : RETRY_MOST - RETRY_LEAST);
	spread = base / 3 > RETRY_LEAST ? base / 3 : RETRY_LEAST;
	return base + (int)(random % (uint32_t)spread);
}
