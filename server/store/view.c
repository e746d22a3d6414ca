#include "store/view.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "store/feed_page.h"

/* Entries of one answer: a start reads millions without holding them. */
#define PAGE       \
	FEED_PAGE( \
	    "AND (until IS NULL OR until > to_timestamp($5::bigint))", "5000")

static const struct stmt VIEW_GET_HEAD = { "view_head",
	"SELECT epoch, position, sha256 FROM feed_head", 0 };

const struct err *
view_read_head(struct ctx *cx, struct view_mark *head)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &VIEW_GET_HEAD, NULL, 0, &r);

	if (e != NULL)
		return e;
	if (rows_count(r) != 1)
		return fail(cx, &ERR_INTERNAL, "view: the feed has no head");
	head->epoch = rows_int(r, 0, 0);
	head->position = rows_int(r, 0, 1);
	rows_sha(cx, r, 0, 2, head->sha256);
	return NULL;
}

static const struct stmt VIEW_GET_HOLDS = { "view_holds",
	"SELECT EXISTS (SELECT FROM revocation WHERE epoch = $1::int AND "
	"position = $2::bigint AND sha256 = $3)",
	3 };

const struct err *
view_mark_holds(struct ctx *cx, const struct view_mark *mark, bool *holds)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &VIEW_GET_HOLDS, &r,
	    DB_INT(mark->epoch), DB_INT(mark->position), DB_SHA(mark->sha256));

	if (e == NULL)
		*holds = rows_bool(r, 0, 0);
	return e;
}

static const struct stmt VIEW_GET_ENTRIES = { "view_entries",
	"SELECT kind, CASE kind WHEN 'certificate' THEN serial "
	"WHEN 'known' THEN decode(subject, 'hex') "
	"ELSE uuid_send(device_id) END, extract(epoch FROM until)::bigint, "
	"service_name, epoch, position, "
	"int8send(floor(extract(epoch FROM window_from))::bigint) || "
	"int8send(ceil(extract(epoch FROM window_to))::bigint) "
	"FROM " PAGE "WHERE " FEED_PAGE_END "ORDER BY epoch, position",
	5 };

/* A row that names nothing can refuse nothing: it is reported and kept with
 * an id of zeros, which nobody has, so that those after it are still read. */
static void
entry_row(struct ctx *cx, const struct rows *r, int row, struct view_entry *out)
{
	static const char *const kinds[] = { "certificate", "device",
		"quarantine", "lift", "service", "removed", "window", "known" };
	const char *kind = rows_text(cx, r, row, 0);
	size_t k;

	for (k = 0; k < VIEW_KNOWN; k++)
		if (strcmp(kind, kinds[k]) == 0)
			break;
	out->kind = (enum view_kind)k;
	out->until = rows_int(r, row, 2);
	out->service = rows_text(cx, r, row, 3);
	out->epoch = rows_int(r, row, 4);
	out->position = rows_int(r, row, 5);
	if (k == VIEW_REMOVED)
		return;
	if (k == VIEW_SERVICE ? out->service != NULL
			      : view_id_of_serial(rows_bytes(cx, r, row,
						      k == VIEW_WINDOW ? 6 : 1),
				    out->id))
		return;
	if (out->service == NULL)
		out->service = "";
	LOG(cx, "view.bad-entry", LOG_S("kind", kind),
	    LOG_I("position", out->position));
}

const struct err *
view_read_entries(struct ctx *cx, const struct view_mark *after,
    const struct view_mark *upto, struct view_entry **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &VIEW_GET_ENTRIES, &r,
	    DB_INT(after->epoch), DB_INT(after->position), DB_INT(upto->epoch),
	    DB_INT(upto->position), DB_INT(cx->now));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++)
		entry_row(cx, r, i, &(*out)[i]);
	return NULL;
}

static const struct stmt VIEW_GET_TOPICS = { "view_topics",
	"SELECT s.name, t.publish, t.topic FROM service s LEFT JOIN LATERAL ("
	"SELECT true AS publish, unnest(s.publish) AS topic UNION ALL "
	"SELECT false, unnest(s.subscribe)) t ON true "
	"WHERE s.withdrawn_at IS NULL ORDER BY s.name",
	0 };

const struct err *
view_read_topics(struct ctx *cx, struct view_topic **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &VIEW_GET_TOPICS, NULL, 0, &r);
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++) {
		(*out)[i].service = rows_text(cx, r, i, 0);
		(*out)[i].publish = rows_bool(r, i, 1);
		(*out)[i].topic = rows_text(cx, r, i, 2);
	}
	return NULL;
}

const struct stmt *const view_stmts[] = { &VIEW_GET_HEAD, &VIEW_GET_HOLDS,
	&VIEW_GET_ENTRIES, &VIEW_GET_TOPICS, NULL };

static uint8_t
nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

bool
view_id_of_uuid(const char *uuid, uint8_t id[VIEW_ID_BYTES])
{
	size_t i = 0;

	if (!text_is_uuid(bytes_str(uuid)))
		return false;
	for (; *uuid != '\0'; uuid += 2) {
		if (*uuid == '-')
			uuid++;
		id[i++] = (uint8_t)(nibble(uuid[0]) << 4 | nibble(uuid[1]));
	}
	return true;
}

bool
view_id_of_serial(struct bytes serial, uint8_t id[VIEW_ID_BYTES])
{
	if (serial.n == 0 || serial.n > VIEW_ID_BYTES)
		return false;
	memset(id, 0, VIEW_ID_BYTES);
	memcpy(id + VIEW_ID_BYTES - serial.n, serial.p, serial.n);
	return true;
}
