/*
 * The facts of a certificate (RFC 5280) that the service decides by.  A
 * parse gives a whole valid struct or nothing, and verifies no signature:
 * that is pki/chain's.  The limits of SECURITY.md E4 are judged here, before
 * any verification.
 */
#ifndef PKI_CERT_H
#define PKI_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* Seconds of 9999-12-31T23:59:59Z, no expiry (RFC 5280 section 4.1.2.5). */
#define CERT_NO_EXPIRY 253402300799

struct cert {
	struct bytes der;    /* copy in the arena, as all that follows */
	struct bytes serial; /* magnitude, big endian, no leading 00 */
	struct bytes spki;
	uint8_t sha256[32];                            /* of der */
	uint8_t key_sha256[32];                        /* of spki */
	uint8_t subject_sha256[32], issuer_sha256[32]; /* of the name, DER */
	int64_t not_before, not_after;
	struct bytes subject_der;
	const char *subject;        /* RFC 2253 text, escaped, ASCII */
	const char *cn;             /* the only CN, or NULL */
	const char *subject_serial; /* the only serialNumber, or NULL */
	const char *uri;            /* the only URI in the SAN, or NULL */
	int n_uri, n_dns;
	int n_san;        /* all names in the SAN, URIs included */
	struct bytes san; /* the extension's value, or empty */
	bool san_critical;
	bool is_ca; /* basicConstraints CA:TRUE */
	bool has_ku, ku_digital_signature, ku_cert_sign;
	bool ku_key_encipherment, ku_key_agreement;
	bool has_eku, eku_client, eku_server, eku_cmc_ra, eku_any, eku_other;
	bool eku_ek;           /* beside eku_other */
	bool strong_signature; /* SHA-256 or better (pki/sigalg) */
};

extern const struct err ERR_BAD_CERT;   /* bad-certificate, INVALID */
extern const struct err ERR_BAD_ANCHOR; /* bad-anchor, INVALID */

/* Parses one certificate, version 3, whole and in DER: key within E4's
 * limits, no repeated extension, no repeated CN or serialNumber, no NUL in a
 * name. */
ERR_FN cert_parse(struct ctx *cx, struct bytes der, struct cert *out);

/* Whether a signature by the certificate's key may be looked at all, which
 * TLS does before anybody is judged: nothing that costs more than the largest
 * key that cert_parse takes (E4), nor what cannot be read.  Smaller and odd
 * ones are left to cert_parse. */
bool cert_key_is_bounded(struct bytes der);

/* The same as cert_parse for an OpenSSL X509 (borrowed), as the broker hands us
 * one. */
ERR_FN cert_parse_x509(struct ctx *cx, void *x509, struct cert *out);

/* Reads all CERTIFICATE blocks (RFC 7468 section 5) of a text into at most
 * max DER slices in the arena.  Refused are a text without one, and blocks of
 * another kind; what they hold is for cert_parse. */
ERR_FN cert_read_pem(struct ctx *cx, struct bytes pem, struct bytes *ders,
    size_t max, size_t *n);

/* PEM of one certificate, in the arena. */
const char *cert_pem(struct ctx *cx, struct bytes der);

/* Whether the certificate may be a manufacturer's trust anchor (A11): a CA
 * certificate that may sign certificates, within its validity at cx->now,
 * signed with SHA-256 or better, and its key none of ours. */
ERR_FN cert_check_anchor(struct ctx *cx, const struct cert *c,
    const struct cert *const own[], size_t n);

#endif
