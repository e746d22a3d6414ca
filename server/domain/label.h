/*
 * Enrollment profiles.  A platform team makes one for each product line or
 * region; its label is the path segment of RFC 7030 section 3.2.2 and the
 * profile that a device and its certificates carry from then on.  It says
 * what the certificates look like, who may enroll, and what is asked of
 * them.  Models name the labels of their units (SECURITY.md A8).
 */
#ifndef DOMAIN_LABEL_H
#define DOMAIN_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"
#include "pki/profile.h"

/* How a client may prove itself at simpleenroll. */
enum label_auth {
	LABEL_BIRTH = 1,     /* birth certificate, mutual TLS */
	LABEL_TOKEN = 2,     /* enroll token of the device grant, with it */
	LABEL_BOOTSTRAP = 4, /* one-time token, HTTP Basic (A12) */
};

enum label_renew_key { RENEW_ANY_KEY, RENEW_SAME_KEY, RENEW_NEW_KEY };

/* What becomes of a certificate once its successor was used. */
enum label_superseded { SUPERSEDED_EXPIRES, SUPERSEDED_IS_REVOKED };

/* What a re-enrollment from a superseded certificate does (A9, A10). */
enum label_clone { CLONE_REFUSED, CLONE_QUARANTINES };

enum label_server_key {
	SERVER_KEY_OFF,
	SERVER_KEY_ON,        /* in clear within TLS, or as the client asks */
	SERVER_KEY_ENCRYPTED, /* to the client's key alone */
};

struct label {
	const char *name;
	int64_t version;
	struct profile cert;     /* what its certificates look like */
	const char *issuer;      /* the issuing CA's name; "issuing": ours */
	unsigned key_types;      /* 1 << enum key_type */
	int64_t rsa_bits;        /* the least */
	unsigned auth;           /* of enum label_auth */
	bool owner;              /* an owner must approve */
	bool bootstrap_no_owner; /* a bootstrap token does for that, too */
	int64_t renew_after;     /* percent of the life; earlier is refused */
	enum label_renew_key renew_key;
	enum label_superseded superseded;
	enum label_clone clone;
	enum label_server_key server_key;
	bool binding_required;  /* channel binding (RFC 7030 section 3.5) */
	unsigned csr_must_have; /* 1 << enum ext_id: asked and enforced */
	bool evidence;          /* a model of it asks for evidence */
};

extern const struct err ERR_NO_LABEL; /* KIND_NOT_FOUND "no-such-label" */

/* Whether it may be a label's name: a slug, and no operation of EST. */
bool label_name_ok(const char *name);

/* The label's present settings, in the arena; ERR_NO_LABEL if there is none
 * of that name or it was withdrawn.  From memory: never waits. */
ERR_FN label_get(struct ctx *cx, const char *name, struct label *out);

#endif
