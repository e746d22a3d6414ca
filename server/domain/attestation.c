#include "domain/attestation.h"

#include "attest/nonce.h"
#include "domain/svc.h"

void
attestation_nonce(struct ctx *cx, struct attestation_nonce *out)
{
	out->nonce = nonce_make(cx, cx->svc->mac, cx->svc->set.issuer);
	out->expires_in = NONCE_SECONDS;
}
