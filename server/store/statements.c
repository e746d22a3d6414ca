#include "store/statements.h"

#include "store/approval.h"
#include "store/birth.h"
#include "store/certificate.h"
#include "store/device.h"
#include "store/event.h"
#include "store/feed.h"
#include "store/guess.h"
#include "store/health.h"

const struct stmt *const *const store_statements[] = {
	approval_stmts,
	birth_stmts,
	certificate_stmts,
	device_stmts,
	event_stmts,
	feed_stmts,
	guess_stmts,
	health_stmts,
	NULL,
};
