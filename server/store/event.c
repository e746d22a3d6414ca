#include "store/event.h"

static const struct stmt EVENT_ADD = { "event_add",
	"INSERT INTO event (kind, request_id, manufacturer_id, birth_id, "
	"device_id, owner_id, approval_id, admin_token_id, code, detail) "
	"VALUES ($1, $2, $3, nullif($4::bigint, 0), $5::uuid, $6::uuid, "
	"$7::uuid, $8, $9, $10)",
	10 };

const struct err *
event_add(struct ctx *cx, const struct event *ev)
{
	if (ev->code != NULL)
		cx->recorded = true;
	return DB_RUN(cx, &EVENT_ADD, NULL, DB_TEXT(ev->kind), DB_TEXT(cx->rid),
	    DB_TEXT(ev->manufacturer_id), DB_INT(ev->birth_id),
	    DB_TEXT(ev->device_id), DB_TEXT(ev->owner_id),
	    DB_TEXT(ev->approval_id), DB_TEXT(ev->admin_token_id),
	    DB_TEXT(ev->code), DB_TEXT(ev->detail));
}

const struct stmt *const event_stmts[] = { &EVENT_ADD, NULL };
