/*
 * The device authorization grant (RFC 8628), bound to a birth certificate
 * and to the one key that is to be certified (SECURITY.md A2).  The codes of
 * its refusals are the registered OAuth words.
 */
#ifndef DOMAIN_OAUTH_H
#define DOMAIN_OAUTH_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"
#include "domain/live.h"
#include "pki/csr.h"
#include "store/approval.h"

extern const struct err ERR_INVALID_REQUEST, ERR_INVALID_CLIENT,
    ERR_UNAUTHORIZED_CLIENT, ERR_INVALID_SCOPE, ERR_INVALID_GRANT,
    ERR_UNSUPPORTED_GRANT_TYPE, ERR_AUTHORIZATION_PENDING, ERR_SLOW_DOWN,
    ERR_ACCESS_DENIED, ERR_EXPIRED_TOKEN;

#define GRANT_DEVICE_CODE "urn:ietf:params:oauth:grant-type:device_code"

struct oauth_authorize_in {
	const char *client_id, *scope; /* NULL where absent */
	const char *label;             /* NULL: the model's own */
	struct bytes csr;              /* DER */
	const char *attestation;       /* handle of evidence, or NULL */
	const char *evidence_format;   /* NULL: no evidence */
	struct bytes evidence, evidence_nonce;
	struct bytes binding; /* of the connection, or empty */
	const char *address;  /* the device's */
};

struct oauth_authorize_out {
	const char *device_code, *user_code;
	const char *verification_uri, *verification_uri_complete;
	int64_t expires_in, interval;
};

struct oauth_token_in {
	const char *grant_type, *device_code, *client_id;
};

struct oauth_token_out {
	const char *access_token, *token_type, *scope;
	int64_t expires_in;
};

/* A request for a device code, and what came of it. */
struct oauth_asked {
	struct ctx *cx;
	/* Whose birth certificate was judged; NULL: the handle's. */
	const struct unit *unit;
	struct oauth_authorize_in in;
	const struct err *e;
	bool again; /* nothing was done: to be served by itself */
	struct oauth_authorize_out out;
	/* On the way. */
	struct unit judged;
	struct csr csr;
	struct approval_seen seen;
	struct approval_new a;
	struct live_code code;
	uint8_t user_mac[32];
};

/* RFC 8628 section 3.1 and 3.2: an approval request for each one's (unit,
 * key), at most LIMIT_TOGETHER, in one commit.  One's refusal is not
 * another's; a single one is never told to come again. */
void oauth_authorize(struct oauth_asked *v, size_t n);

/* RFC 8628 section 3.4 and 3.5; unit NULL: without a birth certificate, as
 * the code was asked for. */
ERR_FN oauth_token(struct ctx *cx, const struct unit *unit,
    const struct oauth_token_in *in, struct oauth_token_out *out);

/* The same without the database, for a code that is pending here; NULL means
 * that oauth_token must decide. */
const struct err *oauth_token_quick(
    struct ctx *cx, const struct peer *peer, const struct oauth_token_in *in);

#endif
