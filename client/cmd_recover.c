#include <inttypes.h>

#include "client/commands.h"
#include "client/disk.h"
#include "client/store_env.h"
#include "pki/journal.h"
#include "store/recover.h"

static const struct option_row recover_options[] = {
	{ "state", "DIR", "state_dir of a node, or a copy; once for each",
	    true },
	{ "apply", NULL, "do it", false },
	{ "accept-loss", NULL, "although not everything has survived", false },
	OPTIONS_END,
};

/* A name that was misspelt would be a node that has seen nothing. */
static const struct err *
check_places(struct cli *cli)
{
	const char *dir;
	size_t i;

	for (i = 0; (dir = cli_option_n(cli, "state", i)) != NULL; i++)
		if (!disk_exists(dir))
			return fail(&cli->cx, &ERR_LOCAL,
			    "%s: there is no such directory", dir);
	return NULL;
}

/* What the directories have. */
struct survived {
	const struct mac_key *key;
	struct view_mark highest;
	size_t marks, bad;
};

static void
look_at_marks(struct cli *cli, struct survived *s)
{
	struct journal_mark m;
	const char *dir;
	size_t i;

	for (i = 0; (dir = cli_option_n(cli, "state", i)) != NULL; i++) {
		if (!journal_get_mark(dir, s->key, &m)) {
			printf("%s: no mark that is ours\n", dir);
			continue;
		}
		printf("%s: has seen %" PRId64 ":%" PRId64 "\n", dir, m.epoch,
		    m.position);
		s->marks++;
		if (m.epoch > s->highest.epoch ||
		    (m.epoch == s->highest.epoch &&
			m.position > s->highest.position)) {
			s->highest.epoch = m.epoch;
			s->highest.position = m.position;
		}
	}
}

/* Lines of one kind go to the table that is being copied to. */
struct staging {
	struct ctx *cx;
	char kind;
	const struct err *e;
};

static bool
stage_line(void *arg, const char *line)
{
	struct staging *st = arg;

	if (line[0] == st->kind && line[1] == '\t')
		st->e = recover_stage(st->cx, line + 2);
	return st->e == NULL;
}

static const struct err *
stage(struct cli *cli, struct survived *s, enum recover_table table)
{
	struct staging st = { .cx = &cli->cx,
		.kind = table == RECOVER_ENTRIES ? 'F' : 'C' };
	struct journal_reader r = { .fn = stage_line, .arg = &st };
	char why[JOURNAL_WHY_BYTES];
	const char *dir;
	size_t i;

	st.e = recover_stage_begin(&cli->cx, table);
	for (i = 0;
	     st.e == NULL && (dir = cli_option_n(cli, "state", i)) != NULL; i++)
		if (!journal_read(dir, s->key, &r, why))
			return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	s->bad = r.bad;
	return st.e != NULL ? st.e : recover_stage_end(&cli->cx);
}

static void
print_plan(const struct recover_plan *p, const struct survived *s)
{
	printf("the database: %" PRId64 ":%" PRId64 ", knows nothing after %s\n"
	       "%" PRId64 " entries survive, %" PRId64
	       " of them are missing there\n"
	       "%" PRId64 " certificates of known devices are missing there\n",
	    p->head.epoch, p->head.position, p->last_known, p->staged, p->lost,
	    p->certificates);
	if (s->bad > 0)
		printf("%zu lines of the journals are not whole\n", s->bad);
	if (p->gap > 0)
		printf("%" PRId64 " entries have not survived\n", p->gap);
	if (s->marks == 0)
		printf("how much was lost is not known: no mark survives\n");
}

/* Nodes that had no mark know the database from here on; the others go on to
 * the new epoch by themselves. */
static const struct err *
write_marks(
    struct cli *cli, const struct survived *s, const struct view_mark *head)
{
	struct journal_mark was,
	    m = { .epoch = head->epoch, .position = head->position };
	const char *dir;
	size_t i;

	memcpy(m.sha256, head->sha256, sizeof(m.sha256));
	for (i = 0; (dir = cli_option_n(cli, "state", i)) != NULL; i++)
		if (!journal_get_mark(dir, s->key, &was) &&
		    !journal_put_mark(dir, s->key, &m))
			return fail(&cli->cx, &ERR_LOCAL,
			    "%s: the mark cannot be written", dir);
	return NULL;
}

static const struct err *
apply(struct cli *cli, struct survived *s, struct tx *tx)
{
	struct recovered done;
	const struct err *e = recover_apply(&cli->cx, s->highest.epoch, &done);

	if (e == NULL)
		e = tx_commit(tx);
	if (e == NULL)
		e = write_marks(cli, s, &done.head);
	if (e == NULL)
		printf("epoch %" PRId64 ": %" PRId64 " entries and %" PRId64
		       " certificates taken up\n",
		    done.head.epoch, done.entries, done.certificates);
	return e;
}

static const struct err *
recover(struct cli *cli, struct survived *s)
{
	struct recover_plan plan;
	const struct err *e;
	TX tx = { .open = false };

	e = recover_begin(&cli->cx, &tx);
	if (e == NULL)
		e = stage(cli, s, RECOVER_ENTRIES);
	if (e == NULL)
		e = stage(cli, s, RECOVER_CERTIFICATES);
	if (e == NULL)
		e = recover_look(&cli->cx, &s->highest, &plan);
	if (e != NULL)
		return e;
	print_plan(&plan, s);
	if (!cli_flag(cli, "apply")) {
		printf("nothing was changed; the same with --apply does it\n");
		return NULL;
	}
	if ((plan.gap > 0 || s->marks == 0) && !cli_flag(cli, "accept-loss"))
		return fail(&cli->cx, &ERR_LOCAL,
		    "not everything has survived: name the state of other "
		    "nodes, or --accept-loss");
	return apply(cli, s, &tx);
}

static const struct err *
run_recover(struct cli *cli)
{
	static const struct stmt *const *const lists[] = { recover_stmts,
		view_stmts, NULL };
	AUTO_STRUCT(mac_key) *key = NULL;
	struct survived s = { .marks = 0 };
	const struct err *e = check_places(cli);

	if (e == NULL)
		e = store_env_mac(cli, &key);
	if (e == NULL)
		e = store_env_db(cli, lists);
	if (e != NULL)
		return e;
	s.key = key;
	look_at_marks(cli, &s);
	e = recover(cli, &s);
	db_free(cli->cx.db);
	return e;
}

const struct command recover_commands[] = {
	{ "recover", "", "takes up what survived an older database",
	    recover_options, run_recover,
	    "After Postgres was restored to an older point, or a node has lost "
	    "its state. Without\n--apply it only says what it would do. It "
	    "begins a new epoch of the feed: requests\nfor approval, codes, "
	    "tokens and sessions end, and certificates of the lost time "
	    "are\nrefused but for those that a journal has. See "
	    "docs/revocation.md." },
	{ .name = NULL },
};
