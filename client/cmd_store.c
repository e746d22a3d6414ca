#include <unistd.h>

#include "base/arena.h"
#include "base/cfg.h"
#include "base/clock.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/store_env.h"
#include "pki/admin_token.h"
#include "pki/mac.h"
#include "store/admin_token.h"
#include "store/maintain.h"
#include "store/migrate.h"

#define MIGRATIONS "db/migrations"
#define INSTALLED_MIGRATIONS "/usr/share/latchkey/migrations"
#define EVENT_DAYS 400
#define TOKEN_SECONDS (30 * (int64_t)86400)

/* ---- migrate, maintain */

static const struct option_row migrate_options[] = {
	{ "migrations", "DIR", "the SQL files (those beside this program)",
	    false },
	OPTIONS_END,
};

static const struct option_row maintain_options[] = {
	{ "keep-events", "DAYS", "how long the audit trail is kept (400)",
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
run_migrate(struct cli *cli)
{
	struct migrate m = { .dir = cli_option(cli, "migrations"),
		.report = say_migrated };
	const struct err *e = store_env_db(cli, NULL);

	if (e != NULL)
		return e;
	if (m.dir == NULL)
		m.dir = find_migrations(&cli->cx);
	e = migrate_run(&cli->cx, &m);
	db_free(cli->cx.db);
	/* A table without partitions takes no rows. */
	return e != NULL ? e : maintain(cli, EVENT_DAYS);
}

static const struct err *
run_maintain(struct cli *cli)
{
	const long range[3] = { 1, 36500, EVENT_DAYS };
	const struct err *e;
	long days;

	e = cli_number(cli, "keep-events", range, &days);
	return e != NULL ? e : maintain(cli, (int)days);
}

/* ---- operators' tokens */

static const struct stmt *const *const token_lists[] = { admin_token_tool_stmts,
	NULL };

static const struct option_row token_options[] = {
	{ "scopes", "S[,S]...", "what it may do", true },
	{ "expires", "TIME", "how long it is valid, like 12h or 90d (30d)",
	    false },
	OPTIONS_END,
};

/* "a,b" as "a b", which is how scopes are stored. */
static const struct err *
get_scopes(struct cli *cli, const char **out)
{
	char *s = arena_strdup(cli->cx.arena, cli_option(cli, "scopes"));
	char *p;

	for (p = s; *p != '\0'; p++)
		if (*p == ',')
			*p = ' ';
	if (!admin_token_scopes_valid(s))
		return fail(&cli->cx, &ERR_USAGE,
		    "--scopes takes read, registry, revoke, lift, keys, "
		    "tokens in any number, or manufacturer:ID alone");
	*out = s;
	return NULL;
}

static const struct err *
make_token(struct cli *cli, struct admin_token *t, char *text)
{
	struct admin_token_key key;
	struct mac_key *mac;
	const struct err *e = store_env_mac(cli, &mac);

	if (e != NULL)
		return e;
	admin_token_make(mac, text, &key);
	mac_key_free(mac);
	t->id = arena_strdup(cli->cx.arena, key.id);
	memcpy(t->mac, key.mac, sizeof(t->mac));
	return NULL;
}

static const struct err *
run_token_add(struct cli *cli)
{
	struct admin_token t = { .name = cli->arg[0] };
	const char *expires = cli_option(cli, "expires");
	char text[ADMIN_TOKEN_BYTES];
	int64_t seconds = TOKEN_SECONDS;
	const struct err *e;

	if (expires != NULL && (!cfg_duration(expires, &seconds) || !seconds))
		return fail(&cli->cx, &ERR_USAGE,
		    "--expires takes a time like 12h or 90d, not \"%s\"",
		    expires);
	e = get_scopes(cli, &t.scopes);
	if (e == NULL)
		e = make_token(cli, &t, text);
	if (e == NULL)
		e = store_env_db(cli, token_lists);
	if (e != NULL)
		return e;
	t.created_at = cli->cx.now;
	t.expires_at = cli->cx.now + seconds;
	e = admin_token_add(&cli->cx, &t);
	db_free(cli->cx.db);
	if (e == NULL)
		printf("%s\n", text);
	return e;
}

static void
print_time(int64_t t)
{
	char text[CLOCK_TEXT_BYTES];

	clock_text(t, text);
	printf("  %s", text);
}

static const struct err *
run_token_list(struct cli *cli)
{
	struct admin_token *t = NULL;
	size_t i, n = 0;
	const struct err *e = store_env_db(cli, token_lists);

	if (e != NULL)
		return e;
	e = admin_token_list(&cli->cx, &t, &n);
	db_free(cli->cx.db);
	if (e != NULL)
		return e;
	printf("ID        MADE                  EXPIRES               STATE    "
	       "  NAME, SCOPES\n");
	for (i = 0; i < n; i++) {
		const char *state = t[i].withdrawn_at != 0 ? "withdrawn"
				    : t[i].expires_at <= cli->cx.now ? "expired"
								     : "valid";

		printf("%s", t[i].id);
		print_time(t[i].created_at);
		print_time(t[i].expires_at);
		printf("  %-9s  %s: %s\n", state, t[i].name, t[i].scopes);
	}
	return NULL;
}

static const struct err *
run_token_withdraw(struct cli *cli)
{
	const struct err *e = store_env_db(cli, token_lists);

	if (e != NULL)
		return e;
	e = admin_token_withdraw(&cli->cx, cli->arg[0]);
	db_free(cli->cx.db);
	if (e == &ERR_NOT_FOUND)
		return fail(&cli->cx, e, "there is no token %s", cli->arg[0]);
	if (e == NULL)
		printf("token %s is withdrawn\n", cli->arg[0]);
	return e;
}

const struct command store_commands[] = {
	{ "migrate", "", "brings the database to this version's schema",
	    migrate_options, run_migrate, NULL },
	{ "maintain", "", "makes partitions ahead, drops what is over",
	    maintain_options, run_maintain, "To be run once a day." },
	{ "token add", "NAME", "makes an operator's token and prints it, once",
	    token_options, run_token_add,
	    "Scopes: read, registry, revoke, lift, keys, tokens, or "
	    "manufacturer:ID alone,\nto import that maker's births." },
	{ "token list", "", "shows operators' tokens", NULL, run_token_list,
	    NULL },
	{ "token withdraw", "ID", "ends a token", NULL, run_token_withdraw,
	    NULL },
	{ .name = NULL },
};
