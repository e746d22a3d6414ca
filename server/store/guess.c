#include "store/guess.h"

#define SLOTS 10

/* A window is counted in tenths of it, and as many as touch it are added up:
 * no interval of its length has more than the limit, wherever it begins.  Rows
 * of the tenths before are locked, so that a try which is being taken there is
 * seen; from the oldest on and then its own, so that none waits in a circle. */
static const struct stmt GUESS_TAKE = { "guess_take",
	"WITH old AS (SELECT n FROM guess WHERE bucket = $1 AND key = $2 AND "
	"window_start >= to_timestamp($4::bigint) AND "
	"window_start < to_timestamp($3::bigint) "
	"ORDER BY window_start FOR UPDATE), "
	"total AS (SELECT coalesce(sum(n), 0) AS n FROM old), "
	"taken AS (INSERT INTO guess AS g (bucket, key, window_start, n) "
	"SELECT $1, $2, to_timestamp($3::bigint), $5::int FROM total "
	"ON CONFLICT (bucket, key, window_start) DO UPDATE SET "
	"n = g.n + EXCLUDED.n RETURNING n) "
	"SELECT taken.n + total.n FROM taken, total",
	5 };

static const struct stmt GUESS_OLDEST = { "guess_oldest",
	"SELECT extract(epoch FROM min(window_start))::bigint FROM guess "
	"WHERE bucket = $1 AND key = $2 AND n > 0 AND "
	"window_start >= to_timestamp($3::bigint)",
	3 };

static const struct stmt GUESS_COUNT = { "guess_count",
	"SELECT coalesce(sum(n), 0)::bigint FROM guess WHERE bucket = $1 AND "
	"key = $2 AND window_start >= to_timestamp($3::bigint)",
	3 };

static const struct stmt GUESS_GIVE_BACK = { "guess_give_back",
	"UPDATE guess SET n = n - 1 WHERE bucket = $1 AND key = $2 AND "
	"window_start = to_timestamp($3::bigint)",
	3 };

static int64_t
slot_of(int64_t now, int64_t window)
{
	return now / (window / SLOTS) * (window / SLOTS);
}

int64_t
guess_since(int64_t now, int64_t window)
{
	return slot_of(now, window) - window;
}

const struct err *
guess_take_many(
    struct ctx *cx, const struct guess_of *of, int64_t many, int64_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &GUESS_TAKE, &r, DB_TEXT(of->bucket),
	    DB_SHA(of->key), DB_INT(slot_of(cx->now, of->window)),
	    DB_INT(guess_since(cx->now, of->window)), DB_INT(many));

	if (e != NULL)
		return e;
	*n = rows_int(r, 0, 0);
	return NULL;
}

const struct err *
guess_count(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &GUESS_COUNT, &r, DB_TEXT(bucket),
	    DB_SHA(key), DB_INT(guess_since(cx->now, window)));

	if (e == NULL)
		*n = rows_int(r, 0, 0);
	return e;
}

const struct err *
guess_take(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *n)
{
	struct guess_of of = { .bucket = bucket, .window = window };

	memcpy(of.key, key, sizeof(of.key));
	return guess_take_many(cx, &of, 1, n);
}

const struct err *
guess_give_back(
    struct ctx *cx, const char *bucket, const uint8_t key[32], int64_t window)
{
	return DB_RUN(cx, &GUESS_GIVE_BACK, NULL, DB_TEXT(bucket), DB_SHA(key),
	    DB_INT(slot_of(cx->now, window)));
}

const struct err *
guess_wait(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *seconds)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &GUESS_OLDEST, &r, DB_TEXT(bucket),
	    DB_SHA(key), DB_INT(guess_since(cx->now, window)));
	int64_t oldest;

	if (e != NULL)
		return e;
	oldest = rows_int(r, 0, 0);
	*seconds = oldest + window + window / SLOTS - cx->now;
	if (oldest == 0 || *seconds < 1)
		*seconds = 1;
	return NULL;
}

const struct stmt *const guess_stmts[] = { &GUESS_TAKE, &GUESS_OLDEST,
	&GUESS_COUNT, &GUESS_GIVE_BACK, NULL };
