/*
 * OCSP requests (RFC 6960 section 4.1), read strictly: DER, version 1, no
 * critical extension that is not known here.  A signature on a request is
 * read and not judged: everybody may ask.
 */
#ifndef PKI_OCSP_REQUEST_H
#define PKI_OCSP_REQUEST_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"

/* The hashes that a CertID may be made with here. */
enum ocsp_hash { OCSP_SHA1, OCSP_SHA256, OCSP_HASHES };

/* Slices borrow from the DER. */
struct ocsp_cert_id {
	struct bytes whole; /* as sent: the answer repeats it */
	enum ocsp_hash hash;
	struct bytes issuer_name, issuer_key; /* hashes of that kind */
	struct bytes serial;                  /* INTEGER content */
};

struct ocsp_request {
	struct ocsp_cert_id cert[LIMIT_OCSP_CERTS];
	size_t n;
	/* To be repeated in the answer; empty if none was sent, or one of
	 * more than LIMIT_OCSP_NONCE bytes, which a responder may leave out
	 * (RFC 9654 section 2.1). */
	struct bytes nonce;
};

extern const struct err ERR_BAD_OCSP;    /* bad-ocsp-request, INVALID */
extern const struct err ERR_OCSP_ISSUER; /* not-our-issuer, FORBIDDEN */

/* Reads one request, all of der.  A CertID by a hash that is not known here
 * can name no issuer of ours: ERR_OCSP_ISSUER. */
ERR_FN
ocsp_request_parse(struct ctx *cx, struct bytes der, struct ocsp_request *out);

#endif
