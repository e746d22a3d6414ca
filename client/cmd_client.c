#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/disk.h"

#define URIS 16
#define URI 256
#define ALL_SCOPES "openid approvals devices"

struct client_row {
	const char *id, *name, *scope, *key;
	struct json_strs redirect_uris, origins, android_apps, ios_apps;
	bool introspects;
	int64_t created_at;
};

#define CLIENT_FIELDS                                                \
	JSON_F_STR(client_row, name, LIMIT_NAME, true),              \
	    JSON_F_STRS(client_row, redirect_uris, URIS, URI, true), \
	    JSON_F_STRS(client_row, origins, URIS, URI, true),       \
	    JSON_F_STRS(client_row, android_apps, URIS, URI, true),  \
	    JSON_F_STRS(client_row, ios_apps, URIS, URI, true),      \
	    JSON_F_STR(client_row, scope, 64, true),                 \
	    JSON_F_STR(client_row, key, KIB, false),                 \
	    JSON_F_BOOL(client_row, introspects, false)

static const struct json_field put_fields[] = {
	CLIENT_FIELDS,
	JSON_END,
};

static const struct json_field client_fields[] = {
	JSON_F_STR(client_row, id, LIMIT_SLUG, true),
	CLIENT_FIELDS,
	JSON_F_TIME(client_row, created_at, false),
	JSON_END,
};

struct client_list {
	struct json_list clients;
	const char *next;
};

static const struct json_field client_list_fields[] = {
	JSON_F_LIST(
	    client_list, clients, LIMIT_PAGE, client_row, client_fields),
	JSON_F_STR(client_list, next, 256, false),
	JSON_END,
};

static const struct option_row add_options[] = {
	{ "name", "TEXT", "what owners are shown", true },
	{ "redirect-uri", "URI",
	    "https, or http at 127.0.0.1 or [::1]; may be repeated", false },
	{ "origin", "URI", "of its pages in browsers; may be repeated", false },
	{ "android", "PACKAGE=FINGERPRINT",
	    "its build for Android: the SHA-256 of its certificate, as keytool "
	    "prints it; may be repeated",
	    false },
	{ "ios", "TEAM.BUNDLE", "its build for iOS; may be repeated", false },
	{ "scopes", "S[,S]...", "the most it is given (all)", false },
	{ "key", "FILE", "its public P-256 key, PEM: it signs assertions",
	    false },
	{ "introspects", NULL, "it may ask what others' tokens are", false },
	OPTIONS_END,
};

static const struct option_row list_options[] = {
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row show_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

static const struct err *
take_all(struct cli *cli, const char *option, struct json_strs *out)
{
	const char *value;

	out->v = arena_alloc(cli->cx.arena, URIS * sizeof(*out->v));
	while ((value = cli_option_n(cli, option, out->n)) != NULL) {
		if (out->n == URIS)
			return fail(&cli->cx, &ERR_USAGE,
			    "at most %d times --%s", URIS, option);
		out->v[out->n++] = value;
	}
	return NULL;
}

/* "a,b" as "a b". */
static const char *
scopes_of(struct cli *cli)
{
	const char *given = cli_option(cli, "scopes");
	char *s, *p;

	if (given == NULL)
		return ALL_SCOPES;
	s = arena_strdup(cli->cx.arena, given);
	for (p = s; *p != '\0'; p++)
		if (*p == ',')
			*p = ' ';
	return s;
}

static const struct err *
run_add(struct cli *cli)
{
	struct client_row row = { .name = cli_option(cli, "name"),
		.scope = scopes_of(cli),
		.introspects = cli_flag(cli, "introspects") };
	const char *key = cli_option(cli, "key");
	const struct err *e = NULL;
	struct bytes pem;

	if (key != NULL)
		e = disk_read(&cli->cx, key, KIB, &pem);
	if (e != NULL)
		return e;
	if (key != NULL)
		row.key = bytes_to_str(cli->cx.arena, pem);
	e = take_all(cli, "redirect-uri", &row.redirect_uris);
	if (e == NULL)
		e = take_all(cli, "origin", &row.origins);
	if (e == NULL)
		e = take_all(cli, "android", &row.android_apps);
	if (e == NULL)
		e = take_all(cli, "ios", &row.ios_apps);
	if (e == NULL)
		e = admin_call(cli,
		    arena_printf(cli->cx.arena, "PUT /v1/admin/clients/%s",
			api_escape(&cli->cx, cli->arg[0])),
		    &(struct api_shape){ put_fields, &row }, NULL);
	if (e == NULL)
		printf("client %s may ask owners for: %s\n", cli->arg[0],
		    row.scope);
	return e;
}

static const struct err *
run_list(struct cli *cli)
{
	struct client_list list = { .next = NULL };

	return admin_show_page(cli, "GET /v1/admin/clients",
	    &(struct api_shape){ client_list_fields, &list }, &list.next);
}

static const struct err *
run_show(struct cli *cli)
{
	struct client_row row = { .id = NULL };

	return admin_show(cli,
	    arena_printf(cli->cx.arena, "GET /v1/admin/clients/%s",
		api_escape(&cli->cx, cli->arg[0])),
	    &(struct api_shape){ client_fields, &row });
}

static const struct err *
run_remove(struct cli *cli)
{
	const struct err *e = admin_call(cli,
	    arena_printf(cli->cx.arena, "DELETE /v1/admin/clients/%s",
		api_escape(&cli->cx, cli->arg[0])),
	    NULL, NULL);

	if (e == NULL)
		printf("client %s is withdrawn, and all that it was given\n",
		    cli->arg[0]);
	return e;
}

const struct command client_commands[] = {
	{ "client add", "ID", "registers an app, or says anew what it is",
	    add_options, run_add,
	    "Scopes: openid, approvals, devices.  At a loopback address the "
	    "app may use any port." },
	{ "client list", "", "shows the apps", list_options, run_list, NULL },
	{ "client show", "ID", "shows one app", show_options, run_show, NULL },
	{ "client remove", "ID", "withdraws an app for good", NULL, run_remove,
	    NULL },
	{ .name = NULL },
};
