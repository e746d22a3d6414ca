#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"

#define UUID_BYTES 64
#define CHILDREN_MOST 256

struct device_row {
	const char *id, *manufacturer, *model, *serial, *state;
	const char *owner_id, *profile, *quarantine_reason;
	bool quarantined, lost, revoked, decommissioned;
	int64_t created_at, released_at, certificate_not_after;
	int64_t quarantined_at;
};

#define DEVICE_FIELDS                                                \
	JSON_F_STR(device_row, id, UUID_BYTES, true),                \
	    JSON_F_STR(device_row, manufacturer, LIMIT_NAME, false), \
	    JSON_F_STR(device_row, model, LIMIT_NAME, false),        \
	    JSON_F_STR(device_row, serial, LIMIT_SERIAL, false),     \
	    JSON_F_STR(device_row, state, 32, false),                \
	    JSON_F_BOOL(device_row, quarantined, false),             \
	    JSON_F_BOOL(device_row, revoked, false),                 \
	    JSON_F_TIME(device_row, certificate_not_after, false)

/* What fits a line, and all of it. */
static const struct json_field device_line_fields[] = { DEVICE_FIELDS,
	JSON_END };
static const struct json_field device_fields[] = {
	DEVICE_FIELDS,
	JSON_F_STR(device_row, owner_id, UUID_BYTES, false),
	JSON_F_STR(device_row, profile, LIMIT_SLUG, false),
	JSON_F_STR(device_row, quarantine_reason, LIMIT_NAME, false),
	JSON_F_TIME(device_row, quarantined_at, false),
	JSON_F_BOOL(device_row, lost, false),
	JSON_F_BOOL(device_row, decommissioned, false),
	JSON_F_TIME(device_row, created_at, false),
	JSON_F_TIME(device_row, released_at, false),
	JSON_END,
};

struct device_list {
	struct json_list devices;
	const char *next;
};

static const struct json_field device_list_fields[] = {
	JSON_F_LIST(
	    device_list, devices, LIMIT_PAGE, device_row, device_line_fields),
	JSON_F_STR(device_list, next, 256, false),
	JSON_END,
};

static const struct option_row list_options[] = {
	{ "manufacturer", "ID", "only that maker's", false },
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row show_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row reason_options[] = {
	{ "reason", "TEXT", "why, for the record", true },
	OPTIONS_END,
};

static const struct err *
run_list(struct cli *cli)
{
	const char *const query[][2] = {
		{ "manufacturer", cli_option(cli, "manufacturer") },
		{ NULL, NULL },
	};
	struct device_list list = { .next = NULL };
	struct api_shape shape = { device_list_fields, &list };

	return admin_show_page(cli,
	    admin_query(cli, "GET /v1/admin/devices", query), &shape,
	    &list.next);
}

/* "METHOD /v1/admin/devices/<arg 0>[verb]" */
static const char *
at(struct cli *cli, const char *method, const char *verb)
{
	return arena_printf(cli->cx.arena, "%s /v1/admin/devices/%s%s", method,
	    api_escape(&cli->cx, cli->arg[0]), verb);
}

static const struct err *
run_show(struct cli *cli)
{
	struct device_row row = { .id = NULL };
	struct api_shape shape = { device_fields, &row };

	const struct err *e = admin_show(cli, at(cli, "GET", ""), &shape);

	if (e == NULL && row.quarantined && !cli_flag(cli, "json"))
		printf(
		    "It keeps its quarantine topics, and renews into the "
		    "label quarantine,\nuntil \"latchkey device lift %s\".\n",
		    row.id);
	return e;
}

struct child_row {
	const char *id, *serial, *name, *scope, *state;
	int64_t created_at, expires_at;
};

static const struct json_field child_fields[] = {
	JSON_F_STR(child_row, id, UUID_BYTES, true),
	JSON_F_STR(child_row, serial, LIMIT_SERIAL, true),
	JSON_F_STR(child_row, name, LIMIT_NAME, true),
	JSON_F_STR(child_row, scope, LIMIT_NAME, true),
	JSON_F_STR(child_row, state, 32, true),
	JSON_F_TIME(child_row, created_at, true),
	JSON_F_TIME(child_row, expires_at, true),
	JSON_END,
};

struct child_list {
	struct json_list children;
};

static const struct json_field child_list_fields[] = {
	JSON_F_LIST(
	    child_list, children, CHILDREN_MOST, child_row, child_fields),
	JSON_END,
};

static const struct err *
run_children(struct cli *cli)
{
	struct child_list list;
	struct api_shape shape = { child_list_fields, &list };

	return admin_show(cli, at(cli, "GET", "/children"), &shape);
}

struct reason {
	const char *reason;
};

static const struct json_field reason_fields[] = {
	JSON_F_STR(reason, reason, LIMIT_NAME, true),
	JSON_END,
};

static const struct json_field nothing_fields[] = { JSON_END };

/* Revoke, quarantine or lift. */
static const struct err *
change(struct cli *cli, const char *verb, const char *done)
{
	struct reason in = { cli_option(cli, "reason") };
	struct api_shape shape = {
		in.reason != NULL ? reason_fields : nothing_fields, &in
	};
	const struct err *e;

	e = admin_call(cli, at(cli, "POST", verb), &shape, NULL);
	if (e == NULL)
		printf("device %s %s\n", cli->arg[0], done);
	return e;
}

static const struct err *
run_revoke(struct cli *cli)
{
	return change(cli, "/revoke", "revoked: its sessions are being cut");
}

static const struct err *
run_decommission(struct cli *cli)
{
	return change(cli, "/decommission",
	    "decommissioned: its unit is never enrolled again");
}

static const struct err *
run_quarantine(struct cli *cli)
{
	return change(cli, "/quarantine",
	    "quarantined: it keeps its quarantine topics alone, until an "
	    "operator lifts that");
}

static const struct err *
run_lift(struct cli *cli)
{
	return change(cli, "/lift", "is out of quarantine");
}

static const struct err *
run_release(struct cli *cli)
{
	const struct err *e =
	    admin_call(cli, at(cli, "DELETE", ""), NULL, NULL);

	if (e == NULL)
		printf("device %s released: its unit may enroll anew\n",
		    cli->arg[0]);
	return e;
}

const struct command device_commands[] = {
	{ "device list", "", "shows devices", list_options, run_list, NULL },
	{ "device show", "ID", "shows one device", show_options, run_show,
	    "What befell it, and why, is in \"latchkey audit --device ID\"." },
	{ "device children", "ID", "shows the sensors behind a hub",
	    show_options, run_children,
	    "Their owner lets them in and removes them; what they may do ends "
	    "with the hub." },
	{ "device revoke", "ID", "refuses it for good and cuts its sessions",
	    reason_options, run_revoke, NULL },
	{ "device decommission", "ID", "ends its unit's life, for good", NULL,
	    run_decommission, NULL },
	{ "device quarantine", "ID", "narrows it to its quarantine topics",
	    reason_options, run_quarantine,
	    "Its owner sees the reason. \"latchkey device lift\" ends it." },
	{ "device lift", "ID", "ends a quarantine", NULL, run_lift,
	    "Of a unit that nobody owns any more, give its last device: then "
	    "\"lost\" is\nlifted as well, if the owner who said so was "
	    "erased." },
	{ "device release", "ID", "ends a device that has no owner", NULL,
	    run_release,
	    "Its unit may enroll anew, with another key. A device with an "
	    "owner is the\nowner's to release." },
	{ .name = NULL },
};
