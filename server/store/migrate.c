#include "store/migrate.h"

#include <ctype.h>
#include <dirent.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "store/db_internal.h"

#define MIGRATIONS_MAX 1000
#define MIGRATION_BYTES (256 * KIB)
/* Requests of the service lock tables in another order than a migration may,
 * and Postgres ends one of both. */
#define DEADLOCKS_MAX 20

AUTO_DEFINE(PGresult, PQclear);
AUTO_DEFINE(DIR, (void)closedir);

const struct err ERR_MIGRATE = { KIND_INTERNAL, "migrate",
	"The schema could not be brought up to date." };

struct migration {
	int version;
	const char *name; /* of the file */
};

/* Runs SQL, which may be several statements, without a time limit. */
static ERR_FN
run(struct ctx *cx, const char *what, const char *sql)
{
	AUTO(PGresult) *res = PQexec(cx->db->pg, sql);
	ExecStatusType st = PQresultStatus(res);
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	cx->db->collided = state != NULL && strcmp(state, "40P01") == 0;
	if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
		return fail(cx, &ERR_MIGRATE, "%s: %s", what,
		    PQerrorMessage(cx->db->pg));
	return NULL;
}

/* NNNN_name.sql, or nothing that ends in .sql. */
static int
file_version(const char *name)
{
	size_t i;

	for (i = 0; i < 4; i++)
		if (!isdigit((unsigned char)name[i]))
			return 0;
	return name[4] == '_' ? (int)strtol(name, NULL, 10) : 0;
}

static int
by_version(const void *a, const void *b)
{
	const struct migration *x = a, *y = b;

	return (x->version > y->version) - (x->version < y->version);
}

/* The files of the directory; their numbers must be 1, 2, 3 and so on. */
static ERR_FN
list_files(struct ctx *cx, const char *path, struct migration **out, int *n)
{
	AUTO(DIR) *dir = opendir(path);
	struct dirent *d;
	int i;

	if (dir == NULL)
		return fail(cx, &ERR_MIGRATE, "cannot read %s", path);
	*out = arena_alloc(cx->arena, MIGRATIONS_MAX * sizeof(**out));
	*n = 0;
	while ((d = readdir(dir)) != NULL && *n < MIGRATIONS_MAX) {
		size_t len = strlen(d->d_name);

		if (len < 4 || strcmp(d->d_name + len - 4, ".sql") != 0)
			continue;
		(*out)[(*n)++] = (struct migration){ file_version(d->d_name),
			arena_strdup(cx->arena, d->d_name) };
	}
	qsort(*out, (size_t)*n, sizeof(**out), by_version);
	for (i = 0; i < *n; i++)
		if ((*out)[i].version != i + 1)
			return fail(cx, &ERR_MIGRATE,
			    "%s/%s: expected a name like %04d_name.sql", path,
			    (*out)[i].name, i + 1);
	if (*n == 0)
		return fail(cx, &ERR_MIGRATE, "no migrations in %s", path);
	return NULL;
}

static ERR_FN
prepare(struct ctx *cx)
{
	const struct err *e = db_open(cx);

	if (e != NULL)
		return e;
	/* The lock ends with the connection. */
	e = run(cx, "lock",
	    "SET statement_timeout = 0; SET client_min_messages = warning;"
	    "SELECT pg_advisory_lock(7305, 3)");
	if (e != NULL)
		return e;
	return run(cx, "schema_migration",
	    "CREATE TABLE IF NOT EXISTS schema_migration ("
	    "version int PRIMARY KEY, name text NOT NULL, "
	    "sha256 bytea NOT NULL, "
	    "applied_at timestamptz NOT NULL DEFAULT now());"
	    "GRANT SELECT ON schema_migration "
	    "TO latchkey_service, latchkey_broker");
}

/* Runs one statement with the migration's number, name and text. */
static ERR_FN
with_file(struct ctx *cx, const char *sql, const struct migration *m,
    struct bytes text, PGresult **out)
{
	const char *values[] = { arena_printf(cx->arena, "%d", m->version),
		m->name, (const char *)text.p };
	const int lengths[] = { 0, 0, (int)text.n };
	const int formats[] = { 0, 0, 1 };
	ExecStatusType st;

	*out =
	    PQexecParams(cx->db->pg, sql, 3, NULL, values, lengths, formats, 0);
	st = PQresultStatus(*out);
	if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
		return fail(cx, &ERR_MIGRATE, "%s: %s", m->name,
		    PQerrorMessage(cx->db->pg));
	return NULL;
}

/* Whether the file was applied; refuses one that has changed since. */
static ERR_FN
check_applied(
    struct ctx *cx, const struct migration *m, struct bytes text, bool *applied)
{
	AUTO(PGresult) *res = NULL;
	const struct err *e = with_file(cx,
	    "SELECT sha256 = sha256($3::bytea) AND name = $2::text "
	    "FROM schema_migration WHERE version = $1::int",
	    m, text, &res);

	if (e != NULL)
		return e;
	*applied = PQntuples(res) == 1;
	if (*applied && *PQgetvalue(res, 0, 0) != 't')
		return fail(cx, &ERR_MIGRATE,
		    "%s: the file has changed since it was applied", m->name);
	return NULL;
}

static ERR_FN
apply_once(struct ctx *cx, const struct migration *m, struct bytes text)
{
	AUTO(PGresult) *res = NULL;
	const struct err *e = run(cx, m->name, "BEGIN");

	if (e == NULL)
		e = run(cx, m->name, (const char *)text.p); /* ends in NUL */
	if (e == NULL)
		e = with_file(cx,
		    "INSERT INTO schema_migration (version, name, sha256) "
		    "VALUES ($1::int, $2::text, sha256($3::bytea))",
		    m, text, &res);
	return e != NULL ? e : run(cx, m->name, "COMMIT");
}

/* A deadlock is no failure of the file: it is tried again. */
static ERR_FN
apply(struct ctx *cx, const struct migration *m, struct bytes text)
{
	const struct err *e;
	int deadlocks = 0;

	if (strlen((const char *)text.p) != text.n)
		return fail(cx, &ERR_MIGRATE, "%s: holds a NUL byte", m->name);
	for (;;) {
		e = apply_once(cx, m, text);
		if (e == NULL)
			return NULL;
		if (!cx->db->collided || ++deadlocks > DEADLOCKS_MAX ||
		    run(cx, m->name, "ROLLBACK") != NULL)
			break;
	}
	/* What was begun is undone with the connection. */
	db_drop(cx->db);
	return e;
}

/* A schema from a later version of this program is left alone. */
static ERR_FN
check_newest(struct ctx *cx, int newest)
{
	AUTO(PGresult) *res = PQexec(cx->db->pg,
	    "SELECT coalesce(max(version), 0) FROM schema_migration");

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return fail(cx, &ERR_MIGRATE, "%s", PQerrorMessage(cx->db->pg));
	if (strtol(PQgetvalue(res, 0, 0), NULL, 10) > newest)
		return fail(cx, &ERR_MIGRATE,
		    "the schema has version %s, the newest file here %d",
		    PQgetvalue(res, 0, 0), newest);
	return NULL;
}

/* One file, its text in memory of its own. */
static ERR_FN
migrate_file(
    struct ctx *cx, const struct migrate *m, const struct migration *file)
{
	AUTO_STRUCT(arena) *a = arena_new(4 * MIGRATION_BYTES);
	const char *path = arena_printf(a, "%s/%s", m->dir, file->name);
	char why[FILE_WHY_BYTES];
	const struct err *e;
	struct bytes text;
	bool applied = false;

	if (!file_slurp(a, path, MIGRATION_BYTES, &text, why))
		return fail(cx, &ERR_MIGRATE, "%s", why);
	e = check_applied(cx, file, text, &applied);
	if (e == NULL && !applied)
		e = apply(cx, file, text);
	if (e == NULL && m->report != NULL)
		m->report(m->arg, file->name, !applied);
	return e;
}

const struct err *
migrate_run(struct ctx *cx, const struct migrate *m)
{
	struct migration *files = NULL;
	const struct err *e;
	int i, n = 0;

	e = list_files(cx, m->dir, &files, &n);
	if (e == NULL)
		e = prepare(cx);
	if (e == NULL)
		e = check_newest(cx, n);
	for (i = 0; e == NULL && i < n; i++)
		e = migrate_file(cx, m, &files[i]);
	/* The lock and the settings end with the connection. */
	db_drop(cx->db);
	return e;
}
