/*
 * The apps that operators registered (RFC 6749 section 2).
 */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include "store/db.h"

/* Lists are texts, an entry a line: no entry holds a control character. */
struct client {
	const char *id, *name;
	const char *redirect_uris, *origins, *android_apps, *ios_apps;
	const char *scope; /* separated by spaces */
	struct bytes key;  /* SPKI, DER; empty: a public client */
	bool introspects;
	bool withdrawn;
	int64_t created_at;
};

extern const struct stmt *const client_stmts[];

/* Adds the client or replaces what is said of it; one that was withdrawn
 * stays so, and *done is false. */
ERR_FN
client_put(struct ctx *cx, const struct client *c, bool *created, bool *done);

/* ERR_NOT_FOUND; one that was withdrawn is found. */
ERR_FN client_get(struct ctx *cx, const char *id, struct client *out);

/* Of many in one statement; what is found is in the arena of who asked. */
struct client_ask {
	struct ctx *cx;
	const char *id;
	bool found;
	struct client out;
};
ERR_FN client_get_all(struct ctx *cx, struct client_ask *v, size_t n);

/* *done is false if there is none, or it was withdrawn before. */
ERR_FN client_withdraw(struct ctx *cx, const char *id, bool *done);

ERR_FN client_list(struct ctx *cx, const char *after, int64_t limit,
    struct client **out, size_t *n);

/* Whether a browser's page of that origin is the client's, or (NULL) any
 * client's. */
ERR_FN client_has_origin(
    struct ctx *cx, const char *client_id, const char *origin, bool *has);

/* Every client's, each once, in order. */
enum client_list_kind {
	CLIENT_ORIGINS,
	CLIENT_ANDROID_APPS,
	CLIENT_IOS_APPS,
};
ERR_FN client_all(
    struct ctx *cx, enum client_list_kind what, const char ***out, size_t *n);

#endif
