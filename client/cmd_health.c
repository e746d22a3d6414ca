#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/print.h"

static const struct option_row health_options[] = {
	{ "ready", NULL, "also whether it can serve: database and schema",
	    false },
	OPTION_JSON,
	OPTIONS_END,
};

#define CHECKS_MAX 64

struct check_row {
	const char *name, *missing, *action;
	bool ok;
};

static const struct json_field check_fields[] = {
	JSON_F_STR(check_row, name, LIMIT_NAME, true),
	JSON_F_BOOL(check_row, ok, true),
	JSON_F_STR(check_row, missing, KIB, false),
	JSON_F_STR(check_row, action, KIB, false),
	JSON_END,
};

struct readiness {
	struct json_list checks;
};

static const struct json_field readiness_fields[] = {
	JSON_F_LIST(readiness, checks, CHECKS_MAX, check_row, check_fields),
	JSON_END,
};

/* What is missing stands in the answer whether it is ready or not. */
static void
show(struct cli *cli, const struct api_reply *reply)
{
	struct readiness r = { .checks.n = 0 };
	int n = (int)reply->body.n;
	const char *p = (const char *)reply->body.p;

	if (!cli_flag(cli, "json") &&
	    json_read_open(&cli->cx, reply->body, readiness_fields, &r) ==
		NULL &&
	    r.checks.n > 0)
		print_table(&cli->cx, readiness_fields, &r);
	else if (cli_flag(cli, "json") || reply->status == 200)
		printf("%.*s%s", n, p, n > 0 && p[n - 1] == '\n' ? "" : "\n");
}

/* Asked once: whoever watches a service asks again by itself. */
static const struct err *
run_health(struct cli *cli)
{
	struct api_request rq = { .path = cli_flag(cli, "ready") ? "/readyz"
								 : "/healthz" };
	struct api_reply reply = { 0 };
	struct api api;
	const struct err *e = api_from_env(cli, &api);

	api.patience = 0;
	if (e == NULL)
		e = api_send(&cli->cx, &api, &rq, &reply);
	if (e != NULL)
		return e;
	show(cli, &reply);
	return api_check(&cli->cx, &reply);
}

const struct command health_commands[] = {
	{ "health", "", "whether the service answers", health_options,
	    run_health,
	    "Exit status 0 if so.  Takes LATCHKEY_URL and LATCHKEY_CA; made "
	    "for a container's\nhealth check." },
	{ .name = NULL },
};
