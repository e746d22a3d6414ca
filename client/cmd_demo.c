
#include "base/arena.h"
#include "base/rng.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/demo.h"
#include "client/token.h"

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

/* Longer than it plays. */
#define TOKEN_SECONDS 3600

/* Plays it with a token of its own, which ends with it. */
static const struct err *
play_with_own_token(struct cli *cli, struct demo_place *place)
{
	struct token_order order = { "demo",
		"read registry revoke lift keys tokens", TOKEN_SECONDS, NULL };
	const struct err *e, *ended;
	const char *id;

	e = token_own(cli, &order, place->dir, &place->admin, &id);
	if (e != NULL)
		return e;
	e = demo_play(&cli->cx, place);
	ended = token_end(cli, id);
	return e != NULL ? e : ended;
}

static const struct err *
run_demo(struct cli *cli)
{
	struct demo_place place = { .dir = cli_option(cli, "dir") };
	const struct err *e = cli_env(cli, "MQTT_URL", &place.mqtt_url);

	if (e == NULL)
		e = api_from_env(cli, &place.service);
	if (e != NULL)
		return e;
	if (place.dir == NULL)
		place.dir = new_dir(cli);
	place.issuer = getenv("LATCHKEY_ISSUER");
	if (place.issuer == NULL)
		place.issuer = place.service.url;
	if (getenv("LATCHKEY_ADMIN_TOKEN") == NULL) {
		e = operator_from_env(cli, &place.admin);
		return e != NULL ? e : play_with_own_token(cli, &place);
	}
	e = admin_api(cli, &place.admin);
	return e != NULL ? e : demo_play(&cli->cx, &place);
}

const struct command demo_commands[] = {
	{ "demo", "", "plays the main job against the running stack",
	    demo_options, run_demo,
	    "Maker, device, owner and back end in one process; one line a "
	    "step, with the time\nit took.  Exit status 0 only if every step "
	    "held.  May be repeated.\nWithout LATCHKEY_ADMIN_TOKEN it makes "
	    "one for itself, with LATCHKEY_DB and\nLATCHKEY_MAC_KEY, and "
	    "withdraws it.  LATCHKEY_ISSUER is the setting issuer, where it is "
	    "not\nLATCHKEY_URL.  The service needs app_keys = yes." },
	{ .name = NULL },
};
