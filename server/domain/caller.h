/*
 * Who is calling, judged anew at each request (SECURITY.md A4): a birth
 * certificate is a unit, an operational certificate a device, a signed
 * bearer an owner, an admin token an operator.
 */
#ifndef DOMAIN_CALLER_H
#define DOMAIN_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"

enum caller_kind {
	CALLER_NOBODY,
	CALLER_UNIT,   /* birth certificate by mutual TLS */
	CALLER_DEVICE, /* operational certificate by mutual TLS */
	CALLER_RA,     /* a service's with cmcRA, by mutual TLS */
	CALLER_OWNER,  /* app key or access token, or signed in */
	CALLER_ADMIN,  /* operator's token */
};

/* The TLS client's chain as it was sent, leaf first. */
struct peer {
	struct bytes chain[LIMIT_CHAIN];
	size_t n;
	bool too_long; /* more than LIMIT_CHAIN certificates */
};

/* A one-time token that stands in for a birth certificate (A12). */
struct bootstrap {
	const char *id, *label;
	struct bytes key_sha256; /* bound to; empty: not yet */
	bool used;
};

/* A unit that proved its birth key, or has a bootstrap token, or whose
 * evidence was judged, with what its maker said of it. */
struct unit {
	const struct bootstrap *bootstrap; /* NULL: by one of the others */
	bool by_evidence;                  /* alone (domain/attested) */
	bool came;                         /* one of these that did before */
	int64_t birth_id;
	const char *manufacturer_id, *manufacturer_name;
	const char *model_id, *model_name, *client_id;
	/* The model's label, or one of its further ones (separated by
	 * spaces) that the request named (domain/label_rule). */
	const char *profile, *labels;
	bool labelled;
	const char *model_policy;  /* JSON */
	const char *support_until; /* date, or NULL */
	/* NULL: listed by key or UEID; then what the birth certificate says,
	 * which certificates do not repeat, since a renewal would not know. */
	const char *serial, *listed_serial;
	const char *batch, *made_at, *boot_test; /* may be NULL */
	const char *device_id; /* the present ownership, or NULL */
	bool quarantined;
	bool asks_evidence; /* the model does; with a birth certificate only */
	/* The birth key and the leaf that proved it; zeros without one. */
	uint8_t key_sha256[32], cert_sha256[32];
};

/* A device that proved its operational key. */
struct device_caller {
	const char *device_id;
	struct bytes serial; /* of the certificate it used */
	struct bytes der;
	int64_t not_before, not_after;
	uint8_t key_sha256[32];
	const char *profile;
	bool quarantined; /* the unit is */
	bool narrowed;    /* the certificate is quarantine's */
	int64_t birth_id;
	const char *model_id, *manufacturer_id, *unit_serial;
	bool asks_evidence;                    /* the model does */
	struct bytes successor, successor_der; /* what it was renewed to */
	uint8_t successor_key_sha256[32];
};

/* A registration authority: a service that renews for the devices of these
 * labels (A13). */
struct ra_caller {
	const char *service;
	const char *const *labels;
	size_t n;
	const char *label; /* the request's, or NULL */
};

struct owner_caller {
	const char *owner_id;
	struct bytes app_key;  /* SPKI, DER; empty: signed in at the pages */
	const char *cookie;    /* that session's, or NULL */
	int64_t signed_in_at;  /* of who did, at the pages */
	bool recovery;         /* it may add a passkey and nothing else (P4) */
	const char *client_id; /* of the app whose token it is, or NULL */
	/* By the platform's own identity provider; a sign-in that is fresh and
	 * strong enough is as good as a touch (RFC 9470, A7). */
	bool external, stepped_up;
};

enum admin_scope {
	SCOPE_READ = 1,
	SCOPE_REGISTRY = 2,
	SCOPE_REVOKE = 4,
	SCOPE_LIFT = 8,
	SCOPE_KEYS = 16,
	SCOPE_TOKENS = 32,
	SCOPE_IMPORT = 64,   /* registry has it, manufacturer:<id> alone too */
	SCOPE_METRICS = 128, /* for who scrapes, and reads nothing else */
};

struct admin_caller {
	const char *token_id;
	const char *name;         /* the operator's; one may have many tokens */
	struct bytes cert_sha256; /* empty: the token is not bound */
	unsigned scopes;          /* of enum admin_scope */
	const char *only_manufacturer; /* manufacturer:<id>, or NULL */
	/* What was proposed by this token and is confirmed by another
	 * operator's, or NULL both (domain/second). */
	const char *proposal, *second_token_id;
};

struct caller {
	enum caller_kind kind;
	struct unit unit;
	struct device_caller device;
	struct ra_caller ra;
	struct owner_caller owner;
	struct admin_caller admin;
};

/* KIND_UNAUTHENTICATED "client-certificate-required" */
extern const struct err ERR_NO_CLIENT_CERTIFICATE;

/* Judges the peer's birth certificate: chain to an anchor of its maker, unit
 * on the allowlist, model active, key pinned (A11).  A refusal is one error
 * to the sender and an event with the reason for the operator (E5). */
ERR_FN caller_unit(struct ctx *cx, const struct peer *peer, struct unit *out);

/* The same for at most LIMIT_TOGETHER; one's refusal is not another's.  Who
 * may have to wait, or has more to be stored than its key, is told to come
 * again by itself; a single one is not. */
struct caller_try {
	struct ctx *cx;
	const struct peer *peer;
	struct unit *unit;
	const struct err *e;
	bool again;
};
void caller_units(struct caller_try *v, size_t n);

/* Judges an owner's bearer: a JWS of at most five minutes, signed by the
 * app key, made for this issuer, method and path.  A development app's: refused
 * unless the setting app_keys allows them. */
ERR_FN caller_owner(struct ctx *cx, const char *jws, const char *method,
    const char *path, struct owner_caller *out);

/* What an app sends with a call for its owner. */
struct app_call {
	const char *token;
	const char *dpop; /* the proof, or NULL */
	bool dpop_scheme; /* the token came as DPoP, not as Bearer */
	const char *method, *path;
	const struct peer *peer;
	bool proved;    /* the same request was judged before: its proof was
			 * used up then */
	unsigned scope; /* of enum owner_scope: what the call needs; 0: more
			 * than any app is given (A7) */
};

/* "insufficient-scope", FORBIDDEN. */
extern const struct err ERR_SCOPE;

/* "insufficient_user_authentication", UNAUTHENTICATED: RFC 9470. */
extern const struct err ERR_STEP_UP;

/* Whether the token says of itself that it is an access token. */
bool caller_is_access_token(struct ctx *cx, const char *token);

/* Judges an access token for an owner's call: one of the platform's own
 * identity provider (domain/idp), or an app's: ours, alive, with its key or
 * certificate if it is bound to one (RFC 9449 section 7, RFC 8705 section 3),
 * and for this. */
ERR_FN caller_app(
    struct ctx *cx, const struct app_call *call, struct owner_caller *out);

/* What an operator sends. */
struct admin_call {
	const char *token;
	const struct peer *peer;
};

/* Judges an operator's token and that it holds the scope. */
ERR_FN caller_admin(struct ctx *cx, const struct admin_call *call,
    unsigned scope, struct admin_caller *out);

/* Whether the token's own MAC is right: decides the lane, nothing else. */
bool caller_token_is_ours(struct ctx *cx, const char *token);

#endif
