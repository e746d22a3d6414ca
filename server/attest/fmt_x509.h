/*
 * The birth certificate (IDevID, IEEE 802.1AR).  Possession of its key was
 * proved by the handshake, or by a signature in the evidence; here the chain
 * is judged.
 */
#ifndef ATTEST_FMT_X509_H
#define ATTEST_FMT_X509_H

#include "attest/attest.h"
#include "pki/cert.h"

/* What a birth certificate's chain claims, before it is verified. */
struct idevid {
	struct cert leaf;
	const char *serial; /* of the unit (text_is_serial), or NULL */
	struct bytes chain[LIMIT_CHAIN]; /* borrowed, leaf first */
	/* SHA-256 of the issuer names in the chain: an anchor that can verify
	 * it has one of them as its subject. */
	struct bytes issuers[LIMIT_CHAIN];
	size_t n; /* of both */
};

/* Parses a chain of at most LIMIT_CHAIN certificates, leaf first, each
 * within the limits of E4.  The chain's bytes are borrowed. */
ERR_FN idevid_parse(
    struct ctx *cx, const struct bytes *chain, size_t n, struct idevid *out);

/* Verifies the parsed chain against one anchor at cx->now.  known holds
 * anchors decoded before, or is NULL. */
ERR_FN idevid_verify(struct ctx *cx, const struct idevid *id,
    struct anchors *known, const struct attest_anchor *anchor);

#endif
