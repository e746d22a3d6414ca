#include "store/statements.h"

#include "store/event.h"
#include "store/feed.h"

const struct stmt *const *const store_statements[] = {
	event_stmts,
	feed_stmts,
	NULL,
};
