/*
 * Signs OCSP answers (RFC 6960 section 4.2) for one issuing CA by a key of
 * its own, which the CA delegates for days at a time: it lives in memory
 * alone, and since nobody can ask about its certificate (ocsp-nocheck,
 * section 4.2.2.2.1), a new one is made long before that is over.
 */
#ifndef PKI_RESPONDER_H
#define PKI_RESPONDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "pki/ocsp_request.h"

struct responder;
struct signer;

/* A new key with its certificate; NULL if the CA has expired.  Read-only once
 * made, so threads may share it. */
struct responder *responder_new(const struct signer *ca, int64_t now);
void responder_free(struct responder *r);
AUTO_STRUCT_DEFINE(responder, responder_free);

/* Whether it is time for a new one, or it is not valid yet: the clock was set
 * back. */
bool responder_is_due(const struct responder *r, int64_t now);

/* Whether the CA is the one that the request names. */
bool responder_is_for(const struct responder *r, const struct ocsp_cert_id *id);

/* How a request would name a certificate of the CA: by SHA-1, which all
 * clients know; in the arena. */
struct ocsp_cert_id responder_cert_id(
    struct ctx *cx, const struct responder *r, struct bytes serial);

/* Whether a certificate of ours (DER) names the CA as its issuer. */
bool responder_issued(const struct responder *r, struct bytes cert);

enum ocsp_state { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

struct ocsp_single {
	const struct ocsp_cert_id *id;
	enum ocsp_state state;
	int64_t revoked_at; /* OCSP_REVOKED: seconds */
	unsigned reason;    /* CRLReason; 0: left out (RFC 5280 5.3.1) */
};

struct ocsp_answer {
	const struct ocsp_single *single;
	size_t n;
	struct bytes nonce; /* or empty */
	int64_t this_update, next_update;
};

/* The OCSPResponse, in the arena.  next_update is cut where the responder's
 * own certificate ends. */
struct bytes responder_sign(
    struct ctx *cx, const struct responder *r, struct ocsp_answer *a);

#endif
