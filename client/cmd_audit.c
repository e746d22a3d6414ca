#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cfg.h"
#include "base/clock.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/print.h"
#include "codec/csv.h"

#define UUID_BYTES 64
#define PAGE_ARENA (4 * MIB)
#define PROGRESS_US 1000000
#define CURSOR_BYTES 96

struct event_row {
	const char *at, *kind, *code, *detail, *request_id;
	const char *manufacturer_id, *birth_id, *device_id, *owner_id;
	const char *approval_id, *admin_token_id, *id;
	const char *second_token_id;
};

static const struct json_field event_fields[] = {
	JSON_F_STR(event_row, at, 64, true),
	JSON_F_STR(event_row, kind, 64, true),
	JSON_F_STR(event_row, code, 64, false),
	JSON_F_STR(event_row, detail, 4 * KIB, false),
	JSON_F_STR(event_row, request_id, UUID_BYTES, false),
	JSON_F_STR(event_row, manufacturer_id, LIMIT_SLUG, false),
	JSON_F_STR(event_row, birth_id, 32, false),
	JSON_F_STR(event_row, device_id, UUID_BYTES, false),
	JSON_F_STR(event_row, owner_id, UUID_BYTES, false),
	JSON_F_STR(event_row, approval_id, UUID_BYTES, false),
	JSON_F_STR(event_row, admin_token_id, 64, false),
	JSON_F_STR(event_row, second_token_id, 64, false),
	JSON_F_STR(event_row, id, UUID_BYTES, true),
	JSON_END,
};

struct event_list {
	struct json_list events;
	const char *last, *next;
};

static const struct json_field list_fields[] = {
	JSON_F_LIST(event_list, events, LIMIT_PAGE, event_row, event_fields),
	JSON_F_STR(event_list, last, 256, false),
	JSON_F_STR(event_list, next, 256, false),
	JSON_END,
};

static const struct option_row audit_options[] = {
	{ "device", "ID", "events of one device", false },
	{ "owner", "ID", "of one owner, and of the owner's devices", false },
	{ "token", "ID", "of what one operator's token did", false },
	{ "request", "ID", "of one request", false },
	{ "kind", "KIND", "of one kind, as approval.reported", false },
	{ "from", "TIME", "since then: 2026-11-21T02:00:00Z, a date, or 24h",
	    false },
	{ "to", "TIME", "before then, in the same forms", false },
	{ "newest", NULL, "the newest first", false },
	{ "all", NULL, "every page, and nothing that is not settled", false },
	{ "format", "NAME", "table, ndjson or csv (table; ndjson with --all)",
	    false },
	{ "limit", "N", "at most so many", false },
	{ "after", "CURSOR", "go on where a list ended", false },
	{ "quiet", NULL, "no progress on standard error", false },
	OPTION_JSON,
	OPTIONS_END,
};

enum format { TABLE, NDJSON, CSV };

/* What is asked and how it is written down. */
struct export
{
	struct cli *cli;
	struct api api;
	const char *path; /* with all of the query but "after" */
	enum format format;
	bool head; /* CSV's was written */
	int64_t n;
	char after[CURSOR_BYTES], last[CURSOR_BYTES]; /* of the last event */
	int64_t next_us; /* when to say how far it is */
};

static const struct err *
read_format(struct cli *cli, enum format *out)
{
	static const char *const names[] = { "table", "ndjson", "csv" };
	const char *name = cli_option(cli, "format");
	size_t i;

	*out = cli_flag(cli, "all") ? NDJSON : TABLE;
	if (name == NULL)
		return NULL;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*out = (enum format)i;
		if (strcmp(names[i], name) == 0)
			return NULL;
	}
	return fail(
	    &cli->cx, &ERR_USAGE, "--format: one of table, ndjson, csv");
}

/* A time, or how long ago it was; NULL if not given. */
static const struct err *
read_time(struct cli *cli, const char *option, const char **out)
{
	const char *text = cli_option(cli, option);
	char when[CLOCK_TEXT_BYTES];
	int64_t ago;

	*out = text;
	if (text == NULL || !cfg_duration(text, &ago))
		return NULL;
	if (ago > cli->cx.now)
		return fail(&cli->cx, &ERR_USAGE, "--%s: too long ago", option);
	clock_text(cli->cx.now - ago, when);
	*out = arena_strdup(cli->cx.arena, when);
	return NULL;
}

static const struct err *
read_path(struct cli *cli, const char **out)
{
	const char *from, *to;
	const struct err *e = read_time(cli, "from", &from);

	if (e == NULL)
		e = read_time(cli, "to", &to);
	if (e != NULL)
		return e;
	const char *const query[][2] = {
		{ "limit", cli_option(cli, "limit") },
		{ "device", cli_option(cli, "device") },
		{ "owner", cli_option(cli, "owner") },
		{ "token", cli_option(cli, "token") },
		{ "request", cli_option(cli, "request") },
		{ "kind", cli_option(cli, "kind") },
		{ "from", from },
		{ "to", to },
		{ "newest", cli_flag(cli, "newest") ? "yes" : "no" },
		{ "settled", cli_flag(cli, "all") ? "yes" : "no" },
		{ NULL, NULL },
	};
	*out = admin_query(cli, "GET /v1/admin/events", query);
	return NULL;
}

static void
print_csv(struct ctx *cx, struct export *x, const struct event_list *l)
{
	const struct event_row *rows = l->events.v;
	const struct json_field *f;
	size_t i;

	for (f = event_fields; f->name != NULL && !x->head; f++)
		printf("%s%s", f == event_fields ? "" : ",", f->name);
	if (!x->head)
		printf("\r\n");
	x->head = true;
	for (i = 0; i < l->events.n; i++) {
		for (f = event_fields; f->name != NULL; f++)
			printf("%s%s", f == event_fields ? "" : ",",
			    csv_cell(cx->arena,
				*(const char *const *)((const char *)&rows[i] +
						       f->offset)));
		printf("\r\n");
	}
}

static const struct err *
print_ndjson(struct ctx *cx, const struct event_list *l)
{
	const struct event_row *rows = l->events.v;
	const struct err *e = NULL;
	struct bytes line;
	size_t i;

	for (i = 0; i < l->events.n && e == NULL; i++) {
		e = json_write(cx, event_fields, &rows[i], &line);
		if (e == NULL)
			printf("%.*s\n", (int)line.n, (const char *)line.p);
	}
	return e;
}

static const struct err *
write_page(struct ctx *cx, struct export *x, const struct event_list *l)
{
	const struct err *e = NULL;

	if (x->format == TABLE && (l->events.n > 0 || l->next == NULL))
		print_table(cx, &list_fields[0], l);
	else if (x->format == CSV)
		print_csv(cx, x, l);
	else if (x->format == NDJSON)
		e = print_ndjson(cx, l);
	if (e == NULL && (fflush(stdout) != 0 || ferror(stdout) != 0))
		e = fail(
		    cx, &ERR_LOCAL, "standard output: %s", strerror(errno));
	return e;
}

static void
show_progress(struct export *x, const struct event_list *l)
{
	const struct event_row *rows = l->events.v;
	struct cli *cli = x->cli;
	char text[96];

	if (!cli_flag(cli, "all") || cli_flag(cli, "quiet") ||
	    clock_mono_us() < x->next_us)
		return;
	x->next_us = clock_mono_us() + PROGRESS_US;
	(void)snprintf(text, sizeof(text), "%" PRId64 " events%s%.40s", x->n,
	    l->events.n > 0 ? ", to " : "",
	    l->events.n > 0 ? rows[l->events.n - 1].at : "");
	print_progress(text);
}

static void
keep(char out[CURSOR_BYTES], const char *cursor)
{
	(void)snprintf(out, CURSOR_BYTES, "%s", cursor == NULL ? "" : cursor);
}

/* One page; x->after becomes where the next begins, "" at the end. */
static const struct err *
export_page(struct export *x, struct ctx *cx)
{
	struct event_list l = { .next = NULL };
	struct api_shape shape = { list_fields, &l };
	const struct err *e;
	const char *what = x->path;

	if (*x->after != '\0')
		what = arena_printf(
		    cx->arena, "%s&after=%s", what, api_escape(cx, x->after));
	e = api_json(cx, &x->api, what, NULL, &shape);
	if (e == NULL)
		e = write_page(cx, x, &l);
	if (e != NULL)
		return e;
	x->n += (int64_t)l.events.n;
	if (l.last != NULL)
		keep(x->last, l.last);
	keep(x->after, l.next);
	show_progress(x, &l);
	return NULL;
}

/* Page by page, each in memory of its own. */
static const struct err *
export_all(struct export *x)
{
	AUTO_STRUCT(arena) *a = arena_new(PAGE_ARENA);
	struct cli *cli = x->cli;
	const struct err *e;
	struct ctx cx;

	do {
		arena_reset(a);
		cx = cli->cx;
		cx.arena = a;
		e = export_page(x, &cx);
	} while (e == NULL && cli_flag(cli, "all") && *x->after != '\0');
	if (x->next_us != 0)
		print_progress_end();
	if (e != NULL && cx.reason != NULL)
		cli->cx.reason = arena_strdup(cli->cx.arena, cx.reason);
	return e;
}

/* How the list goes on, now or when there is more. */
static void
say_next(const struct export *x)
{
	if (cli_flag(x->cli, "all"))
		fprintf(stderr, "%" PRId64 " events%s%s\n", x->n,
		    *x->last != '\0' ? "; later ones: --after " : "", x->last);
	else if (*x->after != '\0')
		fprintf(x->format == TABLE ? stdout : stderr,
		    "more: --after %s\n", x->after);
}

static const struct err *
run_audit(struct cli *cli)
{
	struct export x = { .cli = cli };
	struct api_shape nothing = { list_fields, NULL };
	const struct err *e = read_format(cli, &x.format);

	if (e == NULL && cli_flag(cli, "all") &&
	    (cli_flag(cli, "json") || cli_option(cli, "limit") != NULL))
		e = fail(&cli->cx, &ERR_USAGE,
		    "--all takes every page: without --json and --limit");
	if (e == NULL)
		e = read_path(cli, &x.path);
	if (e == NULL)
		e = admin_api(cli, &x.api);
	if (e != NULL)
		return e;
	keep(x.after, cli_option(cli, "after"));
	if (cli_flag(cli, "json"))
		return admin_show(cli,
		    *x.after == '\0'
			? x.path
			: arena_printf(cli->cx.arena, "%s&after=%s", x.path,
			      api_escape(&cli->cx, x.after)),
		    &nothing);
	e = export_all(&x);
	say_next(&x);
	return e;
}

const struct command audit_commands[] = {
	{ "audit", "", "shows what happened", audit_options, run_audit,
	    "The request id is what every refusal names: with it the operator "
	    "finds the\nprivate reason.  With --all it is an export, page by "
	    "page, that can go on later\nwith --after, and then misses none "
	    "and repeats none.  Cells of CSV that a\nspreadsheet would take "
	    "for a formula begin with an apostrophe." },
	{ .name = NULL },
};
