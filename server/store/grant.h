/*
 * What apps ask owners for, and what an owner's yes gave them: one row of
 * token_family from the code to the last refresh token.
 */
#ifndef STORE_GRANT_H
#define STORE_GRANT_H

#include "store/db.h"

extern const struct stmt *const grant_stmts[];

struct authorization {
	const char *client_id, *client_name; /* name: from the database alone */
	const char *redirect_uri, *scope;
	struct bytes code_challenge; /* SHA-256 */
	const char *state, *nonce;   /* or NULL */
	struct bytes jkt;            /* or empty */
	int64_t asked_at;
	int64_t max_age; /* seconds since the owner signed in; -1: any */
};

/* Remembers a question under its handle's keyed hash until the time. */
ERR_FN authorization_add(struct ctx *cx, const struct authorization *a,
    const uint8_t mac[32], bool pushed, int64_t until);

/* What was pushed under old_mac is shown under mac from now on, once. */
struct authorization_shown {
	const uint8_t *old_mac, *mac;
	const char *client_id;
	int64_t until;
};
ERR_FN authorization_show(
    struct ctx *cx, const struct authorization_shown *in, bool *done);

/* What is shown, or ERR_NOT_FOUND; its client was not withdrawn. */
ERR_FN authorization_get(
    struct ctx *cx, const uint8_t mac[32], struct authorization *out);

/* Ends the question; *done says that it was there. */
ERR_FN authorization_end(struct ctx *cx, const uint8_t mac[32], bool *done);

struct family {
	const char *id, *client_id, *owner_id, *scope;
	const char *redirect_uri, *nonce; /* nonce: or NULL */
	struct bytes code_challenge;
	struct bytes jkt, x5t; /* or empty */
	int64_t code_expires_at, signed_in_at, expires_at;
	int64_t generation; /* 0: the code was not redeemed */
	int64_t issued_at;  /* the present generation */
	/* Not ended, not expired, owner and client are as they should be. */
	bool alive;
};

ERR_FN
family_add(struct ctx *cx, const struct family *f, const uint8_t code_mac[32]);

/* ERR_NOT_FOUND. */
ERR_FN
family_by_code(struct ctx *cx, const uint8_t code_mac[32], struct family *out);
ERR_FN family_get(struct ctx *cx, const char *id, struct family *out);

/* Of many in one statement; what is found is in the arena of who asked. */
struct family_ask {
	struct ctx *cx;
	const char *id;
	bool found;
	struct family *out;
};
ERR_FN family_get_all(struct ctx *cx, struct family_ask *v, size_t n);

/* The generation after f->generation, bound to f->jkt and f->x5t; with its
 * event.  *done is false if another came first, or the family is over. */
ERR_FN family_next(struct ctx *cx, const struct family *f, bool *done);

/* Ends it, with an event of that kind; again: no change. */
ERR_FN family_end(struct ctx *cx, const struct family *f, const char *kind);

/* All that this owner's apps were given, each with an event. */
ERR_FN family_end_all(struct ctx *cx, const char *owner_id);

#endif
