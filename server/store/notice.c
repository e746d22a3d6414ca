#include "store/notice.h"

#include "base/arena.h"
#include "base/limits.h"

static const struct stmt NOTICE_HEAD = { "notice_head",
	"SELECT epoch, coalesce((SELECT position FROM notice_head "
	"WHERE owner_id = $1::uuid), 0) FROM feed_head",
	1 };

static const struct stmt NOTICE_LIST = { "notice_list",
	"SELECT position, extract(epoch FROM at)::bigint, kind, approval_id, "
	"device_id FROM notice WHERE owner_id = $1::uuid AND position > $2 "
	"ORDER BY position LIMIT $3",
	3 };

static const struct stmt NOTICE_RECENT_OWNERS = { "notice_recent_owners",
	"SELECT DISTINCT owner_id FROM notice WHERE "
	"at > now() - make_interval(secs => $1::int)",
	1 };

const struct err *
notice_head(
    struct ctx *cx, const char *owner_id, int64_t *epoch, int64_t *position)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &NOTICE_HEAD, &r, DB_TEXT(owner_id));

	if (e != NULL)
		return e;
	*epoch = rows_int(r, 0, 0);
	*position = rows_int(r, 0, 1);
	return NULL;
}

const struct err *
notice_list(struct ctx *cx, const char *owner_id, int64_t after, int64_t limit,
    struct notice **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &NOTICE_LIST, &r, DB_TEXT(owner_id),
	    DB_INT(after), DB_INT(limit));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++)
		(*out)[i] = (struct notice){
			.position = rows_int(r, i, 0),
			.at = rows_int(r, i, 1),
			.kind = rows_text(cx, r, i, 2),
			.approval_id = rows_text(cx, r, i, 3),
			.device_id = rows_text(cx, r, i, 4),
		};
	return NULL;
}

const struct err *
notice_recent_owners(struct ctx *cx, int seconds,
    void (*fn)(void *arg, const char *owner_id), void *arg)
{
	AUTO_STRUCT(rows) *r = NULL;
	AUTO_STRUCT(arena) *scratch = NULL;
	struct ctx row = *cx;
	const struct err *e =
	    DB_RUN(cx, &NOTICE_RECENT_OWNERS, &r, DB_INT(seconds));
	int i;

	if (e != NULL)
		return e;
	/* There may be any number, as of decisions. */
	row.arena = scratch = arena_new(LIMIT_ARENA / 16);
	for (i = 0; i < rows_count(r); i++) {
		fn(arg, rows_text(&row, r, i, 0));
		arena_reset(scratch);
	}
	return NULL;
}

const struct stmt *const notice_stmts[] = { &NOTICE_HEAD, &NOTICE_LIST,
	&NOTICE_RECENT_OWNERS, NULL };
