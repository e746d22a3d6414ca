#include "store/health.h"

static const struct stmt days_stmt = { "health_days",
	"SELECT partition_days_ahead()", 0 };

const struct err *
health_partition_days(struct ctx *cx, int64_t *days)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &days_stmt, NULL, 0, &r);

	if (e == NULL)
		*days = rows_int(r, 0, 0);
	return e;
}

static const struct stmt standby_stmt = { "health_standby",
	"SELECT current_setting('synchronous_standby_names') = '' AND "
	"EXISTS (SELECT FROM pg_stat_replication)",
	0 };

const struct err *
health_standby_may_lag(struct ctx *cx, bool *yes)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &standby_stmt, NULL, 0, &r);

	if (e == NULL)
		*yes = rows_bool(r, 0, 0);
	return e;
}

const struct stmt *const health_stmts[] = { &days_stmt, &standby_stmt, NULL };
