#include "base/limits.h"
#include "codec/json.h"
#include "domain/attested.h"
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

static const struct json_field in_fields[] = {
	JSON_F_STR(attested_in, client_id, LIMIT_NAME, false),
	JSON_F_STR(attested_in, purpose, 16, false),
	JSON_F_STR(attested_in, format, 32, true),
	JSON_F_B64U(attested_in, evidence, LIMIT_EVIDENCE, true),
	JSON_F_B64U(attested_in, nonce, ATTESTATION_NONCE_BYTES, false),
	JSON_F_B64U(attested_in, key, 1024, true),
	JSON_END,
};

static const struct json_field attestation_fields[] = {
	JSON_F_B64U(attestation_out, attestation, LIMIT_HANDLE, true),
	JSON_F_STR(attestation_out, grade, 16, true),
	JSON_F_INT(attestation_out, expires_in, 3600, true),
	JSON_END,
};

const struct err *
answer_attestation(
    struct ctx *cx, struct reply *rs, const struct attestation_out *out)
{
	return answer_json(cx, rs, 200, attestation_fields, out);
}

const struct err *
post_attestation(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct attested_in in = { .client_id = NULL };
	struct attestation_out out;
	const struct err *e;

	e = json_read(cx, rq->body, in_fields, &in);
	in.binding = rq->binding;
	if (e == NULL)
		e = attested_ahead(cx, &rq->peer, &in, &out);
	return e != NULL ? e : answer_attestation(cx, rs, &out);
}
