#include "base/err.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"

const struct err ERR_BAD_REQUEST = { KIND_INVALID, "bad-request",
	"The request is malformed." };
const struct err ERR_NOT_FOUND = { KIND_NOT_FOUND, "not-found",
	"There is no such thing here." };
const struct err ERR_CONFLICT = { KIND_CONFLICT, "conflict",
	"This conflicts with what is stored." };
const struct err ERR_STORE = { KIND_UNAVAILABLE, "store-unavailable",
	"The service cannot reach its database; try again shortly." };
const struct err ERR_INTERNAL = { KIND_INTERNAL, "internal",
	"The service failed; the operator can find the cause by the request "
	"id." };

const struct err *
fail(struct ctx *cx, const struct err *e, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	cx->reason = arena_strdup(cx->arena, reason);
	LOG(cx, "refused", LOG_S("code", e->code), LOG_S("reason", reason));
	return e;
}
