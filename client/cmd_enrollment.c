#include "base/arena.h"
#include "base/cfg.h"
#include "base/clock.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/print.h"

struct enrollment_row {
	const char *at, *id, *state, *model, *serial, *device_id, *code;
};

#define ROW_FIELDS                                                   \
	JSON_F_STR(enrollment_row, at, 32, true),                    \
	    JSON_F_STR(enrollment_row, id, 36, true),                \
	    JSON_F_STR(enrollment_row, state, 16, true),             \
	    JSON_F_STR(enrollment_row, code, 64, false),             \
	    JSON_F_STR(enrollment_row, model, LIMIT_SLUG, false),    \
	    JSON_F_STR(enrollment_row, serial, LIMIT_SERIAL, false), \
	    JSON_F_STR(enrollment_row, device_id, 36, false)

static const struct json_field row_fields[] = { ROW_FIELDS, JSON_END };

struct enrollment_list {
	struct json_list enrollments;
	const char *next;
};

static const struct json_field list_fields[] = {
	JSON_F_LIST(enrollment_list, enrollments, LIMIT_PAGE, enrollment_row,
	    row_fields),
	JSON_F_STR(enrollment_list, next, 256, false),
	JSON_END,
};

struct step_row {
	const char *at, *result, *words, *code, *detail, *request_id;
};

static const struct json_field step_fields[] = {
	JSON_F_STR(step_row, at, 32, true),
	JSON_F_STR(step_row, result, 16, true),
	JSON_F_STR(step_row, words, LIMIT_NAME, true),
	JSON_F_STR(step_row, code, 64, false),
	JSON_F_STR(step_row, detail, 4 * KIB, false),
	JSON_F_STR(step_row, request_id, 64, false),
	JSON_END,
};

/* The row first, so that its fields hold. */
struct enrollment_record {
	struct enrollment_row row;
	const char *owner_id, *label, *certificate_serial, *expires_at;
	const char *reason_code, *hint;
	struct json_list steps;
};

#define RECORD_FIELDS                                                     \
	ROW_FIELDS, JSON_F_STR(enrollment_record, owner_id, 36, false),   \
	    JSON_F_STR(enrollment_record, label, LIMIT_SLUG, false),      \
	    JSON_F_STR(enrollment_record, certificate_serial, 64, false), \
	    JSON_F_STR(enrollment_record, expires_at, 32, false),         \
	    JSON_F_STR(enrollment_record, reason_code, 64, false),        \
	    JSON_F_STR(enrollment_record, hint, 1 * KIB, true)

static const struct json_field head_fields[] = { RECORD_FIELDS, JSON_END };
static const struct json_field record_fields[] = {
	RECORD_FIELDS,
	JSON_F_LIST(
	    enrollment_record, steps, LIMIT_PAGE, step_row, step_fields),
	JSON_END,
};

static const struct option_row list_options[] = {
	{ "device", "ID", "those of this device's unit", false },
	{ "model", "ID", "those of one model", false },
	{ "state", "STATE",
	    "waiting, approved, enrolled, denied, expired, "
	    "replaced or refused",
	    false },
	{ "since", "TIME", "since then: 2026-11-21T02:00:00Z, a date, or 24h",
	    false },
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row show_options[] = {
	{ "device", "ID", "the latest of this device's unit", false },
	{ "request", "ID", "the one that this request was part of", false },
	{ "code", "USER_CODE", "the one with this code, of the last day",
	    false },
	OPTION_JSON,
	OPTIONS_END,
};

/* A time, or how long ago it was; NULL if not given. */
static const char *
since(struct cli *cli)
{
	const char *text = cli_option(cli, "since");
	char when[CLOCK_TEXT_BYTES];
	int64_t ago;

	if (text == NULL || !cfg_duration(text, &ago) || ago > cli->cx.now)
		return text;
	clock_text(cli->cx.now - ago, when);
	return arena_strdup(cli->cx.arena, when);
}

static const struct err *
run_list(struct cli *cli)
{
	const char *const query[][2] = {
		{ "device", cli_option(cli, "device") },
		{ "model", cli_option(cli, "model") },
		{ "state", cli_option(cli, "state") },
		{ "from", since(cli) },
		{ NULL, NULL },
	};
	struct enrollment_list list = { .next = NULL };
	struct api_shape shape = { list_fields, &list };

	return admin_show_page(cli,
	    admin_query(cli, "GET /v1/admin/enrollments", query), &shape,
	    &list.next);
}

/* The latest of the device's unit. */
static const struct err *
find_of_device(struct cli *cli, const char *device, const char **id)
{
	const char *const query[][2] = { { "device", device }, { "limit", "1" },
		{ NULL, NULL } };
	struct enrollment_list list = { .next = NULL };
	struct api_shape shape = { list_fields, &list };
	const struct err *e;

	e = admin_call(cli,
	    admin_query(cli, "GET /v1/admin/enrollments", query), NULL, &shape);
	if (e == NULL && list.enrollments.n == 0)
		e = fail(&cli->cx, &ERR_LOCAL,
		    "no enrollment of this device is recorded (any more)");
	if (e == NULL)
		*id = ((struct enrollment_row *)list.enrollments.v)->id;
	return e;
}

struct lookup {
	const char *user_code;
};

static const struct json_field lookup_fields[] = {
	JSON_F_STR(lookup, user_code, 64, true),
	JSON_END,
};

static void
print_steps(struct cli *cli, const struct enrollment_record *r)
{
	const struct step_row *s = r->steps.v;
	size_t i;

	for (i = 0; i < r->steps.n; i++, s++) {
		printf("%s  %s%s%s%s\n", s->at, print_safe(&cli->cx, s->words),
		    s->code != NULL ? " (" : "",
		    s->code != NULL ? print_safe(&cli->cx, s->code) : "",
		    s->code != NULL ? ")" : "");
		if (s->detail != NULL)
			printf("    %s\n", print_safe(&cli->cx, s->detail));
		if (s->code != NULL && s->request_id != NULL)
			printf("    request %s\n",
			    print_safe(&cli->cx, s->request_id));
	}
}

/* One record, by an id or (id NULL) by its code. */
static const struct err *
show(struct cli *cli, const char *id, const char *code)
{
	struct lookup in = { code };
	struct enrollment_record r = { .hint = NULL };
	struct api_shape ask = { lookup_fields, &in };
	struct api_shape shape = { record_fields, &r };
	const char *what = "POST /v1/admin/enrollments/lookup";
	const struct err *e;

	if (id != NULL)
		what = arena_printf(cli->cx.arena,
		    "GET /v1/admin/enrollments/%s", api_escape(&cli->cx, id));
	if (id != NULL && cli_flag(cli, "json"))
		return admin_show(cli, what, &shape);
	e = admin_call(cli, what, id == NULL ? &ask : NULL, &shape);
	if (e != NULL)
		return e;
	if (cli_flag(cli, "json"))
		return show(cli, r.row.id, NULL);
	print_record(&cli->cx, head_fields, &r, 0);
	printf("\n");
	print_steps(cli, &r);
	return NULL;
}

static const struct err *
run_show(struct cli *cli)
{
	const char *device = cli_option(cli, "device");
	const char *request = cli_option(cli, "request");
	const char *code = cli_option(cli, "code"), *id = cli->arg[0];
	const struct err *e = NULL;

	if ((id != NULL) + (device != NULL) + (request != NULL) +
		(code != NULL) !=
	    1)
		return fail(&cli->cx, &ERR_USAGE,
		    "one of ID, --device, --request and --code");
	if (request != NULL)
		id = request;
	if (device != NULL)
		e = find_of_device(cli, device, &id);
	return e != NULL ? e : show(cli, id, code);
}

const struct command enrollment_commands[] = {
	{ "enrollment list", "", "shows attempts to enroll, newest first",
	    list_options, run_list, NULL },
	{ "enrollment show", "[ID]", "shows one step by step, and what to do",
	    show_options, run_show,
	    "ID is an attempt's, as the list has it, or that of any request "
	    "of it, which its\ndevice was told. \"latchkey explain CODE\" says "
	    "more of a code." },
	{ .name = NULL },
};
