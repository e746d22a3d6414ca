/*
 * Certificates of Matter's device attestation (Core Specification 1.3,
 * section 6.2.2): of a device (DAC), of who made it (PAI) and of the
 * authority above (PAA).  Their profile says more than RFC 5280, and a chain
 * whose signatures are good may still break it, so it is judged here whole.
 */
#ifndef PKI_MATTER_CERT_H
#define PKI_MATTER_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "pki/cert.h"

enum matter_role {
	MATTER_DAC,
	MATTER_PAI,
	MATTER_PAA,
	MATTER_SIGNER, /* of declarations: a key and its id, no more */
};

struct matter_cert {
	struct cert cert;
	struct bytes issuer, subject; /* DER of the names */
	struct bytes tbs, signature;  /* ecdsa-with-SHA256, DER */
	struct bytes key_id;          /* subjectKeyIdentifier, 20 bytes */
	struct bytes issuer_key_id;   /* authorityKeyIdentifier, or empty */
	bool has_vid, has_pid;
	uint16_t vid, pid;
};

extern const struct err ERR_MATTER_CERT; /* matter-certificate, INVALID */

/* Parses one certificate and judges it by the profile of its role. */
ERR_FN matter_cert_parse(struct ctx *cx, struct bytes der,
    enum matter_role role, struct matter_cert *out);

/* Whether the issuer, by its name, key id and key, signed c.  Nothing is said
 * of times and vendors. */
ERR_FN matter_cert_issued(struct ctx *cx, const struct matter_cert *c,
    const struct matter_cert *issuer);

#endif
