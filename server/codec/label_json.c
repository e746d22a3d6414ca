#include "codec/label_json.h"

#include "base/limits.h"

#define WORDS(m) JSON_F_STRS(label_json, m, LIMIT_LABEL_LIST, 32, false)
#define WORD(m) JSON_F_STR(label_json, m, 32, false)
#define URL(m) JSON_F_STR(label_json, m, LIMIT_URL, false)
#define NAMES(m) JSON_F_STRS(label_json, m, LIMIT_LABEL_LIST, LIMIT_NAME, false)

const struct json_field label_json_fields[] = {
	JSON_F_STR(label_json, description, LIMIT_NAME, false),
	JSON_F_STR(label_json, issuer, LIMIT_SLUG, false),
	WORDS(key_types),
	JSON_F_INT(label_json, rsa_bits, LIMIT_RSA_BITS, false),
	JSON_F_INT(label_json, lifetime, INT32_MAX, false),
	JSON_F_INT(label_json, backdate, INT32_MAX, false),
	JSON_F_STR(label_json, subject, LIMIT_NAME, false),
	JSON_F_BOOL(label_json, spiffe, false),
	NAMES(dns),
	NAMES(extended_key_usage),
	NAMES(policies),
	URL(ocsp_url),
	URL(ca_issuers_url),
	URL(crl_url),
	WORDS(authentication),
	WORD(owner_approval),
	JSON_F_BOOL(label_json, bootstrap_replaces_owner, false),
	JSON_F_INT(label_json, renew_after, 100, false),
	WORD(renew_key),
	WORD(superseded),
	WORD(clone),
	WORD(server_key),
	WORD(channel_binding),
	WORDS(csr_must_have),
	JSON_END,
};

static const char *ALL_KEY_TYPES[] = { "p256", "p384", "ed25519", "rsa" };
static const char *BY_BIRTH[] = { "birth", "token" };

const struct err *
label_json_read(struct ctx *cx, struct bytes text, struct label_json *out)
{
	*out = (struct label_json){
		.issuer = "issuing",
		.key_types = { ALL_KEY_TYPES, 4 },
		.rsa_bits = 2048,
		.lifetime = 86400,
		.backdate = 300,
		.subject = "CN=%d",
		.authentication = { BY_BIRTH, 2 },
		.owner_approval = "required",
		.renew_key = "any",
		.superseded = "expires",
		.clone = "refuse",
		.server_key = "off",
		.channel_binding = "if-present",
	};
	return json_read(cx, text, label_json_fields, out);
}

const struct err *
label_json_write(struct ctx *cx, const struct label_json *in, const char **text)
{
	struct bytes out;
	const struct err *e = json_write(cx, label_json_fields, in, &out);

	/* It is followed by a NUL. */
	*text = e == NULL ? (const char *)out.p : NULL;
	return e;
}
