#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/print.h"

#define POLL_US 1000000
#define POLL_ARENA (1 * (size_t)MIB)

typedef FILE import_file;
static void
close_file(FILE *f)
{
	(void)fclose(f);
}
AUTO_DEFINE(import_file, close_file);

struct bad_line {
	int64_t line;
	const char *reason;
};

static const struct json_field bad_line_fields[] = {
	JSON_F_INT(bad_line, line, 0, true),
	JSON_F_STR(bad_line, reason, 4 * KIB, true),
	JSON_END,
};

struct import_row {
	const char *id, *state;
	int64_t lines, added, unchanged, bad;
	struct json_list errors;
};

static const struct json_field import_fields[] = {
	JSON_F_STR(import_row, id, 64, true),
	JSON_F_STR(import_row, state, 16, true),
	JSON_F_INT(import_row, lines, 0, true),
	JSON_F_INT(import_row, added, 0, true),
	JSON_F_INT(import_row, unchanged, 0, true),
	JSON_F_INT(import_row, bad, 0, true),
	JSON_F_LIST(
	    import_row, errors, LIMIT_IMPORT_ERRORS, bad_line, bad_line_fields),
	JSON_END,
};

static const struct option_row import_options[] = {
	{ "manufacturer", "ID", "whose units they are", true },
	{ "skip-bad", NULL, "store the good lines although some are bad",
	    false },
	{ "quiet", NULL, "show no progress", false },
	OPTIONS_END,
};

struct progress {
	struct api api;
	const char *id;
	int64_t next_us; /* when to say something again */
};

/* Asks on a connection of its own how far the service is.  Nothing there yet
 * is no trouble: the import's row comes with its first lines. */
static void
show_server(struct progress *p)
{
	AUTO_STRUCT(arena) *a = arena_new(POLL_ARENA);
	struct ctx cx = { .arena = a, .now = clock_now() };
	struct import_row row = { .state = NULL };
	struct api_shape out = { import_fields, &row };
	const struct err *e;

	e = api_json(&cx, &p->api,
	    arena_printf(a, "GET /v1/admin/imports/%s", p->id), NULL, &out);
	if (e == NULL)
		print_progress(arena_printf(a,
		    "%s: %" PRId64 " lines read, %" PRId64 " bad", row.state,
		    row.lines, row.bad));
}

static void
on_progress(void *arg, int64_t sent, int64_t total)
{
	struct progress *p = arg;
	char text[80];

	if (clock_mono_us() < p->next_us)
		return;
	p->next_us = clock_mono_us() + POLL_US;
	if (sent < total) {
		(void)snprintf(text, sizeof(text),
		    "sent %" PRId64 " %% of %" PRId64 " MiB",
		    sent * 100 / total, total / MIB);
		print_progress(text);
		return;
	}
	show_server(p);
}

static const struct err *
report(struct cli *cli, const struct import_row *row)
{
	const struct bad_line *bad = row->errors.v;
	size_t i;

	for (i = 0; i < row->errors.n; i++)
		fprintf(stderr, "line %" PRId64 ": %s\n", bad[i].line,
		    print_safe(&cli->cx, bad[i].reason));
	if (row->bad > (int64_t)row->errors.n)
		fprintf(stderr, "and %" PRId64 " more bad lines\n",
		    row->bad - (int64_t)row->errors.n);
	if (strcmp(row->state, "done") != 0)
		return fail(&cli->cx, &ERR_REFUSED,
		    "nothing was imported: %" PRId64 " of %" PRId64
		    " lines are bad; mend them, or say --skip-bad",
		    row->bad, row->lines);
	printf("%" PRId64 " lines: %" PRId64 " added, %" PRId64
	       " unchanged, %" PRId64 " bad\n",
	    row->lines, row->added, row->unchanged, row->bad);
	return NULL;
}

/* application/x-ndjson for names that say so, else CSV. */
static const char *
content_type(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot != NULL &&
	    (strcmp(dot, ".ndjson") == 0 || strcmp(dot, ".jsonl") == 0 ||
		strcmp(dot, ".json") == 0))
		return "application/x-ndjson";
	return "text/csv";
}

static const struct err *
send_file(struct cli *cli, FILE *f, const char *id, struct import_row *row)
{
	const char *const query[][2] = {
		{ "manufacturer", cli_option(cli, "manufacturer") },
		{ "skip_bad", cli_flag(cli, "skip-bad") ? "yes" : "no" },
		{ NULL, NULL },
	};
	struct progress p = { .id = id };
	struct api_request rq = { .method = "PUT",
		.type = content_type(cli->arg[0]),
		.upload = f,
		.progress = cli_flag(cli, "quiet") ? NULL : on_progress,
		.progress_arg = &p };
	struct api_reply reply = { .status = 0 };
	struct stat st;
	const struct err *e = admin_api(cli, &p.api);

	if (e != NULL)
		return e;
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
		return fail(
		    &cli->cx, &ERR_LOCAL, "%s: not a file", cli->arg[0]);
	rq.upload_bytes = st.st_size;
	rq.path = admin_query(cli,
	    arena_printf(cli->cx.arena, "/v1/admin/imports/%s", id), query);
	p.next_us = clock_mono_us() + POLL_US;
	e = api_send(&cli->cx, &p.api, &rq, &reply);
	print_progress_end();
	if (e == NULL)
		e = api_check(&cli->cx, &reply);
	if (e != NULL)
		return e;
	return json_read_open(&cli->cx, reply.body, import_fields, row);
}

static const struct err *
run_import(struct cli *cli)
{
	AUTO(import_file) *f = fopen(cli->arg[0], "re");
	struct import_row row = { .state = NULL };
	char id[UUID_TEXT_BYTES];
	const struct err *e;

	if (f == NULL)
		return fail(&cli->cx, &ERR_LOCAL, "%s: %s", cli->arg[0],
		    strerror(errno));
	rng_uuid(id);
	e = send_file(cli, f, id, &row);
	return e != NULL ? e : report(cli, &row);
}

const struct command import_commands[] = {
	{ "allowlist import", "FILE", "adds the units a manufacturer made",
	    import_options, run_import,
	    "FILE is CSV with a head row, or NDJSON if its name ends in "
	    ".ndjson.  Columns:\nmodel and at least one of serial, "
	    "key_sha256, ueid, ek_sha256, dac_subject, certificate;\nand as "
	    "wished batch, made_at, boot_test, claim_code_sha256.  All or "
	    "nothing, unless "
	    "--skip-bad;\nrepeating an import changes nothing." },
	{ .name = NULL },
};
