/*
 * Operators' tokens, made and ended in the database itself: whoever holds its
 * migrator's role and the MAC key is the first operator.
 */
#ifndef CLIENT_TOKEN_H
#define CLIENT_TOKEN_H

#include "client/api.h"
#include "client/command.h"

struct token_order {
	const char *name, *scopes; /* scopes as they are stored: with spaces */
	int64_t seconds;           /* how long it is valid */
	const char *cert;          /* PEM file it is bound to, or NULL */
};

struct token {
	const char *id, *text; /* text is shown this once */
};

/* What an operator shows beside the token: paths. */
struct operator_files {
	const char *cert, *key;
};

/* Makes dir/NAME.key (mode 0600) and dir/NAME.crt, a certificate by itself for
 * so many seconds.  Refuses to overwrite. */
ERR_FN operator_make(struct cli *cli, const char *name, const char *dir,
    int64_t seconds, struct operator_files *out);

/* By LATCHKEY_DB and LATCHKEY_MAC_KEY; out's texts are the arena's. */
ERR_FN
token_new(struct cli *cli, const struct token_order *order, struct token *out);

/* The same for what the command itself is about to do: with a key and a
 * certificate in dir that are new each time.  Fills in api; *id is for
 * token_end. */
ERR_FN token_own(struct cli *cli, struct token_order *order, const char *dir,
    struct api *api, const char **id);

/* Withdraws it; ERR_NOT_FOUND. */
ERR_FN token_end(struct cli *cli, const char *id);

#endif
