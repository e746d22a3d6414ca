#include "base/arena.h"
#include "domain/csrattrs.h"
#include "http/handlers.h"

bool
quick_csrattrs(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return get_csrattrs(cx, rq, rs) == NULL;
}

const struct err *
get_csrattrs(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct bytes der;
	const struct err *e = csrattrs_get(cx, rq->label, &der);

	if (e != NULL)
		return e;
	if (der.n == 0)
		reply_body(rs, 204, NULL, BYTES_NONE);
	else
		reply_body(rs, 200, "application/csrattrs",
		    bytes_str(arena_printf(
			cx->arena, "%s\n", bytes_b64(cx->arena, der))));
	return NULL;
}
