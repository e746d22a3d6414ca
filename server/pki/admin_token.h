/*
 * The text of operators' tokens: lk_<id>_<secret>_<check>.  The check is
 * keyed, so that a token that is not ours is refused without the database;
 * the database holds a keyed hash alone (SECURITY.md H4).
 */
#ifndef PKI_ADMIN_TOKEN_H
#define PKI_ADMIN_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct mac_key;

#define ADMIN_TOKEN_ID 8
#define ADMIN_TOKEN_SECRET 32
#define ADMIN_TOKEN_CHECK 16
/* "lk_" id "_" secret "_" check, and NUL */
#define ADMIN_TOKEN_BYTES                                                      \
	(3 + ADMIN_TOKEN_ID + 1 + ADMIN_TOKEN_SECRET + 1 + ADMIN_TOKEN_CHECK + \
	    1)

struct admin_token_key {
	char id[ADMIN_TOKEN_ID + 1];
	uint8_t mac[32]; /* what the database holds */
};

/* Makes a new token; text is the secret, shown once. */
void admin_token_make(const struct mac_key *k, char text[ADMIN_TOKEN_BYTES],
    struct admin_token_key *out);

/* Whether the text could be a token's id. */
bool admin_token_is_id(const char *text);

/* Reads a token; false unless its check was made with this key. */
bool admin_token_parse(
    const struct mac_key *k, struct bytes text, struct admin_token_key *out);

#endif
