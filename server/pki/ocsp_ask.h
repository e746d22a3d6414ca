/*
 * OCSP as a relying party speaks it (RFC 6960): the question about one
 * certificate, and its answer, which has to be signed by the certificate's
 * issuer or by whom that delegated (section 4.2.2.2), about this very
 * certificate, of now, and repeat the nonce if it has one (RFC 9654).
 */
#ifndef PKI_OCSP_ASK_H
#define PKI_OCSP_ASK_H

#include "pki/responder.h"

struct ocsp_ask {
	struct bytes leaf, issuer; /* certificates, DER */
	struct bytes request;      /* DER, to be sent; in the arena */
};

extern const struct err ERR_BAD_OCSP_ANSWER; /* bad-ocsp-answer, INVALID */

/* Makes the request, with a nonce. */
ERR_FN ocsp_ask_make(struct ctx *cx, struct ocsp_ask *ask);

/* What the response says. */
ERR_FN ocsp_ask_read(struct ctx *cx, const struct ocsp_ask *ask,
    struct bytes response, enum ocsp_state *out);

#endif
