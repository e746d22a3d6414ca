#include "base/arena.h"
#include "base/mem.h"
#include "http/http.h"

void
reply_header(struct reply *rs, const char *name, const char *value)
{
	must(rs->nheaders < REPLY_HEADERS);
	rs->header[rs->nheaders].name = name;
	rs->header[rs->nheaders].value = value;
	rs->nheaders++;
}

void
reply_body(struct reply *rs, int status, const char *type, struct bytes body)
{
	rs->status = status;
	rs->type = type;
	rs->body = body;
}

void
reply_json(struct reply *rs, int status, struct bytes json)
{
	reply_body(rs, status, "application/json", json);
	reply_header(rs, "Cache-Control", "no-store");
}

void
reply_retry_after(struct ctx *cx, struct reply *rs, int seconds)
{
	reply_header(rs, "Retry-After", arena_printf(cx->arena, "%d", seconds));
}
