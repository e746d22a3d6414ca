#include "base/limits.h"
#include "codec/json.h"
#include "domain/tpm.h"
#include "http/answer.h"
#include "http/handlers.h"

static const struct json_field in_fields[] = {
	JSON_F_B64U(tpm_in, evidence, LIMIT_EVIDENCE, true),
	JSON_F_B64U(tpm_in, key, 1024, true),
	JSON_END,
};

static const struct json_field challenge_fields[] = {
	JSON_F_B64U(tpm_out, challenge, 64, true),
	JSON_F_B64U(tpm_out, credential_blob, 1024, true),
	JSON_F_B64U(tpm_out, encrypted_secret, 1024, true),
	JSON_F_INT(tpm_out, expires_in, 3600, true),
	JSON_END,
};

const struct err *
post_tpm_challenge(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct tpm_out out;
	struct tpm_in in;
	const struct err *e;

	e = json_read(cx, rq->body, in_fields, &in);
	if (e == NULL)
		e = tpm_challenge(cx, &in, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, challenge_fields, &out);
}

const struct err *
post_tpm_proof(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct attestation_out out;
	struct tpm_in in;
	const struct err *e;

	e = json_read(cx, rq->body, in_fields, &in);
	if (e == NULL)
		e = tpm_proof(cx, &in, &out);
	return e != NULL ? e : answer_attestation(cx, rs, &out);
}
