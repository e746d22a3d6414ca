#include "client/admin.h"
#include "client/commands.h"

static const struct option_row health_options[] = {
	{ "ready", NULL, "also whether it can serve: database and schema",
	    false },
	OPTIONS_END,
};

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
	if (e == NULL)
		e = api_check(&cli->cx, &reply);
	if (e == NULL)
		printf("%.*s\n", (int)reply.body.n, (const char *)reply.body.p);
	return e;
}

const struct command health_commands[] = {
	{ "health", "", "whether the service answers", health_options,
	    run_health,
	    "Exit status 0 if so.  Takes LATCHKEY_URL and LATCHKEY_CA; made "
	    "for a container's\nhealth check." },
	{ .name = NULL },
};
