#include "attest/policy_json.h"

#include "attest/attest.h"
#include "attest/endorse.h"
#include "base/arena.h"
#include "codec/json.h"

#define LIMIT_PROFILE 256
#define LIMIT_VERSION 64
#define LIMIT_CERTIFICATE_ID 19
#define LIMIT_ENDORSEMENTS 16
#define LIMIT_DENIED 1024 /* of each kind */

const struct err ERR_BAD_ATTEST_POLICY = { KIND_INVALID, "bad-policy",
	"The attestation policy is not valid." };

struct item {
	const char *type, *version;
	struct bytes value, signer_id;
};

struct pcr {
	int64_t index;
	struct bytes sha256;
};

struct boot {
	int64_t pcr;
	struct bytes sha256;
};

struct part {
	const char *name, *debug, *min_version;
	bool secure_boot;
};

struct deny {
	struct json_strs serials, ueids, keys, measurements;
};

struct text {
	struct json_strs formats, profiles, pids, declarations, endorsements;
	const char *min_grade, *debug, *min_version, *version_scheme;
	const char *certificate_id;
	const char *serial_pattern, *min_hw_version, *max_hw_version;
	struct deny deny;
	struct bytes oem_id, hw_model, implementation_id;
	int64_t vid, device_type, declaration_version;
	bool mac, ueid_required, secure_boot, lifecycle_secured,
	    allow_downgrade, crl_required;
	int64_t reattest_every;
	struct json_list measurements, pcrs, boot, submodules;
};

static const struct json_field item_fields[] = {
	JSON_F_STR(item, type, LIMIT_NAME, false),
	JSON_F_STR(item, version, LIMIT_VERSION, false),
	JSON_F_HEX(item, value, 64, true),
	JSON_F_HEX(item, signer_id, 64, false),
	JSON_END,
};

static const struct json_field pcr_fields[] = {
	JSON_F_INT(pcr, index, LIMIT_PCRS - 1, true),
	JSON_F_HEX(pcr, sha256, 32, false),
	JSON_END,
};

static const struct json_field boot_fields[] = {
	JSON_F_INT(boot, pcr, LIMIT_PCRS - 1, true),
	JSON_F_HEX(boot, sha256, 32, true),
	JSON_END,
};

static const struct json_field part_fields[] = {
	JSON_F_STR(part, name, LIMIT_NAME, true),
	JSON_F_BOOL(part, secure_boot, false),
	JSON_F_STR(part, debug, 40, false),
	JSON_F_STR(part, min_version, LIMIT_VERSION, false),
	JSON_END,
};

/* Hex is two characters a byte. */
static const struct json_field deny_fields[] = {
	JSON_F_STRS(deny, serials, LIMIT_DENIED, LIMIT_SERIAL, false),
	JSON_F_STRS(deny, ueids, LIMIT_DENIED, 2 * LIMIT_UEID, false),
	JSON_F_STRS(deny, keys, LIMIT_DENIED, 64, false),
	JSON_F_STRS(deny, measurements, LIMIT_DENIED, 128, false),
	JSON_END,
};

static const struct json_field text_fields[] = {
	JSON_F_STRS(text, formats, LIMIT_POLICY_LIST, LIMIT_SLUG, false),
	JSON_F_STR(text, min_grade, 16, false),
	JSON_F_STRS(text, profiles, LIMIT_POLICY_LIST, LIMIT_PROFILE, false),
	JSON_F_BOOL(text, mac, false),
	JSON_F_BOOL(text, ueid_required, false),
	JSON_F_STR(text, serial_pattern, LIMIT_SERIAL, false),
	JSON_F_HEX(text, oem_id, 16, false),
	JSON_F_HEX(text, hw_model, 32, false),
	JSON_F_HEX(text, implementation_id, 32, false),
	JSON_F_STR(text, min_hw_version, LIMIT_VERSION, false),
	JSON_F_STR(text, max_hw_version, LIMIT_VERSION, false),
	JSON_F_INT(text, vid, UINT16_MAX, false),
	JSON_F_STRS(text, pids, LIMIT_POLICY_LIST, 4, false),
	JSON_F_STRS(text, declarations, 3, 16, false),
	JSON_F_STR(text, certificate_id, LIMIT_CERTIFICATE_ID, false),
	JSON_F_INT(text, device_type, UINT32_MAX, false),
	JSON_F_INT(text, declaration_version, UINT16_MAX, false),
	JSON_F_BOOL(text, secure_boot, false),
	JSON_F_STR(text, debug, 40, false),
	JSON_F_BOOL(text, lifecycle_secured, false),
	JSON_F_STR(text, min_version, LIMIT_VERSION, false),
	JSON_F_STR(text, version_scheme, 16, false),
	JSON_F_BOOL(text, allow_downgrade, false),
	{ "measurements", JSON_LIST, offsetof(struct text, measurements),
	    LIMIT_REFERENCES, false, item_fields, sizeof(struct item) },
	JSON_F_STRS(
	    text, endorsements, LIMIT_ENDORSEMENTS, LIMIT_POLICY, false),
	{ "pcrs", JSON_LIST, offsetof(struct text, pcrs), LIMIT_PCRS, false,
	    pcr_fields, sizeof(struct pcr) },
	{ "boot", JSON_LIST, offsetof(struct text, boot), LIMIT_BOOT_EVENTS,
	    false, boot_fields, sizeof(struct boot) },
	{ "submodules", JSON_LIST, offsetof(struct text, submodules),
	    LIMIT_SUBMODS, false, part_fields, sizeof(struct part) },
	JSON_F_BOOL(text, crl_required, false),
	JSON_F_OBJ(text, deny, deny_fields, false),
	JSON_F_INT(text, reattest_every, INT32_MAX, false),
	JSON_END,
};

static const struct err *
bad(struct ctx *cx, const char *member, const char *value)
{
	return fail(
	    cx, &ERR_BAD_ATTEST_POLICY, "policy: %s: \"%s\"", member, value);
}

/* Said to be of no bytes, which would ask nothing. */
static bool
is_void(struct bytes b)
{
	return b.p != NULL && b.n == 0;
}

static const struct err *
read_identity(struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	if (is_void(in->oem_id))
		return bad(cx, "oem_id", "");
	if (is_void(in->hw_model))
		return bad(cx, "hw_model", "");
	if (is_void(in->implementation_id))
		return bad(cx, "implementation_id", "");
	if (in->serial_pattern != NULL && *in->serial_pattern == '\0')
		return bad(cx, "serial_pattern", "");
	out->serial_pattern = in->serial_pattern;
	out->ueid_required = in->ueid_required;
	out->oem = in->oem_id;
	out->hw_model = in->hw_model;
	out->implementation_id = in->implementation_id;
	return NULL;
}

/* One that is not at least itself cannot be read. */
static bool
is_numbers(const char *version)
{
	return version == NULL ||
	       version_at_least(SCHEME_INTEGERS, version, version);
}

static const struct err *
read_hardware(struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	const char *least = in->min_hw_version, *most = in->max_hw_version;

	if (!is_numbers(least))
		return bad(cx, "min_hw_version", least);
	/* Nothing is between two that are the wrong way round. */
	if (!is_numbers(most) ||
	    (least != NULL && most != NULL &&
		!version_at_least(SCHEME_INTEGERS, most, least)))
		return bad(cx, "max_hw_version", most);
	out->least_hw_version = least;
	out->most_hw_version = most;
	return NULL;
}

static bool
read_grade(const char *name, enum grade *out)
{
	for (*out = GRADE_NONE; *out <= GRADE_HARDWARE; (*out)++)
		if (strcmp(grade_name(*out), name) == 0)
			return true;
	return false;
}

/* The least that a policy can ask is that it is disabled. */
static bool
read_debug(const char *name, enum debug_state *out)
{
	for (*out = DEBUG_DISABLED;
	     *out <= DEBUG_DISABLED_FULLY_AND_PERMANENTLY; (*out)++)
		if (strcmp(debug_name(*out), name) == 0)
			return true;
	return false;
}

static const struct err *
read_formats(struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	size_t i;

	for (i = 0; i < in->formats.n; i++) {
		if (attest_format_get(in->formats.v[i]) == NULL)
			return bad(cx, "formats", in->formats.v[i]);
		out->format[out->n_formats++] = in->formats.v[i];
	}
	for (i = 0; i < in->profiles.n; i++)
		out->profile[out->n_profiles++] = in->profiles.v[i];
	return NULL;
}

static const struct err *
read_matter(struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	struct bytes pid;
	size_t i;

	out->vid = (uint16_t)in->vid;
	out->cd_certificate_id = in->certificate_id;
	out->cd_device_type = (uint32_t)in->device_type;
	out->cd_version = (uint16_t)in->declaration_version;
	for (i = 0; i < in->pids.n; i++) {
		if (!bytes_from_hex(
			cx->arena, bytes_str(in->pids.v[i]), &pid) ||
		    pid.n != 2)
			return bad(cx, "pids", in->pids.v[i]);
		out->pid[out->n_pids++] = (uint16_t)(pid.p[0] << 8 | pid.p[1]);
	}
	for (i = 0; i < in->declarations.n; i++) {
		const char *kind = in->declarations.v[i];

		if (strcmp(kind, "test") == 0)
			out->cd_test = true;
		else if (strcmp(kind, "provisional") == 0)
			out->cd_provisional = true;
		else if (strcmp(kind, "none") == 0)
			out->cd_optional = true;
		else
			return bad(cx, "declarations", kind);
	}
	return NULL;
}

static const struct err *
read_version(struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	const char *scheme = in->version_scheme;

	/* What the evidence says of its version, then. */
	if (scheme == NULL && in->min_version == NULL)
		return NULL;
	if (scheme == NULL || strcmp(scheme, "semver") == 0)
		out->sw_scheme = SCHEME_SEMVER;
	else if (strcmp(scheme, "integers") == 0)
		out->sw_scheme = SCHEME_INTEGERS;
	else
		return bad(cx, "version_scheme", scheme);
	out->least_sw_version = in->min_version;
	/* One that is not at least itself cannot be read. */
	if (in->min_version != NULL &&
	    !version_at_least(out->sw_scheme, in->min_version, in->min_version))
		return bad(cx, "min_version", in->min_version);
	return NULL;
}

static const struct err *
read_lists(struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	const struct item *item = in->measurements.v;
	const struct pcr *pcr = in->pcrs.v;
	size_t i;

	if (in->measurements.n > 0)
		out->measurement = arena_alloc(
		    cx->arena, LIMIT_REFERENCES * sizeof(*out->measurement));
	for (i = 0; i < in->measurements.n; i++) {
		/* An empty one would allow any software. */
		if (item[i].value.n == 0 || is_void(item[i].signer_id))
			return bad(cx, "measurements", "a value of no bytes");
		out->measurement[out->n_measurements++] =
		    (struct measurement){ item[i].type, item[i].version,
			    item[i].value, item[i].signer_id };
	}
	for (i = 0; i < in->pcrs.n; i++) {
		if (pcr[i].sha256.p != NULL && pcr[i].sha256.n != 32)
			return bad(cx, "pcrs", "sha256 is not 32 bytes");
		out->pcr[out->n_pcrs].index = (uint32_t)pcr[i].index;
		out->pcr[out->n_pcrs++].sha256 = pcr[i].sha256;
	}
	return NULL;
}

static const struct err *
read_boot(struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	const struct boot *b = in->boot.v;
	size_t i;

	for (i = 0; i < in->boot.n; i++) {
		if (b[i].sha256.n != 32)
			return bad(cx, "boot", "sha256 is not 32 bytes");
		out->boot[out->n_boot++] =
		    (struct boot_event){ (uint32_t)b[i].pcr, b[i].sha256 };
	}
	return NULL;
}

/* One kind of it; size is that of each value, or 0 for any but none. */
static const struct err *
read_denied(struct ctx *cx, const struct json_strs *in, enum denied_what what,
    size_t size, struct attest_policy *out)
{
	struct bytes value;
	size_t i;

	for (i = 0; i < in->n; i++) {
		value = bytes_str(in->v[i]);
		if (what != DENIED_SERIAL &&
		    !bytes_from_hex(cx->arena, value, &value))
			return bad(cx, "deny", in->v[i]);
		if (value.n == 0 || (size != 0 && value.n != size))
			return bad(cx, "deny", in->v[i]);
		out->denied[out->n_denied].what = what;
		out->denied[out->n_denied++].value = value;
	}
	return NULL;
}

static const struct err *
read_deny(struct ctx *cx, const struct deny *in, struct attest_policy *out)
{
	const struct err *e;
	size_t n =
	    in->serials.n + in->ueids.n + in->keys.n + in->measurements.n;

	if (n > 0)
		out->denied = arena_alloc(cx->arena, n * sizeof(*out->denied));
	e = read_denied(cx, &in->serials, DENIED_SERIAL, 0, out);
	if (e == NULL)
		e = read_denied(cx, &in->ueids, DENIED_UEID, 0, out);
	if (e == NULL)
		e = read_denied(cx, &in->keys, DENIED_KEY, 32, out);
	return e != NULL ? e
			 : read_denied(cx, &in->measurements,
			       DENIED_MEASUREMENT, 0, out);
}

static const struct err *
read_submodules(
    struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	const struct part *part = in->submodules.v;
	size_t i;

	for (i = 0; i < in->submodules.n; i++, part++) {
		struct submodule_rule *rule =
		    &out->submodule[out->n_submodules++];

		*rule = (struct submodule_rule){ .name = part->name,
			.secure_boot = part->secure_boot,
			.least_sw_version = part->min_version };
		if (*part->name == '\0')
			return bad(cx, "submodules", "a part without name");
		if (part->debug != NULL &&
		    !read_debug(part->debug, &rule->least_debug))
			return bad(cx, "submodules", part->debug);
		/* By the policy's scheme, or whichever the part has. */
		if (part->min_version != NULL &&
		    !version_at_least(
			out->sw_scheme != 0 ? out->sw_scheme : SCHEME_SEMVER,
			part->min_version, part->min_version) &&
		    !version_at_least(
			out->sw_scheme != 0 ? out->sw_scheme : SCHEME_INTEGERS,
			part->min_version, part->min_version))
			return bad(cx, "submodules", part->min_version);
	}
	return NULL;
}

static const struct err *
read_endorsements(
    struct ctx *cx, const struct text *in, struct attest_policy *out)
{
	struct corim *c = arena_alloc(cx->arena, sizeof(*c));
	const struct err *e = NULL;
	struct bytes file;
	size_t i;

	for (i = 0; i < in->endorsements.n && e == NULL; i++) {
		if (!bytes_from_b64u(
			cx->arena, bytes_str(in->endorsements.v[i]), &file))
			return bad(cx, "endorsements", "not base64url");
		e = corim_read(cx, file, c);
	}
	if (e == NULL)
		e = endorse_policy(cx, c, out);
	return e == NULL ? NULL : bad(cx, "endorsements", cx->reason);
}

const struct err *
policy_json_read(struct ctx *cx, struct bytes text, struct attest_policy *out)
{
	struct text in = { .min_grade = "none", .reattest_every = -1 };
	const struct err *e;

	*out = (struct attest_policy){ .n_formats = 0 };
	e = json_read(cx, text, text_fields, &in);
	if (e != NULL)
		return e;
	out->mac_allowed = in.mac;
	out->secure_boot = in.secure_boot;
	out->lifecycle_secured = in.lifecycle_secured;
	out->sw_may_go_down = in.allow_downgrade;
	out->crl_required = in.crl_required;
	/* None at all would be old enough. */
	if (in.reattest_every == 0)
		return bad(cx, "reattest_every", "0");
	if (in.reattest_every > 0)
		out->reattest_every = in.reattest_every;
	if (!read_grade(in.min_grade, &out->least_grade))
		return bad(cx, "min_grade", in.min_grade);
	if (in.debug != NULL && !read_debug(in.debug, &out->least_debug))
		return bad(cx, "debug", in.debug);
	e = read_formats(cx, &in, out);
	if (e == NULL)
		e = read_identity(cx, &in, out);
	if (e == NULL)
		e = read_hardware(cx, &in, out);
	if (e == NULL)
		e = read_deny(cx, &in.deny, out);
	if (e == NULL)
		e = read_matter(cx, &in, out);
	if (e == NULL)
		e = read_version(cx, &in, out);
	if (e == NULL)
		e = read_lists(cx, &in, out);
	if (e == NULL)
		e = read_boot(cx, &in, out);
	if (e == NULL)
		e = read_submodules(cx, &in, out);
	return e != NULL ? e : read_endorsements(cx, &in, out);
}
