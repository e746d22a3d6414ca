/*
 * An app's question to an owner and the answer: pushed authorization
 * requests (RFC 9126), the authorization endpoint (RFC 6749 section 4.1 with
 * PKCE by S256 alone, RFC 7636), and the code.  The page that asks the owner
 * knows the question by a handle that it shows nobody; each answer names our
 * issuer (RFC 9207).
 */
#ifndef DOMAIN_GRANT_H
#define DOMAIN_GRANT_H

#include <stdbool.h>

#include "domain/caller.h"
#include "domain/client.h"
#include "domain/dpop.h"

extern const struct err ERR_UNSUPPORTED_RESPONSE_TYPE, ERR_INVALID_TARGET,
    ERR_LOGIN_REQUIRED, ERR_REQUEST_NOT_SUPPORTED, ERR_INVALID_REQUEST_URI,
    ERR_REDIRECT; /* the last: who asks is unknown, so nobody is redirected */

/* The parameters; NULL where absent. */
struct grant_in {
	const char *client_id, *redirect_uri, *response_type, *response_mode;
	const char *scope, *state, *nonce, *prompt, *max_age, *resource;
	const char *code_challenge, *code_challenge_method;
	const char *dpop_jkt, *request, *request_uri;
	const char *address; /* of who sent them */
};

struct grant_pushed {
	const char *request_uri;
	int64_t expires_in;
};

/* RFC 9126 section 2: the client is authenticated; the DPoP proof is judged
 * and not used yet, or NULL (RFC 9449 section 10.1). */
ERR_FN grant_push(struct ctx *cx, const struct client *client,
    const struct grant_in *in, const struct dpop_proof *proof,
    struct grant_pushed *out);

/* Where the browser goes from the authorization endpoint: to our page, or
 * back to the app with a refusal. */
ERR_FN
grant_ask(struct ctx *cx, const struct grant_in *in, const char **location);

struct grant_view {
	const char *client_id, *client_name, *scope;
	const char *redirect_host; /* scheme and host */
};

/* What the page shows; ERR_NOT_FOUND for a handle that is over, and
 * "sign-in-again", UNAUTHENTICATED, for an owner whose sign-in is older than
 * the app wants. */
ERR_FN grant_show(struct ctx *cx, const struct owner_caller *owner,
    const char *handle, struct grant_view *out);

/* The owner's answer, and where the browser goes with it.  Only an owner who
 * signed in answers: no app opens the door to another. */
ERR_FN grant_decide(struct ctx *cx, const struct owner_caller *owner,
    const char *handle, bool allow, const char **location);

/* RFC 7636: whether the text can be a verifier (section 4.1), and whether it
 * is the challenge's (section 4.6). */
bool pkce_verifier_ok(const char *verifier);
bool pkce_matches(const char *verifier, struct bytes challenge);

#endif
