#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/disk.h"

#define HOUR 3600
/* id, password, serial number, time, and what stands between. */
#define TOKEN_LINE (64 + 128 + LIMIT_SERIAL + CLOCK_TEXT_BYTES + 4)

struct token_in {
	const char *manufacturer, *label, *batch, *after;
	struct json_strs serials;
	int64_t lifetime;
};

/* A batch has no list of serial numbers, not even an empty one. */
static const struct json_field batch_in_fields[] = {
	JSON_F_STR(token_in, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(token_in, label, LIMIT_SLUG, true),
	JSON_F_STR(token_in, batch, LIMIT_NAME, true),
	JSON_F_STR(token_in, after, LIMIT_SERIAL, false),
	JSON_F_INT(token_in, lifetime, 0, true),
	JSON_END,
};

static const struct json_field serials_in_fields[] = {
	JSON_F_STR(token_in, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(token_in, label, LIMIT_SLUG, true),
	JSON_F_STRS(token_in, serials, LIMIT_PAGE, LIMIT_SERIAL, true),
	JSON_F_INT(token_in, lifetime, 0, true),
	JSON_END,
};

struct token_row {
	const char *id, *password, *serial, *label, *manufacturer, *state;
	int64_t created_at, expires_at, used_at;
};

static const struct json_field made_fields[] = {
	JSON_F_STR(token_row, id, 64, true),
	JSON_F_STR(token_row, password, 128, true),
	JSON_F_STR(token_row, serial, LIMIT_SERIAL, true),
	JSON_F_TIME(token_row, expires_at, true),
	JSON_END,
};

static const struct json_field token_fields[] = {
	JSON_F_STR(token_row, id, 64, true),
	JSON_F_STR(token_row, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(token_row, serial, LIMIT_SERIAL, true),
	JSON_F_STR(token_row, label, LIMIT_SLUG, true),
	JSON_F_STR(token_row, state, 16, true),
	JSON_F_TIME(token_row, expires_at, true),
	JSON_END,
};

struct token_list {
	struct json_list tokens;
	const char *next;
};

static const struct json_field mades_fields[] = {
	JSON_F_LIST(token_list, tokens, LIMIT_PAGE, token_row, made_fields),
	JSON_F_STR(token_list, next, LIMIT_NAME, false),
	JSON_END,
};

static const struct json_field tokens_fields[] = {
	JSON_F_LIST(token_list, tokens, LIMIT_PAGE, token_row, token_fields),
	JSON_F_STR(token_list, next, LIMIT_NAME, false),
	JSON_END,
};

static const struct option_row add_options[] = {
	{ "label", "LABEL", "the label they enroll under", true },
	{ "serial", "SERIAL", "a unit; may be given often", false },
	{ "batch", "BATCH", "all listed units of this batch", false },
	{ "hours", "N", "how long they are good (24; at most 720)", false },
	{ "output", "FILE", "a new file for them, mode 0600; nothing is shown",
	    false },
	OPTIONS_END,
};

static const struct option_row list_options[] = {
	{ "manufacturer", "ID", "of this maker", false },
	{ "serial", "SERIAL", "of this unit", false },
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

/* Where the tokens go: a file that was not there, or the terminal. */
struct sink {
	const char *path; /* NULL: the terminal */
	int fd;
};

/* As CSV, once: the service keeps only a hash of each. */
static const struct err *
put_tokens(
    struct cli *cli, const struct sink *to, const struct token_list *list)
{
	const struct token_row *t = list->tokens.v;
	char until[CLOCK_TEXT_BYTES];
	struct bytes text;
	struct buf b;
	size_t i;

	buf_init(&b, cli->cx.arena, LIMIT_PAGE * TOKEN_LINE);
	for (i = 0; i < list->tokens.n; i++) {
		clock_text(t[i].expires_at, until);
		buf_printf(&b, "%s,%s,%s,%s\n", t[i].id, t[i].password,
		    t[i].serial, until);
	}
	must(buf_bytes(&b, &text));
	if (to->path != NULL)
		return disk_append(&cli->cx, to->path, to->fd, text);
	(void)fwrite(text.p, 1, text.n, stdout);
	(void)fflush(stdout);
	return NULL;
}

static const struct err *
make_page(
    struct cli *cli, struct token_in *in, const struct sink *to, size_t *made)
{
	struct api_shape what = {
		in->batch != NULL ? batch_in_fields : serials_in_fields, in
	};
	struct token_list list = { .next = NULL };
	struct api_shape got = { mades_fields, &list };
	const struct err *e =
	    admin_call(cli, "POST /v1/admin/bootstrap-tokens", &what, &got);

	if (e == NULL)
		e = put_tokens(cli, to, &list);
	if (e != NULL)
		return e;
	*made += list.tokens.n;
	in->after = list.next;
	return NULL;
}

/* Page by page; what was made stays made when a later page fails. */
static const struct err *
make_pages(struct cli *cli, struct token_in *in, const struct sink *to)
{
	const struct err *e;
	size_t made = 0;

	do {
		e = make_page(cli, in, to, &made);
		if (e == NULL && in->after != NULL)
			fprintf(stderr, "%zu tokens made\n", made);
	} while (e == NULL && in->after != NULL);
	if (e != NULL)
		return e;
	if (to->path != NULL)
		fprintf(stderr, "%zu tokens made; they are in %s alone\n", made,
		    to->path);
	else
		fprintf(stderr, "%zu tokens made; they are shown this once\n",
		    made);
	return NULL;
}

static void
take_serials(struct cli *cli, struct token_in *in)
{
	const char *serial;

	in->serials.v =
	    arena_alloc(cli->cx.arena, COMMAND_GIVEN * sizeof(serial));
	while ((serial = cli_option_n(cli, "serial", in->serials.n)) != NULL)
		in->serials.v[in->serials.n++] = serial;
}

static const struct err *
run_add(struct cli *cli)
{
	struct token_in in = { .manufacturer = cli->arg[0],
		.label = cli_option(cli, "label"),
		.batch = cli_option(cli, "batch") };
	struct sink to = { cli_option(cli, "output"), -1 };
	const long range[3] = { 1, 720, 24 };
	const struct err *e;
	long hours;

	take_serials(cli, &in);
	if ((in.batch != NULL) == (in.serials.n > 0))
		return fail(&cli->cx, &ERR_USAGE, "give --serial, or --batch");
	e = cli_number(cli, "hours", range, &hours);
	if (e != NULL)
		return e;
	in.lifetime = hours * HOUR;
	/* Before the first call: a token that cannot be kept is not made. */
	if (to.path != NULL)
		e = disk_create(&cli->cx, to.path, &to.fd);
	if (e != NULL)
		return e;
	e = make_pages(cli, &in, &to);
	if (to.path == NULL)
		return e;
	/* Nothing that would be in the way of the next try. */
	if (e != NULL && lseek(to.fd, 0, SEEK_END) == 0)
		(void)unlink(to.path);
	(void)close(to.fd);
	return e;
}

static const struct err *
run_list(struct cli *cli)
{
	const char *const query[][2] = {
		{ "manufacturer", cli_option(cli, "manufacturer") },
		{ "serial", cli_option(cli, "serial") },
		{ NULL, NULL },
	};
	struct token_list list = { .next = NULL };
	struct api_shape shape = { tokens_fields, &list };
	const char *path =
	    admin_query(cli, "GET /v1/admin/bootstrap-tokens", query);

	return admin_show_page(cli, path, &shape, &list.next);
}

static const struct err *
run_withdraw(struct cli *cli)
{
	const struct err *e = admin_call(cli,
	    arena_printf(cli->cx.arena, "DELETE /v1/admin/bootstrap-tokens/%s",
		api_escape(&cli->cx, cli->arg[0])),
	    NULL, NULL);

	if (e == NULL)
		printf("token %s enrolls nobody any more\n", cli->arg[0]);
	return e;
}

const struct command bootstrap_commands[] = {
	{ "bootstrap add", "MANUFACTURER",
	    "makes one-time tokens for units without a birth certificate",
	    add_options, run_add,
	    "The units must be listed by serial number alone.  Prints lines "
	    "\"id,password,\nserial,expires_at\": id and password are what an "
	    "EST client gives to HTTP Basic.\nWith --output they go to that "
	    "file alone, page by page.  A unit's earlier token that was "
	    "not used is withdrawn." },
	{ "bootstrap list", "", "shows tokens and what became of them",
	    list_options, run_list, NULL },
	{ "bootstrap withdraw", "TOKEN", "ends one", NULL, run_withdraw, NULL },
	{ .name = NULL },
};
