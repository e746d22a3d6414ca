#include "domain/ops.h"

#include "store/consumer.h"
#include "store/health.h"

static const struct err ERR_PARTITIONS = { KIND_UNAVAILABLE, "no-partitions",
	"The database has no partition for new rows; run latchkey maintain." };

const struct err *
ops_ready(struct ctx *cx, struct ops_state *out)
{
	const struct err *e;

	e = db_check(cx);
	if (e != NULL)
		return e;
	e = health_partition_days(cx, &out->partition_days);
	if (e != NULL)
		return e;
	e = consumer_alerts(cx, &out->alerts);
	if (e != NULL)
		return e;
	e = health_standby_may_lag(cx, &out->standby_may_lag);
	if (e != NULL)
		return e;
	out->partitions_low = out->partition_days < OPS_LEAST_PARTITION_DAYS;
	if (out->partition_days < 0)
		return fail(cx, &ERR_PARTITIONS, "ready: partitions ended");
	return NULL;
}
