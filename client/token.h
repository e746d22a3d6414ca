/*
 * Operators' tokens, made and ended in the database itself: whoever holds its
 * migrator's role and the MAC key is the first operator.
 */
#ifndef CLIENT_TOKEN_H
#define CLIENT_TOKEN_H

#include "client/command.h"

struct token_order {
	const char *name, *scopes; /* scopes as they are stored: with spaces */
	int64_t seconds;           /* how long it is valid */
};

struct token {
	const char *id, *text; /* text is shown this once */
};

/* By LATCHKEY_DB and LATCHKEY_MAC_KEY; out's texts are the arena's. */
ERR_FN
token_new(struct cli *cli, const struct token_order *order, struct token *out);

/* Withdraws it; ERR_NOT_FOUND. */
ERR_FN token_end(struct cli *cli, const char *id);

#endif
