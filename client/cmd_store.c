#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cfg.h"
#include "base/clock.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/store_env.h"
#include "store/maintain.h"
#include "store/migrate.h"

#define MIGRATIONS "db/migrations"
#define INSTALLED_MIGRATIONS "/usr/share/latchkey/migrations"
#define EVENT_DAYS 400
#define RETRY_SECONDS 10

static const struct option_row migrate_options[] = {
	{ "migrations", "DIR", "the SQL files (those beside this program)",
	    false },
	{ "wait", "SECONDS", "how long a database may take to come up (0)",
	    false },
	OPTIONS_END,
};

static const struct option_row maintain_options[] = {
	{ "keep-events", "DAYS", "how long the audit trail is kept (400)",
	    false },
	{ "every", "TIME", "again and again, like 1d, until it is stopped",
	    false },
	OPTIONS_END,
};

/* The migrations of the tree that this program was built in, else those
 * that were installed. */
static const char *
find_migrations(struct ctx *cx)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	while (n > 0) {
		const char *dir;

		exe[n] = '\0';
		n = strrchr(exe, '/') - exe;
		dir =
		    arena_printf(cx->arena, "%.*s/%s", (int)n, exe, MIGRATIONS);
		if (disk_exists(dir))
			return dir;
	}
	return INSTALLED_MIGRATIONS;
}

static void
say_migrated(void *arg, const char *name, bool now)
{
	(void)arg;
	printf("%s %s\n", name, now ? "applied" : "was there");
}

static void
say_maintained(void *arg, const char *what)
{
	(void)arg;
	printf("%s\n", what);
}

/* On a connection of its own: its statements need the schema to be there. */
static const struct err *
maintain(struct cli *cli, int keep_events_days)
{
	static const struct stmt *const *const lists[] = { maintain_stmts,
		NULL };
	const struct err *e = store_env_db(cli, lists);

	if (e != NULL)
		return e;
	e = maintain_run(&cli->cx, keep_events_days, say_maintained, NULL);
	db_free(cli->cx.db);
	return e;
}

static const struct err *
migrate_once(struct cli *cli, struct migrate *m)
{
	const struct err *e = store_env_db(cli, NULL);

	if (e != NULL)
		return e;
	e = migrate_run(&cli->cx, m);
	db_free(cli->cx.db);
	return e;
}

static const struct err *
run_migrate(struct cli *cli)
{
	const long range[3] = { 0, 3600, 0 };
	struct migrate m = { .dir = cli_option(cli, "migrations"),
		.report = say_migrated };
	int64_t until;
	const struct err *e;
	long wait;

	e = cli_number(cli, "wait", range, &wait);
	if (e != NULL)
		return e;
	if (m.dir == NULL)
		m.dir = find_migrations(&cli->cx);
	until = clock_mono_us() + wait * INT64_C(1000000);
	while ((e = migrate_once(cli, &m)) == &ERR_STORE &&
	       clock_mono_us() < until)
		(void)sleep(1);
	/* A table without partitions takes no rows. */
	return e != NULL ? e : maintain(cli, EVENT_DAYS);
}

/* Sleeps; false if the process is to end.  As a container's first process it
 * would not notice unless it asked. */
static bool
stays(int64_t seconds)
{
	const struct timespec time = { .tv_sec = seconds };
	sigset_t ends;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	return sigtimedwait(&ends, NULL, &time) < 0 && errno == EAGAIN;
}

/* What fails is tried again soon: the database may be away for a while. */
static const struct err *
maintain_every(struct cli *cli, int64_t seconds, int keep_events_days)
{
	const struct err *e = NULL;

	do {
		cli->cx.now = clock_now();
		e = maintain(cli, keep_events_days);
		if (e != NULL)
			fprintf(stderr, "latchkey: %s\n",
			    cli->cx.reason != NULL ? cli->cx.reason : e->title);
		(void)fflush(stdout);
		arena_reset(cli->cx.arena);
	} while (stays(e != NULL ? RETRY_SECONDS : seconds));
	return NULL;
}

static const struct err *
run_maintain(struct cli *cli)
{
	const long range[3] = { 1, 36500, EVENT_DAYS };
	const char *every = cli_option(cli, "every");
	const struct err *e;
	int64_t seconds;
	long days;

	e = cli_number(cli, "keep-events", range, &days);
	if (e != NULL)
		return e;
	if (every == NULL)
		return maintain(cli, (int)days);
	if (!cfg_duration(every, &seconds) || seconds == 0)
		return fail(&cli->cx, &ERR_USAGE,
		    "--every takes a time like 12h or 1d, not \"%s\"", every);
	return maintain_every(cli, seconds, (int)days);
}

const struct command store_commands[] = {
	{ "migrate", "", "brings the database to this version's schema",
	    migrate_options, run_migrate, NULL },
	{ "maintain", "", "makes partitions ahead, drops what is over",
	    maintain_options, run_maintain,
	    "To be run once a day, or with --every 1d." },
	{ .name = NULL },
};
