
#include "base/arena.h"
#include "base/rng.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/demo.h"

static const struct option_row demo_options[] = {
	{ "dir", "DIR", "for its keys (a new one below VAR, or var)", false },
	OPTIONS_END,
};

static const char *
new_dir(struct cli *cli)
{
	const char *var = getenv("VAR");
	char id[UUID_TEXT_BYTES];

	rng_uuid(id);
	return arena_printf(cli->cx.arena, "%s/demo/%.8s",
	    var != NULL && *var != '\0' ? var : "var", id);
}

static const struct err *
run_demo(struct cli *cli)
{
	struct demo_place place = { .dir = cli_option(cli, "dir") };
	const struct err *e = admin_api(cli, &place.admin);

	if (e == NULL)
		e = cli_env(cli, "MQTT_URL", &place.mqtt_url);
	if (e != NULL)
		return e;
	if (place.dir == NULL)
		place.dir = new_dir(cli);
	return demo_play(&cli->cx, &place);
}

const struct command demo_commands[] = {
	{ "demo", "", "plays the main job against the running stack",
	    demo_options, run_demo,
	    "Maker, device, owner and back end in one process; one line a "
	    "step, with the time\nit took.  Exit status 0 only if every step "
	    "held.  May be repeated." },
	{ .name = NULL },
};
