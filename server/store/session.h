/*
 * Who is signed in, by the keyed hash of a cookie.
 */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "store/db.h"

struct session_row {
	const char *owner_id;
	bool recovery;
	int64_t signed_in_at, expires_at;
};

extern const struct stmt *const session_stmts[];

/* Adds one, and clears some of everybody's that are over. */
ERR_FN session_add(
    struct ctx *cx, const uint8_t mac[32], const struct session_row *in);

/* One that has not ended, of an owner who is neither disabled nor erased;
 * ERR_NOT_FOUND. */
ERR_FN
session_get(struct ctx *cx, const uint8_t mac[32], struct session_row *out);

ERR_FN session_end(struct ctx *cx, const uint8_t mac[32]);

/* Ends all of the owner's but the one of this hash (NULL: all of them). */
ERR_FN
session_end_others(struct ctx *cx, const char *owner_id, const uint8_t *mac);

#endif
