#include "store/guess.h"

static const struct stmt GUESS_TAKE = { "guess_take",
	"INSERT INTO guess AS g (bucket, key, window_start, n) "
	"VALUES ($1, $2, to_timestamp($3::bigint), 1) "
	"ON CONFLICT (bucket, key, window_start) DO UPDATE SET n = g.n + 1 "
	"RETURNING n",
	3 };

static const struct stmt GUESS_GIVE_BACK = { "guess_give_back",
	"UPDATE guess SET n = n - 1 WHERE bucket = $1 AND key = $2 AND "
	"window_start = to_timestamp($3::bigint)",
	3 };

const struct err *
guess_take(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &GUESS_TAKE, &r, DB_TEXT(bucket),
	    DB_SHA(key), DB_INT(cx->now / window * window));

	if (e != NULL)
		return e;
	*n = rows_int(r, 0, 0);
	return NULL;
}

const struct err *
guess_give_back(
    struct ctx *cx, const char *bucket, const uint8_t key[32], int64_t window)
{
	return DB_RUN(cx, &GUESS_GIVE_BACK, NULL, DB_TEXT(bucket), DB_SHA(key),
	    DB_INT(cx->now / window * window));
}

const struct stmt *const guess_stmts[] = { &GUESS_TAKE, &GUESS_GIVE_BACK,
	NULL };
