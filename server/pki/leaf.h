/*
 * Writes the TBSCertificate (RFC 5280 section 4.1.2) of a leaf directly in
 * DER.  With OpenSSL's X509 objects the same costs several times the
 * signature, since each encodes and decodes the key again; they are what the
 * tests hold this against (tests/unit/pki/leaf_test.c).
 */
#ifndef PKI_LEAF_H
#define PKI_LEAF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "pki/build.h"
#include "pki/template.h"

#define LEAF_EKU 10

struct signer;

struct leaf {
	uint8_t serial[SERIAL_BYTES];
	int64_t not_before, not_after;
	struct subject_value subject[SUBJECT_PARTS];
	size_t n_subject;
	struct bytes spki;        /* that key_parse_form accepts */
	const char *uri;          /* SAN, or NULL */
	const char *const *names; /* SAN: DNS names and addresses, or NULL */
	const char *eku[LEAF_EKU + 1]; /* dotted OIDs; NULL ends, as below */
	const char *const *policies;   /* dotted OIDs, or NULL */
	const char *ocsp_url, *ca_issuers_url, *crl_url; /* or NULL */
	bool nocheck; /* an OCSP responder's: nobody asks about it */
};

/* Puts what the issuer is to sign. */
void leaf_put(struct buf *b, const struct leaf *l, const struct signer *issuer);

/* The whole certificate, signed, in the arena. */
struct bytes
leaf_sign(struct ctx *cx, const struct leaf *l, const struct signer *issuer);

#endif
