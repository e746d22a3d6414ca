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

const struct stmt *const health_stmts[] = { &days_stmt, NULL };
