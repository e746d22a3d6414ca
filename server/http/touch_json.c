#include "http/touch_json.h"

#include "base/arena.h"
#include "base/limits.h"

#define CHALLENGE_BYTES 64
#define SIGNATURE_BYTES 512

const struct json_field touch_challenge_fields[] = {
	JSON_F_B64U(touch_challenge, challenge, CHALLENGE_BYTES, true),
	JSON_F_TIME(touch_challenge, expires_at, true),
	JSON_F_STR(touch_challenge, rp_id, LIMIT_NAME, true),
	JSON_END,
};

const struct json_field touch_answer_fields[] = {
	JSON_F_B64U(touch_answer, challenge, CHALLENGE_BYTES, true),
	JSON_F_B64U(touch_answer, credential_id, LIMIT_CREDENTIAL_ID, true),
	JSON_F_B64U(touch_answer, client_data, LIMIT_WEBAUTHN_CLIENT, true),
	JSON_F_B64U(
	    touch_answer, authenticator_data, LIMIT_WEBAUTHN_DATA, true),
	JSON_F_B64U(touch_answer, signature, SIGNATURE_BYTES, true),
	JSON_END,
};

const struct json_field touch_made_fields[] = {
	JSON_F_B64U(touch_made, challenge, CHALLENGE_BYTES, true),
	JSON_F_B64U(touch_made, client_data, LIMIT_WEBAUTHN_CLIENT, true),
	JSON_F_B64U(touch_made, attestation, LIMIT_WEBAUTHN_OBJECT, true),
	JSON_END,
};

const struct err *
touch_read(struct ctx *cx, struct bytes body, const struct touch_answer **out)
{
	static const struct json_field nothing[] = { JSON_END };
	struct touch_answer *in;

	*out = NULL;
	if (json_refusal(cx, body, nothing, false, NULL) == NULL)
		return NULL;
	*out = in = arena_alloc(cx->arena, sizeof(*in));
	return json_read(cx, body, touch_answer_fields, in);
}

const struct touch_answer *
touch_given(const struct touch_answer *in)
{
	return in->challenge.n > 0 ? in : NULL;
}
