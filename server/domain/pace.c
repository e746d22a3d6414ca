#include "domain/pace.h"

#include "store/approval.h"

#define REQUESTS_PER_UNIT 30
#define WAIT_SECONDS 600

/* From 5 to 9 seconds at first to 45 to 59 after ten minutes. */
#define RETRY_LEAST 5
#define RETRY_MOST 45
#define RETRY_GROWS 15 /* a second more for so many of age */

static const struct err ERR_TOO_MANY = { KIND_BUSY, "slow_down",
	"This device asks too often: wait ten minutes." };

const struct err *
pace_request(struct ctx *cx, const struct unit *unit)
{
	const struct err *e;
	int64_t recent;

	e = approval_count_recent(cx, unit->birth_id, &recent);
	if (e != NULL || recent < REQUESTS_PER_UNIT)
		return e;
	cx->retry_after = WAIT_SECONDS;
	return fail(
	    cx, &ERR_TOO_MANY, "unit made %d requests", REQUESTS_PER_UNIT);
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
