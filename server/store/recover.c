#include "store/recover.h"

#include "base/arena.h"

#define PATIENCE_SECONDS 3600

static const struct stmt RECOVER_LOCK = { "recover_lock",
	"SELECT FROM feed_head FOR UPDATE", 0 };
static const struct stmt RECOVER_CLEAR = { "recover_clear",
	"TRUNCATE recover_entry, recover_certificate", 0 };

const struct err *
recover_begin(struct ctx *cx, struct tx *tx)
{
	const struct err *e = tx_begin(cx, tx);

	if (e == NULL)
		e = tx_patience(tx, PATIENCE_SECONDS);
	if (e == NULL)
		e = db_run(cx, &RECOVER_LOCK, NULL, 0, NULL);
	return e != NULL ? e : db_run(cx, &RECOVER_CLEAR, NULL, 0, NULL);
}

const struct err *
recover_stage_begin(struct ctx *cx, enum recover_table table)
{
	return db_copy_begin(cx, table == RECOVER_ENTRIES
				     ? "COPY recover_entry FROM STDIN"
				     : "COPY recover_certificate FROM STDIN");
}

const struct err *
recover_stage(struct ctx *cx, const char *row)
{
	const struct err *e = db_copy_data(cx, bytes_str(row));

	return e != NULL ? e : db_copy_data(cx, bytes_str("\n"));
}

const struct err *
recover_stage_end(struct ctx *cx)
{
	return db_copy_end(cx, true);
}

static const struct stmt RECOVER_LOOK = { "recover_look",
	"SELECT h.epoch, h.position, recover_last_known()::text, "
	"(SELECT count(DISTINCT (epoch, position, sha256)) "
	"FROM recover_entry), (SELECT count(*) FROM recover_lost()), "
	"greatest(0, $2::bigint - CASE WHEN $1::int = h.epoch "
	"THEN h.position ELSE 0 END - (SELECT count(DISTINCT position) "
	"FROM recover_entry e WHERE e.epoch = $1::int AND "
	"e.position <= $2::bigint AND (e.epoch, e.position) > "
	"(h.epoch, h.position))), "
	"(SELECT count(DISTINCT c.serial) FROM recover_certificate c "
	"JOIN device d ON d.id = c.device_id WHERE NOT EXISTS "
	"(SELECT FROM certificate o WHERE o.serial = c.serial)) "
	"FROM feed_head h",
	2 };

const struct err *
recover_look(
    struct ctx *cx, const struct view_mark *highest, struct recover_plan *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &RECOVER_LOOK, &r,
	    DB_INT(highest->epoch), DB_INT(highest->position));

	if (e != NULL)
		return e;
	out->head.epoch = rows_int(r, 0, 0);
	out->head.position = rows_int(r, 0, 1);
	out->last_known = rows_text(cx, r, 0, 2);
	out->staged = rows_int(r, 0, 3);
	out->lost = rows_int(r, 0, 4);
	out->gap = rows_int(r, 0, 5);
	out->certificates = rows_int(r, 0, 6);
	return NULL;
}

static const struct stmt RECOVER_APPLY = { "recover_apply",
	"SELECT entries, certificates FROM recover_apply($1::int)", 1 };

const struct err *
recover_apply(struct ctx *cx, int64_t above, struct recovered *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &RECOVER_APPLY, &r, DB_INT(above));

	if (e != NULL)
		return e;
	out->entries = rows_int(r, 0, 0);
	out->certificates = rows_int(r, 0, 1);
	return view_read_head(cx, &out->head);
}

const struct stmt *const recover_stmts[] = { &RECOVER_LOCK, &RECOVER_CLEAR,
	&RECOVER_LOOK, &RECOVER_APPLY, NULL };
