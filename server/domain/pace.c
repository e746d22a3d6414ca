#include "domain/pace.h"

#include "store/approval.h"

#define REQUESTS_PER_UNIT 30
#define WAIT_SECONDS 600

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
