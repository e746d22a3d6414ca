/*
 * The operator's calls: where the service is and the token to show come from
 * the environment, lists and records are printed, and --json prints an
 * answer as it came.
 */
#ifndef CLIENT_ADMIN_H
#define CLIENT_ADMIN_H

#include "client/api.h"
#include "client/command.h"

/* The option that every reading command takes. */
#define OPTION_JSON                                                          \
	{                                                                    \
		"json", NULL, "print the service's answer as it came", false \
	}

/* And those of every list that comes in pages. */
#define OPTIONS_PAGE                                                 \
	{ "limit", "N", "at most so many", false },                  \
	{                                                            \
		"after", "CURSOR", "go on where a list ended", false \
	}

/* LATCHKEY_URL and LATCHKEY_CA, nobody in particular. */
ERR_FN api_from_env(struct cli *cli, struct api *out);

/* The same with LATCHKEY_OPERATOR_URL in its place, where operators have a
 * listener of their own. */
ERR_FN operator_from_env(struct cli *cli, struct api *out);

/* The same with LATCHKEY_ADMIN_TOKEN, and LATCHKEY_CERT and LATCHKEY_KEY if
 * the token is bound to a certificate. */
ERR_FN admin_api(struct cli *cli, struct api *out);

/* One call as operator; what is "METHOD /path". */
ERR_FN admin_call(struct cli *cli, const char *what, const struct api_shape *in,
    const struct api_shape *out);

/* That what was refused is not read of by all: admin_call says it by itself. */
void admin_say_unfollowed(void);

/* A call whose answer is printed: a table if its first field is a list, else
 * lines.  With --json as it came. */
ERR_FN
admin_show(struct cli *cli, const char *what, const struct api_shape *out);

/* One page of a list, by OPTIONS_PAGE, and for people how it goes on: *next is
 * what was read into out. */
ERR_FN admin_show_page(struct cli *cli, const char *what,
    const struct api_shape *out, const char *const *next);

/* "/path" with the parameters that are not NULL added to its query; pairs
 * ends with a NULL name. */
const char *
admin_query(struct cli *cli, const char *path, const char *const (*pairs)[2]);

#endif
