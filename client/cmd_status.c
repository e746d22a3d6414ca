#include <inttypes.h>

#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"

struct consumer_row {
	const char *kind, *name, *version, *alert;
	int64_t epoch, position, lag, behind_seconds, silent_seconds, seen_at;
};

static const struct json_field consumer_fields[] = {
	JSON_F_STR(consumer_row, kind, LIMIT_NAME, true),
	JSON_F_STR(consumer_row, name, LIMIT_NAME, true),
	JSON_F_STR(consumer_row, version, LIMIT_NAME, true),
	JSON_F_INT(consumer_row, epoch, 0, true),
	JSON_F_INT(consumer_row, position, 0, true),
	JSON_F_INT(consumer_row, lag, 0, true),
	JSON_F_INT(consumer_row, behind_seconds, 0, true),
	JSON_F_INT(consumer_row, silent_seconds, 0, true),
	JSON_F_TIME(consumer_row, seen_at, true),
	JSON_F_STR(consumer_row, alert, LIMIT_NAME, false),
	JSON_END,
};

struct status_out {
	struct json_list consumers;
	int64_t epoch, position;
};

static const struct json_field status_fields[] = {
	JSON_F_LIST(status_out, consumers, LIMIT_CONSUMERS, consumer_row,
	    consumer_fields),
	JSON_F_INT(status_out, epoch, 0, true),
	JSON_F_INT(status_out, position, 0, true),
	JSON_END,
};

static const struct option_row status_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

static const struct err *
run_status(struct cli *cli)
{
	struct status_out out = { .epoch = 0 };
	struct api_shape shape = { status_fields, &out };
	const struct err *e = admin_show(cli, "GET /v1/admin/status", &shape);

	if (e == NULL && !cli_flag(cli, "json"))
		printf("the feed: epoch %" PRId64 ", position %" PRId64 "\n",
		    out.epoch, out.position);
	return e;
}

static const struct err *
run_forget(struct cli *cli)
{
	const char *what =
	    arena_printf(cli->cx.arena, "DELETE /v1/admin/consumers/%s/%s",
		api_escape(&cli->cx, cli->arg[0]),
		api_escape(&cli->cx, cli->arg[1]));
	const struct err *e = admin_call(cli, what, NULL, NULL);

	if (e == NULL)
		printf("%s %s is forgotten\n", cli->arg[0], cli->arg[1]);
	return e;
}

const struct command status_commands[] = {
	{ "status forget", "KIND NAME",
	    "takes a node or broker that is gone for good off the list", NULL,
	    run_forget, NULL },
	{ "status", "", "shows who follows the feed of refusals, and how far",
	    status_options, run_status,
	    "LAG counts the entries that one has not read, BEHIND SECONDS is "
	    "the age of the\noldest of them. ALERT says that it is silent or "
	    "behind for longer than the setting\nconsumer_alert." },
	{ .name = NULL },
};
