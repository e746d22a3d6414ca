#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/owner.h"
#include "client/print.h"
#include "pki/key.h"

struct owner_put {
	const char *name, *app_key;
};

static const struct json_field owner_put_fields[] = {
	JSON_F_STR(owner_put, name, LIMIT_NAME, true),
	JSON_F_STR(owner_put, app_key, 4 * KIB, true),
	JSON_END,
};

struct owner_row {
	const char *id, *name;
	bool disabled;
	int64_t created_at;
};

static const struct json_field owner_fields[] = {
	JSON_F_STR(owner_row, id, 64, true),
	JSON_F_STR(owner_row, name, LIMIT_NAME, false),
	JSON_F_BOOL(owner_row, disabled, false),
	JSON_F_TIME(owner_row, created_at, false),
	JSON_END,
};

struct owner_list {
	struct json_list owners;
	const char *next;
};

static const struct json_field owner_list_fields[] = {
	JSON_F_LIST(owner_list, owners, LIMIT_PAGE, owner_row, owner_fields),
	JSON_F_STR(owner_list, next, 256, false),
	JSON_END,
};

static const struct option_row add_options[] = {
	{ "key", "FILE", "the app's ES256 private key, PEM (PKCS#8)", true },
	{ "new-key", NULL, "make the key file", false },
	OPTIONS_END,
};

static const struct option_row list_options[] = {
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row decide_options[] = {
	{ "owner", "ID", "who decides", true },
	{ "key", "FILE", "the owner's app key", true },
	{ "deny", NULL, "say no: final for this request", false },
	{ "yes", NULL, "do not ask", false },
	OPTIONS_END,
};

static const struct option_row erase_options[] = {
	{ "yes", NULL, "it cannot be undone", false },
	OPTIONS_END,
};

static const struct option_row claim_options[] = {
	{ "owner", "ID", "who claims", true },
	{ "key", "FILE", "the owner's app key", true },
	{ "manufacturer", "ID", "the maker, if serials are not unique", false },
	{ "deny", NULL, "say no: final for this request", false },
	{ "yes", NULL, "do not ask", false },
	OPTIONS_END,
};

static const struct err *
load_key(struct cli *cli, struct keypair **out)
{
	const char *path = cli_option(cli, "key");
	char why[256] = "";

	*out = keypair_load(path, why);
	return *out != NULL ? NULL : fail(&cli->cx, &ERR_LOCAL, "%s", why);
}

/* Makes the key file of --new-key; one that is there is kept. */
static const struct err *
make_key(struct cli *cli)
{
	AUTO_STRUCT(keypair) *key = NULL;
	const char *path = cli_option(cli, "key");
	char why[256] = "";

	if (!cli_flag(cli, "new-key"))
		return NULL;
	if (disk_exists(path))
		return fail(&cli->cx, &ERR_LOCAL,
		    "%s is there already; leave out --new-key to use it", path);
	key = keypair_new();
	return keypair_save(key, path, why)
		   ? NULL
		   : fail(&cli->cx, &ERR_LOCAL, "%s", why);
}

static const struct err *
run_owner_add(struct cli *cli)
{
	AUTO_STRUCT(keypair) *key = NULL;
	struct owner_put in = { cli->arg[0], NULL };
	struct owner_row row = { .id = NULL };
	struct api_shape put = { owner_put_fields, &in };
	struct api_shape got = { owner_fields, &row };
	const struct err *e = make_key(cli);

	if (e == NULL)
		e = load_key(cli, &key);
	if (e != NULL)
		return e;
	in.app_key = owner_key_pem(&cli->cx, key);
	e = admin_call(cli, "POST /v1/admin/owners", &put, &got);
	if (e == NULL)
		printf("owner %s: %s\n", row.id,
		    row.name != NULL ? print_safe(&cli->cx, row.name)
				     : in.name);
	return e;
}

static const struct err *
run_owner_list(struct cli *cli)
{
	struct owner_list list = { .next = NULL };
	struct api_shape shape = { owner_list_fields, &list };

	return admin_show_page(cli, "GET /v1/admin/owners", &shape, &list.next);
}

/* Nothing brings an owner back. */
static const struct err *
run_owner_erase(struct cli *cli)
{
	const char *path = arena_printf(cli->cx.arena,
	    "DELETE /v1/admin/owners/%s", api_escape(&cli->cx, cli->arg[0]));
	const struct err *e;

	if (!cli_flag(cli, "yes"))
		return fail(&cli->cx, &ERR_LOCAL,
		    "owner %s would be erased for good, and every device of "
		    "theirs released: say --yes",
		    cli->arg[0]);
	e = admin_call(cli, path, NULL, NULL);
	if (e == NULL)
		printf("owner %s erased\n", cli->arg[0]);
	return e;
}

/* Shows the facts, asks, and sends the decision. */
static const struct err *
decide(struct cli *cli, const struct owner_app *app,
    const struct owner_approval *shown)
{
	struct owner_decision d;
	bool deny = cli_flag(cli, "deny");
	char answer[16] = "";
	const struct err *e;

	print_record(&cli->cx, owner_approval_fields, shown, 0);
	if (!cli_flag(cli, "yes")) {
		printf("%s this device? [y/N] ", deny ? "deny" : "approve");
		(void)fflush(stdout);
		if (fgets(answer, sizeof(answer), stdin) == NULL ||
		    (answer[0] != 'y' && answer[0] != 'Y'))
			return fail(&cli->cx, &ERR_REFUSED, "nothing decided");
	}
	e = owner_decide(&cli->cx, app, shown, !deny, &d);
	if (e == NULL)
		printf("%s%s%s\n", d.state,
		    d.device_id != NULL ? ": device " : "",
		    d.device_id != NULL ? d.device_id : "");
	return e;
}

static const struct err *
open_app(struct cli *cli, struct keypair **key, struct owner_app *out)
{
	const struct err *e = load_key(cli, key);

	*out =
	    (struct owner_app){ .id = cli_option(cli, "owner"), .key = *key };
	if (e == NULL)
		e = api_from_env(cli, &out->api);
	out->issuer = out->api.url;
	return e;
}

static const struct err *
run_approve(struct cli *cli)
{
	AUTO_STRUCT(keypair) *key = NULL;
	struct owner_app app;
	struct owner_approval shown;
	const struct err *e = open_app(cli, &key, &app);

	if (e == NULL)
		e = owner_lookup(&cli->cx, &app, cli->arg[0], &shown);
	return e != NULL ? e : decide(cli, &app, &shown);
}

static const struct err *
run_claim(struct cli *cli)
{
	AUTO_STRUCT(keypair) *key = NULL;
	struct owner_claim claim = { cli->arg[0], cli->arg[1],
		cli_option(cli, "manufacturer") };
	struct owner_app app;
	struct owner_approval shown;
	const struct err *e = open_app(cli, &key, &app);

	if (e == NULL)
		e = owner_claim(&cli->cx, &app, &claim, &shown);
	return e != NULL ? e : decide(cli, &app, &shown);
}

const struct command owner_commands[] = {
	{ "owner add", "NAME", "registers an owner by their app's key",
	    add_options, run_owner_add,
	    "For development: the service has to have the setting app_keys.  "
	    "The private key stays in the file; its public half is sent." },
	{ "owner list", "", "shows owners", list_options, run_owner_list,
	    NULL },
	{ "owner erase", "ID", "erases an owner who asks for it", erase_options,
	    run_owner_erase,
	    "Their devices are released, name and passkeys are gone. Only the "
	    "id remains." },
	{ "approve", "USER_CODE", "shows a device's facts and approves it",
	    decide_options, run_approve,
	    "The owner's side: the code is the one that the device shows." },
	{ "claim", "SERIAL CODE", "claims a device by its printed code",
	    claim_options, run_claim,
	    "For devices that only speak EST; the device must be asking at "
	    "the time." },
	{ .name = NULL },
};
