#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/print.h"

struct proposal_row {
	const char *id, *summary, *state, *operator, * token_id;
	const char *method, *path, *decided_by;
	struct bytes sha256;
	int64_t created_at, expires_at, decided_at;
};

static const struct json_field proposal_fields[] = {
	JSON_F_STR(proposal_row, id, 36, true),
	JSON_F_STR(proposal_row, state, 16, true),
	JSON_F_STR(proposal_row, operator, LIMIT_NAME, true),
	JSON_F_TIME(proposal_row, expires_at, true),
	JSON_F_STR(proposal_row, summary, KIB, true),
	JSON_F_STR(proposal_row, token_id, LIMIT_NAME, true),
	JSON_F_STR(proposal_row, method, 16, true),
	JSON_F_STR(proposal_row, path, KIB, true),
	JSON_F_HEX(proposal_row, sha256, 32, true),
	JSON_F_TIME(proposal_row, created_at, true),
	JSON_F_TIME(proposal_row, decided_at, false),
	JSON_F_STR(proposal_row, decided_by, LIMIT_NAME, false),
	JSON_END,
};

/* What a list has room for. */
static const struct json_field line_fields[] = {
	JSON_F_STR(proposal_row, id, 36, true),
	JSON_F_STR(proposal_row, state, 16, true),
	JSON_F_STR(proposal_row, operator, LIMIT_NAME, true),
	JSON_F_TIME(proposal_row, expires_at, true),
	JSON_F_STR(proposal_row, summary, KIB, true),
	JSON_END,
};

struct proposal_list {
	struct json_list proposals;
};

static const struct json_field list_fields[] = {
	JSON_F_LIST(
	    proposal_list, proposals, LIMIT_PAGE, proposal_row, line_fields),
	JSON_END,
};

static const struct option_row show_options[] = {
	OPTION_JSON,
	OPTIONS_END,
};

static const struct option_row confirm_options[] = {
	{ "yes", NULL, "do not ask", false },
	OPTIONS_END,
};

static const struct err *
run_list(struct cli *cli)
{
	struct proposal_list list = { { NULL, 0 } };
	struct api_shape out = { list_fields, &list };

	return admin_show(cli, "GET /v1/admin/proposals", &out);
}

static const char *
path_of(struct cli *cli, const char *method, const char *more)
{
	return arena_printf(cli->cx.arena, "%s /v1/admin/proposals/%s%s",
	    method, api_escape(&cli->cx, cli->arg[0]), more);
}

static const struct err *
run_show(struct cli *cli)
{
	struct proposal_row row = { NULL };
	struct api_shape out = { proposal_fields, &row };

	return admin_show(cli, path_of(cli, "GET", ""), &out);
}

struct confirmation {
	struct bytes sha256;
};

static const struct json_field confirmation_fields[] = {
	JSON_F_HEX(confirmation, sha256, 32, true),
	JSON_END,
};

static const struct err *
run_confirm(struct cli *cli)
{
	struct proposal_row row = { NULL };
	struct api_shape shown = { proposal_fields, &row };
	struct confirmation what;
	struct api_shape in = { confirmation_fields, &what };
	char answer[16] = "";
	const struct err *e =
	    admin_call(cli, path_of(cli, "GET", ""), NULL, &shown);

	if (e != NULL)
		return e;
	print_record(&cli->cx, proposal_fields, &row, 0);
	if (!cli_flag(cli, "yes")) {
		printf("confirm? [y/N] ");
		(void)fflush(stdout);
		if (fgets(answer, sizeof(answer), stdin) == NULL ||
		    (answer[0] != 'y' && answer[0] != 'Y'))
			return fail(
			    &cli->cx, &ERR_REFUSED, "nothing confirmed");
	}
	/* What was shown, and nothing else. */
	what.sha256 = row.sha256;
	e = admin_call(cli, path_of(cli, "POST", "/confirmation"), &in, NULL);
	if (e == NULL)
		printf("done: %s\n", print_safe(&cli->cx, row.summary));
	return e;
}

static const struct err *
run_withdraw(struct cli *cli)
{
	const struct err *e =
	    admin_call(cli, path_of(cli, "DELETE", ""), NULL, NULL);

	if (e == NULL)
		printf("proposal %s is withdrawn\n", cli->arg[0]);
	return e;
}

const struct command proposal_commands[] = {
	{ "proposal list", "", "shows what waits for a second operator",
	    show_options, run_list, NULL },
	{ "proposal show", "ID", "shows one, and what it would do",
	    show_options, run_show, NULL },
	{ "proposal confirm", "ID", "does what another operator proposed",
	    confirm_options, run_confirm,
	    "Whoever proposed it cannot: another operator does, by a token of "
	    "another name and\ncertificate, with the scopes that it takes." },
	{ "proposal withdraw", "ID", "takes a proposal back", NULL,
	    run_withdraw, NULL },
	{ .name = NULL },
};
