#include "store/chain.h"

#include "base/arena.h"
#include "store/feed_page.h"

#define PAGE FEED_PAGE("", "2000")

static const struct stmt CHAIN_HEAD = { "chain_head",
	"SELECT epoch, position, sha256 FROM feed_head", 0 };

/* The content as feed_append has it. */
static const struct stmt CHAIN_READ = { "chain_read",
	"SELECT epoch, position, previous_sha256, sha256, concat_ws('|', "
	"epoch, position, extract(epoch FROM at), kind, "
	"coalesce(device_id::text, '-'), "
	"coalesce(encode(serial, 'hex'), '-'), coalesce(service_name, '-'), "
	"coalesce(extract(epoch FROM until)::text, '-'), reason, subject, "
	"extract(epoch FROM window_from), extract(epoch FROM window_to)) "
	"FROM " PAGE "WHERE " FEED_PAGE_END "ORDER BY epoch, position",
	4 };

const struct err *
chain_head(struct ctx *cx, struct chain_entry *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &CHAIN_HEAD, NULL, 0, &r);

	if (e != NULL)
		return e;
	if (rows_count(r) != 1)
		return fail(cx, &ERR_NOT_FOUND, "the feed has no head");
	*out = (struct chain_entry){ .epoch = rows_int(r, 0, 0),
		.position = rows_int(r, 0, 1),
		.sha256 = rows_bytes(cx, r, 0, 2) };
	return NULL;
}

const struct err *
chain_read(struct ctx *cx, const struct chain_entry *after,
    const struct chain_entry *upto, struct chain_entry **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CHAIN_READ, &r, DB_INT(after->epoch),
	    DB_INT(after->position), DB_INT(upto->epoch),
	    DB_INT(upto->position));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++)
		(*out)[i] = (struct chain_entry){ rows_int(r, i, 0),
			rows_int(r, i, 1), rows_bytes(cx, r, i, 2),
			rows_bytes(cx, r, i, 3), rows_text(cx, r, i, 4) };
	return NULL;
}

const struct stmt *const chain_stmts[] = { &CHAIN_HEAD, &CHAIN_READ, NULL };
