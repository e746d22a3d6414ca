#include "codec/policy.h"

#include <string.h>

#include "base/limits.h"
#include "codec/json.h"

const struct err ERR_BAD_POLICY = { KIND_INVALID, "bad-policy",
	"The policy is not one that this service knows." };

#define UNITS_MAX 1000000000

static const struct json_field enrollment_fields[] = {
	JSON_F_STR(enrollment_policy, allowlist, 16, false),
	JSON_F_TIME(enrollment_policy, from, false),
	JSON_F_TIME(enrollment_policy, until, false),
	JSON_F_INT(enrollment_policy, units, UNITS_MAX, false),
	JSON_F_INT(enrollment_policy, units_per_hour, UNITS_MAX, false),
	JSON_END,
};

static const struct json_field policy_fields[] = {
	JSON_F_STR(policy, key_protection, 16, false),
	JSON_F_OBJ(policy, enrollment, enrollment_fields, false),
	JSON_F_STR(policy, clones, 16, false),
	JSON_F_BOOL(policy, require_same_network, false),
	JSON_F_RAW(policy, evidence, LIMIT_POLICY, false),
	JSON_END,
};

static ERR_FN
check_enrollment(struct ctx *cx, const struct policy *p)
{
	const struct enrollment_policy *en = &p->enrollment;
	bool open = strcmp(en->allowlist, "open") == 0;

	if (!open && strcmp(en->allowlist, "listed") != 0 &&
	    strcmp(en->allowlist, "closed") != 0)
		return fail(cx, &ERR_BAD_POLICY,
		    "policy: allowlist is listed, open or closed");
	/* SECURITY.md A11 */
	if (open && strcmp(p->key_protection, "hardware") != 0)
		return fail(cx, &ERR_BAD_POLICY,
		    "policy: an open allowlist needs key_protection hardware");
	if (en->until != 0 && en->until <= en->from)
		return fail(
		    cx, &ERR_BAD_POLICY, "policy: until is not after from");
	return NULL;
}

const struct err *
policy_parse(struct ctx *cx, const char *text, struct policy *out)
{
	const char *why;

	*out = (struct policy){ .key_protection = "software",
		.enrollment = { .allowlist = "listed" },
		.clones = "refuse" };
	why = json_refusal(cx, bytes_str(text), policy_fields, false, out);
	if (why != NULL)
		return fail(cx, &ERR_BAD_POLICY, "policy: %s", why);
	if (strcmp(out->key_protection, "software") != 0 &&
	    strcmp(out->key_protection, "hardware") != 0)
		return fail(cx, &ERR_BAD_POLICY,
		    "policy: key_protection is software or hardware");
	if (strcmp(out->clones, "refuse") != 0 &&
	    strcmp(out->clones, "quarantine") != 0)
		return fail(cx, &ERR_BAD_POLICY,
		    "policy: clones is refuse or quarantine");
	return check_enrollment(cx, out);
}
