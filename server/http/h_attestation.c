#include "domain/attestation.h"
#include "http/answer.h"
#include "http/handlers.h"

static const struct json_field nonce_fields[] = {
	JSON_F_B64U(attestation_nonce, nonce, ATTESTATION_NONCE_BYTES, true),
	JSON_F_INT(attestation_nonce, expires_in, 0, true),
	JSON_END,
};

const struct err *
post_attestation_nonce(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct attestation_nonce out;

	(void)rq;
	attestation_nonce(cx, &out);
	return answer_json(cx, rs, 200, nonce_fields, &out);
}
