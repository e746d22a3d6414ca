/*
 * The token endpoint for apps: codes and refresh tokens, each good once, and
 * what ends them (RFC 6749, 7009, 7662, 9700 section 4.14).  A family is all
 * that one yes gave.  Whoever shows a token of it a second time, with the key
 * that it is bound to, ends it, since then two have it; the same key gets the
 * same answer for a minute, since an answer can be lost; another key ends
 * nothing (SECURITY.md A10).
 */
#ifndef DOMAIN_FAMILY_H
#define DOMAIN_FAMILY_H

#include <stdbool.h>

#include "domain/access.h"
#include "domain/caller.h"
#include "domain/client.h"
#include "domain/dpop.h"
#include "domain/kept.h"

/* What came with a request to the token endpoint; NULL where absent. */
struct family_in {
	const struct client *client; /* authenticated */
	const char *code, *redirect_uri, *code_verifier;
	const char *refresh_token, *scope, *resource;
	const struct dpop_proof *proof; /* judged and not used yet, or NULL */
	struct bytes jkt;               /* the proof's, or empty */
	struct bytes x5t; /* of the TLS client's certificate, or empty */
};

struct family_out {
	const char *access_token, *token_type, *scope, *refresh_token;
	const char *id_token; /* or NULL */
	int64_t expires_in;
};

/* RFC 6749 section 4.1.3, RFC 7636 section 4.5. */
ERR_FN family_redeem(
    struct ctx *cx, const struct family_in *in, struct family_out *out);

/* RFC 6749 section 6. */
ERR_FN family_refresh(
    struct ctx *cx, const struct family_in *in, struct family_out *out);

extern const struct err ERR_UNSUPPORTED_TOKEN_TYPE;

/* RFC 7009: what is not known is no error, and what is another's is one to a
 * client that proved who it is.  An access token lives five minutes; its
 * refresh token is what can be ended. */
ERR_FN
family_revoke(struct ctx *cx, const struct client *client, const char *token);

/* RFC 7662; active is false and nothing else is set for a token that is not
 * alive, or not for this client to know about. */
struct introspection {
	bool active;
	const char *iss, *sub, *aud, *client_id, *scope, *token_type, *jti;
	int64_t iat, exp;
	struct access_cnf cnf;
	struct child_actor {
		const char *sub;
	} act; /* of a token for a sensor: its hub */
};
/* How long an answer may outlive what it says, where the news of that is
 * lost. */
#define INTROSPECTION_KEPT 5

/* What an answer to a client that shows its certificate is kept under.  That
 * this is the client's was judged when the answer was kept. */
void family_introspection_key(struct ctx *cx, const struct peer *peer,
    const char *client_id, const char *token, uint8_t key[KEPT_KEY]);

/* A question about a token, and its answer. */
struct introspect_try {
	struct ctx *cx;
	struct client_proof proof;
	const char *token;
	const struct err *e;
	struct introspection out;
	struct client client; /* on the way */
};

/* Authenticates the clients and answers them, at most LIMIT_TOGETHER; one's
 * refusal is not another's. */
void family_introspect(struct introspect_try *v, size_t n);

#endif
