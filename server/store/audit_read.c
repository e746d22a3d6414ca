#include "store/audit_read.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/text.h"

/* The cursor is the primary key: microseconds since 1970, "_", the id. */
static const struct stmt AUDIT_LIST = { "audit_list",
	"SELECT id, to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), kind, "
	"request_id, manufacturer_id, birth_id, device_id, owner_id, "
	"approval_id, admin_token_id, code, detail, "
	"(extract(epoch FROM at) * 1000000)::bigint || '_' || id "
	"FROM event WHERE ($1::uuid IS NULL OR device_id = $1::uuid) AND "
	"($2::text IS NULL OR request_id = $2) AND "
	"($3::text IS NULL OR (at, id) > (timestamptz '1970-01-01Z' + "
	"split_part($3, '_', 1)::bigint * interval '1 microsecond', "
	"split_part($3, '_', 2)::uuid)) AND "
	"($5::text IS NULL OR kind = $5) ORDER BY at, id LIMIT $4",
	5 };

static const struct stmt AUDIT_OF_DEVICE = { "audit_of_device",
	"SELECT extract(epoch FROM at)::bigint, kind, "
	"(extract(epoch FROM at) * 1000000)::bigint || '_' || id FROM event "
	"WHERE device_id = $1::uuid AND ($2::text IS NULL OR (at, id) < "
	"(timestamptz '1970-01-01Z' + split_part($2, '_', 1)::bigint * "
	"interval '1 microsecond', split_part($2, '_', 2)::uuid)) "
	"ORDER BY at DESC, id DESC LIMIT $3",
	3 };

bool
audit_cursor_valid(const char *cursor)
{
	const char *id = strchrnul(cursor, '_');
	const char *p;

	if (*id == '\0' || id == cursor || id - cursor > 18)
		return false;
	for (p = cursor; p < id; p++)
		if (!isdigit((unsigned char)*p))
			return false;
	return text_is_uuid(bytes_str(id + 1));
}

static void
read_audit(struct ctx *cx, const struct rows *r, int i, struct audit_row *a)
{
	a->id = rows_text(cx, r, i, 0);
	a->at = rows_text(cx, r, i, 1);
	a->kind = rows_text(cx, r, i, 2);
	a->request_id = rows_text(cx, r, i, 3);
	a->manufacturer_id = rows_text(cx, r, i, 4);
	a->birth_id = rows_text(cx, r, i, 5);
	a->device_id = rows_text(cx, r, i, 6);
	a->owner_id = rows_text(cx, r, i, 7);
	a->approval_id = rows_text(cx, r, i, 8);
	a->admin_token_id = rows_text(cx, r, i, 9);
	a->code = rows_text(cx, r, i, 10);
	a->detail = rows_text(cx, r, i, 11);
	a->cursor = rows_text(cx, r, i, 12);
}

const struct err *
audit_list(struct ctx *cx, const struct audit_query *q, struct audit_row **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &AUDIT_LIST, &r, DB_TEXT(q->device_id),
	    DB_TEXT(q->request_id), DB_TEXT(q->after), DB_INT(q->limit),
	    DB_TEXT(q->kind));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_audit(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
audit_of_device(struct ctx *cx, const struct audit_query *q,
    struct audit_step **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &AUDIT_OF_DEVICE, &r,
	    DB_TEXT(q->device_id), DB_TEXT(q->after), DB_INT(q->limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n; i++)
		(*out)[i] = (struct audit_step){ rows_int(r, (int)i, 0),
			rows_text(cx, r, (int)i, 1),
			rows_text(cx, r, (int)i, 2) };
	return NULL;
}

const struct stmt *const audit_stmts[] = { &AUDIT_LIST, &AUDIT_OF_DEVICE,
	NULL };
