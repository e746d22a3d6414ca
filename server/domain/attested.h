/*
 * Units that have no birth certificate to show and proved what they are by
 * evidence ahead of their request: who they are is in the handle that they
 * got for it (attest/handle), or in the enroll token that was given for such
 * a one.  Either is good only beside a request that the key it is for has
 * signed, which the request's own rules check.
 */
#ifndef DOMAIN_ATTESTED_H
#define DOMAIN_ATTESTED_H

#include "domain/attestation.h"
#include "domain/caller.h"

/* The unit that the handle (base64url) is of.  ERR_BAD_EVIDENCE: it is none
 * of ours, has ended, or the unit is no longer good (E5). */
ERR_FN
attested_by_handle(struct ctx *cx, const char *handle, struct unit *out);

/* The unit of an enroll token that was asked for without a birth certificate;
 * ERR_NO_CLIENT_CERTIFICATE if it is none. */
ERR_FN
attested_by_token(struct ctx *cx, const char *token, struct unit *out);

/* Evidence ahead of what it is for: of the unit that the client certificate
 * is of, or else of the one that the evidence names among those of the
 * client_id's model.  The handle for a renewal is for who shows the
 * certificate to be renewed. */
struct attested_in {
	const char *client_id; /* needed without a certificate */
	const char *purpose;   /* enroll, renew; NULL: enroll */
	const char *format;
	struct bytes evidence, nonce; /* as struct attestation_in has them */
	struct bytes key;             /* to be certified, SPKI */
	struct bytes binding;
};
ERR_FN attested_ahead(struct ctx *cx, const struct peer *peer,
    const struct attested_in *in, struct attestation_out *out);

/* A unit by its number, judged as it is now, and a model by its client id:
 * out->birth_id is 0 until evidence says which unit it is. */
ERR_FN attested_by_id(struct ctx *cx, int64_t birth_id, struct unit *out);
ERR_FN
attested_model(struct ctx *cx, const char *client_id, struct unit *out);

#endif
