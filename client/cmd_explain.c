#include <string.h>

#include "base/explain.h"
#include "client/command.h"
#include "client/commands.h"

#define TYPE "urn:latchkey:error:"

static const struct option_row explain_options[] = {
	{ "markdown", NULL, "all of them, as docs/reasons.md has them", false },
	OPTIONS_END,
};

static const struct err *
explain_one(struct cli *cli, const char *code)
{
	const struct explanation *x;

	if (strncmp(code, TYPE, strlen(TYPE)) == 0)
		code += strlen(TYPE);
	x = explain_find(code);
	if (x == NULL)
		return fail(&cli->cx, &ERR_USAGE,
		    "no such code; without one, \"latchkey explain\" lists "
		    "them, and what is found in evidence is explained in "
		    "docs/attestation.md");
	printf("%s\n", x->happened);
	if (x->owner != NULL)
		printf("The owner: %s\n", x->owner);
	printf("The operator: %s\n", x->operator);
	return NULL;
}

static void
list(void)
{
	const struct explain_group *g;
	const struct explanation *x;

	for (g = explain_groups; g->title != NULL; g++) {
		printf("%s%s\n", g == explain_groups ? "" : "\n", g->title);
		for (x = g->rows; x->code != NULL; x++)
			printf("  %-30s %s\n", x->code, x->happened);
	}
}

static void
print_markdown(void)
{
	const struct explain_group *g;
	const struct explanation *x;

	printf("# Reason codes\n"
	       "A refusal names its code: a problem document in `type` "
	       "(`urn:latchkey:error:CODE`),\nOAuth in `error`, a record in "
	       "each of its steps. `latchkey explain CODE` says the same\nas "
	       "this page, which is its output (`latchkey explain "
	       "--markdown`). The sender of the\nrefused request learns the "
	       "code and a request id; the record behind that id is the\n"
	       "operator's (`latchkey enrollment show --request ID`, "
	       "`latchkey audit --request ID`).\n");
	for (g = explain_groups; g->title != NULL; g++) {
		printf("\n## %s\n", g->title);
		for (x = g->rows; x->code != NULL; x++) {
			printf("\n### %s\n%s\n", x->code, x->happened);
			if (x->owner != NULL)
				printf("- **Owner:** %s\n", x->owner);
			printf("- **Operator:** %s\n", x->operator);
		}
	}
}

static const struct err *
run_explain(struct cli *cli)
{
	if (cli_flag(cli, "markdown"))
		print_markdown();
	else if (cli->arg[0] == NULL)
		list();
	else
		return explain_one(cli, cli->arg[0]);
	return NULL;
}

const struct command explain_commands[] = {
	{ "explain", "[CODE]", "says what the code of a refusal means",
	    explain_options, run_explain,
	    "What happened, what the device's owner can do, and what the "
	    "operator can.\nWithout CODE it lists them all." },
	{ .name = NULL },
};
