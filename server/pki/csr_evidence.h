/*
 * Evidence as an attribute of a certification request: id-aa-evidence, an
 * AttestationBundle of draft-ietf-lamps-csr-attestation with one statement of
 * {type, stmt} and no certificates, as all versions of it read.  The draft
 * names no types, and none are registered that name the formats here, so the
 * type is our own, below a UUID (X.667):
 *
 *	2.25.310334453127840899595283569912563469601
 *	LatchkeyEvidence ::= SEQUENCE {
 *		format		UTF8String,
 *		evidence	OCTET STRING,
 *		nonce		OCTET STRING OPTIONAL }
 */
#ifndef PKI_CSR_EVIDENCE_H
#define PKI_CSR_EVIDENCE_H

#include <stdbool.h>

#include "base/bytes.h"

struct arena;

#define OID_CSR_EVIDENCE "1.2.840.113549.1.9.16.2.59"

struct csr_evidence {
	const char *format;           /* NULL: there is none */
	struct bytes evidence, nonce; /* nonce may be empty */
};

/* Whether the OID, its content in DER, is the attribute's. */
bool csr_evidence_is(struct bytes oid);

/* Reads the attribute's value, which has to be all of this and no more; the
 * bytes are slices of it.  False for anything else. */
bool csr_evidence_parse(
    struct arena *arena, struct bytes der, struct csr_evidence *out);

#endif
