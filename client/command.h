/*
 * The commands of `latchkey`: each is a row that says its name, what it
 * takes and what it is for, so that help, checks of the command line and
 * dispatch all read the same table.  A command returns NULL or the refusal;
 * main prints its reason and picks the exit status.
 */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"
#include "base/err.h"

#define COMMAND_ARGS 4
#define COMMAND_GIVEN 32

/* How the process ends. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_PROPOSED = 3, /* another operator has to confirm it */
};

struct option_row {
	const char *name;
	const char *arg; /* what it takes, in capitals; NULL: a flag */
	const char *help;
	bool required;
};
/* The last row of a command's options. */
#define OPTIONS_END          \
	{                    \
		.name = NULL \
	}

/* The command line, checked against the row of its command. */
struct cli {
	struct ctx cx;
	const struct command *command;
	const char *arg[COMMAND_ARGS]; /* NULL where not given */
	struct {
		const struct option_row *row;
		const char *value; /* "" for a flag */
	} given[COMMAND_GIVEN];
	size_t ngiven;
};

typedef const struct err *command_fn(struct cli *cli);

struct command {
	const char *name;    /* one to three words */
	const char *args;    /* "NAME [FILE]", or "" */
	const char *summary; /* one line */
	const struct option_row *options;
	command_fn *run;
	const char *notes; /* further help, or NULL */
};

struct command_group {
	const char *title;
	const struct command *commands; /* ends with a NULL name */
};

/* The command line is wrong (exit status 2). */
extern const struct err ERR_USAGE;
/* Something on this machine is not as it must be. */
extern const struct err ERR_LOCAL;

/* The value of an option; NULL if it was not given. */
const char *cli_option(const struct cli *cli, const char *name);

/* The nth value of an option that may be given often; NULL past the last. */
const char *cli_option_n(const struct cli *cli, const char *name, size_t n);

bool cli_flag(const struct cli *cli, const char *name);

/* A whole number option within a range; def if not given. */
ERR_FN
cli_number(struct cli *cli, const char *name, const long range[3], long *out);

/* An environment variable that must be set. */
ERR_FN cli_env(struct cli *cli, const char *name, const char **out);

/* Finds the command of argv and checks its options and arguments; prints
 * what is wrong.  cx is already filled. */
ERR_FN command_parse(struct cli *cli, const struct command_group *groups,
    int argc, char *const *argv);

/* Help: of everything, or of the commands that begin with words. */
void command_help(const struct command_group *groups);
bool command_help_of(const struct command_group *groups, const char *words);

#endif
