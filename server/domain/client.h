/*
 * Apps: what operators say of them, and how they show who they are.  Public
 * clients show nothing and prove each code with PKCE; a client with a key
 * signs an assertion (RFC 7523, private_key_jwt).
 */
#ifndef DOMAIN_CLIENT_H
#define DOMAIN_CLIENT_H

#include "codec/json.h"
#include "domain/caller.h"
#include "store/client.h"

extern const struct err ERR_CLIENT;      /* INVALID "bad-client" */
extern const struct err ERR_CLIENT_GONE; /* CONFLICT */

#define CLIENT_URIS 16 /* redirect URIs or origins of a client */
#define CLIENT_URI 256 /* characters of each */

/* A client as operators see it. */
struct client_view {
	const char *id, *name, *scope;
	const char *key; /* PEM, or NULL: a public client */
	struct json_strs redirect_uris, origins;
	bool introspects;
	int64_t created_at;
};

/* Adds the client or replaces it.  Each redirect URI is https with a host, or
 * http at a loopback address without a port; none has a fragment. */
ERR_FN client_set(struct ctx *cx, const struct admin_caller *by,
    const struct client_view *in, bool *created);

/* A page of those that were not withdrawn. */
ERR_FN client_page(struct ctx *cx, const char *after, int64_t limit,
    struct client_view **out, size_t *n);

/* Withdraws it: what it was given is of no use any more. */
ERR_FN
client_remove(struct ctx *cx, const struct admin_caller *by, const char *id);

/* Whether the client may be answered at this URI: exactly one of its own, or
 * at a loopback address at any port (RFC 8252 section 7.3). */
bool client_has_redirect(const struct client *c, const char *uri);

/* Whether the text is a redirect URI, or an origin, that may be listed. */
bool client_redirect_ok(const char *uri);
bool client_origin_ok(const char *origin);

/* What a request says of its client; NULL where absent. */
struct client_proof {
	const char *client_id, *assertion_type, *assertion;
};

/* Finds and authenticates the client, RFC 6749 section 2.3; each assertion
 * counts once.  ERR_INVALID_CLIENT otherwise. */
ERR_FN client_authenticate(
    struct ctx *cx, const struct client_proof *in, struct client *out);

#endif
