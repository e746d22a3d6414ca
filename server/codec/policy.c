#include "codec/policy.h"

#include <string.h>

#include "codec/json.h"

const struct err ERR_BAD_POLICY = { KIND_INVALID, "bad-policy",
	"The policy is not one that this service knows." };

static const struct json_field policy_fields[] = {
	JSON_F_STR(policy, key_protection, 16, false),
	JSON_END,
};

const struct err *
policy_parse(struct ctx *cx, const char *text, struct policy *out)
{
	const char *why;

	*out = (struct policy){ .key_protection = "software" };
	why = json_refusal(cx, bytes_str(text), policy_fields, false, out);
	if (why != NULL)
		return fail(cx, &ERR_BAD_POLICY, "policy: %s", why);
	if (strcmp(out->key_protection, "software") != 0 &&
	    strcmp(out->key_protection, "hardware") != 0)
		return fail(cx, &ERR_BAD_POLICY,
		    "policy: key_protection is software or hardware");
	return NULL;
}
