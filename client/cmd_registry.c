#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"

static const struct option_row show_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row list_options[] = {
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

/* "METHOD /v1/admin/<collection>/<arg 0>[rest]" */
static const char *
at(struct cli *cli, const char *method, const char *collection,
    const char *rest)
{
	return arena_printf(cli->cx.arena, "%s /v1/admin/%s/%s%s", method,
	    collection, api_escape(&cli->cx, cli->arg[0]), rest);
}

/* ---- manufacturers */

struct maker_row {
	const char *id, *name;
	bool frozen;
	int64_t created_at;
};

static const struct json_field maker_fields[] = {
	JSON_F_STR(maker_row, id, LIMIT_SLUG, false),
	JSON_F_STR(maker_row, name, LIMIT_NAME, false),
	JSON_F_BOOL(maker_row, frozen, false),
	JSON_F_TIME(maker_row, created_at, false),
	JSON_END,
};

struct maker_put {
	const char *name;
	bool frozen;
};

static const struct json_field maker_put_fields[] = {
	JSON_F_STR(maker_put, name, LIMIT_NAME, true),
	JSON_F_BOOL(maker_put, frozen, false),
	JSON_END,
};

struct maker_list {
	struct json_list manufacturers;
	const char *next;
};

static const struct json_field maker_list_fields[] = {
	JSON_F_LIST(
	    maker_list, manufacturers, LIMIT_PAGE, maker_row, maker_fields),
	JSON_F_STR(maker_list, next, 256, false),
	JSON_END,
};

static const struct option_row maker_add_options[] = {
	{ "name", "TEXT", "the name that owners see", true },
	OPTIONS_END,
};

static const struct option_row freeze_options[] = {
	{ "off", NULL, "accept units with new keys again", false },
	OPTIONS_END,
};

/* What is stored of the manufacturer now. */
static const struct err *
get_maker(struct cli *cli, struct maker_row *out)
{
	struct api_shape shape = { maker_fields, out };

	return admin_call(
	    cli, at(cli, "GET", "manufacturers", ""), NULL, &shape);
}

static const struct err *
put_maker(struct cli *cli, const struct maker_put *in)
{
	struct maker_put copy = *in;
	struct api_shape shape = { maker_put_fields, &copy };

	return admin_call(
	    cli, at(cli, "PUT", "manufacturers", ""), &shape, NULL);
}

static const struct err *
run_maker_add(struct cli *cli)
{
	struct maker_put in = { cli_option(cli, "name"), false };
	const struct err *e = put_maker(cli, &in);

	if (e == NULL)
		printf("manufacturer %s: %s\n", cli->arg[0], in.name);
	return e;
}

static const struct err *
run_maker_list(struct cli *cli)
{
	struct maker_list list = { .next = NULL };
	struct api_shape shape = { maker_list_fields, &list };

	return admin_show_page(
	    cli, "GET /v1/admin/manufacturers", &shape, &list.next);
}

static const struct err *
run_maker_show(struct cli *cli)
{
	struct maker_row row = { .id = NULL };
	struct api_shape shape = { maker_fields, &row };

	return admin_show(cli, at(cli, "GET", "manufacturers", ""), &shape);
}

static const struct err *
run_maker_freeze(struct cli *cli)
{
	struct maker_row row = { .id = NULL };
	struct maker_put in = { .frozen = !cli_flag(cli, "off") };
	const struct err *e = get_maker(cli, &row);

	if (e != NULL)
		return e;
	in.name = row.name;
	e = put_maker(cli, &in);
	if (e == NULL)
		printf("manufacturer %s is %s\n", cli->arg[0],
		    in.frozen ? "frozen: only units whose key is pinned"
			      : "not frozen");
	return e;
}

/* ---- models */

struct model_row {
	const char *id, *manufacturer, *name, *client_id, *status, *profile;
	struct json_strs labels;
	const char *policy, *support_until;
	const char *contact_updates, *contact_vulnerabilities;
};

#define MODEL_FIELDS(required)                                                 \
	JSON_F_STR(model_row, manufacturer, LIMIT_SLUG, required),             \
	    JSON_F_STR(model_row, name, LIMIT_NAME, required),                 \
	    JSON_F_STR(model_row, client_id, LIMIT_NAME, false),               \
	    JSON_F_STR(model_row, status, 16, false),                          \
	    JSON_F_STR(model_row, profile, LIMIT_SLUG, false),                 \
	    JSON_F_STRS(                                                       \
		model_row, labels, LIMIT_MODEL_LABELS, LIMIT_SLUG, false),     \
	    JSON_F_RAW(model_row, policy, 2 * LIMIT_POLICY, false),            \
	    JSON_F_STR(model_row, support_until, 32, false),                   \
	    JSON_F_STR(model_row, contact_updates, LIMIT_NAME, false),         \
	    JSON_F_STR(model_row, contact_vulnerabilities, LIMIT_NAME, false), \
	    JSON_END

static const struct json_field model_put_fields[] = { MODEL_FIELDS(true) };
static const struct json_field model_fields[] = {
	JSON_F_STR(model_row, id, LIMIT_SLUG, false),
	MODEL_FIELDS(false),
};

struct model_list {
	struct json_list models;
	const char *next;
};

static const struct json_field model_list_fields[] = {
	JSON_F_LIST(model_list, models, LIMIT_PAGE, model_row, model_fields),
	JSON_F_STR(model_list, next, 256, false),
	JSON_END,
};

static const struct option_row model_add_options[] = {
	{ "manufacturer", "ID", "who makes it", true },
	{ "name", "TEXT", "the name that owners see", true },
	{ "client-id", "ID", "of its firmware in OAuth (the model's id)",
	    false },
	{ "profile", "LABEL", "its enrollment label (device)", false },
	{ "label", "LABEL",
	    "a further label that its units may name; may be repeated", false },
	{ "policy", "JSON", "as of `model policy set` (as it is, or {})",
	    false },
	{ "support-until", "DATE", "end of updates, YYYY-MM-DD", false },
	{ "contact-updates", "TEXT", "whom to ask about updates", false },
	{ "contact-vulnerabilities", "TEXT", "where to report weaknesses",
	    false },
	OPTIONS_END,
};

static const struct err *
put_model(struct cli *cli, struct model_row *row)
{
	struct api_shape in = { model_put_fields, row };

	return admin_call(cli, at(cli, "PUT", "models", ""), &in, NULL);
}

static const struct err *
run_model_add(struct cli *cli)
{
	struct model_row row = {
		.manufacturer = cli_option(cli, "manufacturer"),
		.name = cli_option(cli, "name"),
		.client_id = cli_option(cli, "client-id"),
		.profile = cli_option(cli, "profile"),
		.policy = cli_option(cli, "policy"),
		.support_until = cli_option(cli, "support-until"),
		.contact_updates = cli_option(cli, "contact-updates"),
		.contact_vulnerabilities =
		    cli_option(cli, "contact-vulnerabilities"),
	};
	const char *labels[LIMIT_MODEL_LABELS];
	const char *name;
	const struct err *e;

	row.labels.v = labels;
	while ((name = cli_option_n(cli, "label", row.labels.n)) != NULL) {
		if (row.labels.n == LIMIT_MODEL_LABELS)
			return fail(&cli->cx, &ERR_USAGE,
			    "at most %d labels with --label",
			    LIMIT_MODEL_LABELS);
		labels[row.labels.n++] = name;
	}
	e = put_model(cli, &row);
	if (e == NULL)
		printf("model %s of %s: %s\n", cli->arg[0], row.manufacturer,
		    row.name);
	return e;
}

static const struct err *
run_model_list(struct cli *cli)
{
	struct model_list list = { .next = NULL };
	struct api_shape shape = { model_list_fields, &list };

	return admin_show_page(cli, "GET /v1/admin/models", &shape, &list.next);
}

static const struct err *
run_model_show(struct cli *cli)
{
	struct model_row row = { .id = NULL };
	struct api_shape shape = { model_fields, &row };

	return admin_show(cli, at(cli, "GET", "models", ""), &shape);
}

static const struct err *
run_model_retire(struct cli *cli)
{
	struct model_row row = { .id = NULL };
	struct api_shape shape = { model_fields, &row };
	const struct err *e;

	e = admin_call(cli, at(cli, "GET", "models", ""), NULL, &shape);
	if (e != NULL)
		return e;
	row.status = "retired";
	row.policy = NULL;
	e = put_model(cli, &row);
	if (e == NULL)
		printf("model %s is retired: its units cannot enroll\n",
		    cli->arg[0]);
	return e;
}

const struct command registry_commands[] = {
	{ "manufacturer add", "ID", "registers a manufacturer, or renames it",
	    maker_add_options, run_maker_add, NULL },
	{ "manufacturer list", "", "shows all manufacturers", list_options,
	    run_maker_list, NULL },
	{ "manufacturer show", "ID", "shows one manufacturer", show_options,
	    run_maker_show, NULL },
	{ "manufacturer freeze", "ID",
	    "accepts from now on only units whose key is pinned",
	    freeze_options, run_maker_freeze,
	    "For a manufacturer whose CA may be stolen: units that enrolled "
	    "before go on,\nnew ones are refused." },
	{ "model add", "ID", "registers a model, or changes it",
	    model_add_options, run_model_add, NULL },
	{ "model list", "", "shows all models", list_options, run_model_list,
	    NULL },
	{ "model show", "ID", "shows one model", show_options, run_model_show,
	    NULL },
	{ "model retire", "ID", "stops its units from enrolling", NULL,
	    run_model_retire, NULL },
	{ .name = NULL },
};
