#include "domain/facts.h"

#include "base/arena.h"
#include "base/text.h"
#include "codec/json.h"
#include "pki/digest.h"

struct facts {
	const char *manufacturer, *manufacturer_id, *model, *model_id;
	const char *serial, *batch, *made_at, *boot_test, *support_until;
	const char *key_sha256;
	struct attested attestation;
	struct json_strs asks;
};

static const struct json_field attestation_fields[] = {
	JSON_F_STR(attested, format, 32, true),
	JSON_F_STR(attested, grade, 32, true),
	JSON_F_STR(attested, sw_version, LIMIT_NAME, false),
	JSON_F_STR(attested, secure_boot, 8, false),
	JSON_F_STR(attested, debug, 40, false),
	JSON_END,
};

static const struct json_field facts_fields[] = {
	JSON_F_STR(facts, manufacturer, 400, true),
	JSON_F_STR(facts, manufacturer_id, 64, true),
	JSON_F_STR(facts, model, 400, true),
	JSON_F_STR(facts, model_id, 64, true),
	JSON_F_STR(facts, serial, 64, false),
	JSON_F_STR(facts, batch, 400, false),
	JSON_F_STR(facts, made_at, 32, false),
	JSON_F_STR(facts, boot_test, 400, false),
	JSON_F_STR(facts, support_until, 32, false),
	JSON_F_STR(facts, key_sha256, 64, true),
	JSON_F_OBJ(facts, attestation, attestation_fields, true),
	JSON_F_STRS(facts, asks, 4, 64, true),
	JSON_END,
};

struct policy {
	const char *key_protection;
};

static const struct json_field policy_fields[] = {
	JSON_F_STR(policy, key_protection, 32, false),
	JSON_END,
};

const struct err *
facts_write(struct ctx *cx, const struct unit *unit,
    const uint8_t key_sha256[32], const struct attested *attested,
    const char **json)
{
	static const char *asks[] = { "certificate" };
	/* A birth certificate does not say where its key lives: the model's
	 * policy does, and software is what is assumed. */
	struct policy policy = { "software" };
	struct facts f = {
		.manufacturer = unit->manufacturer_name,
		.manufacturer_id = unit->manufacturer_id,
		.model = unit->model_name,
		.model_id = unit->model_id,
		.serial = unit->serial,
		.batch = unit->batch,
		.made_at = unit->made_at,
		.boot_test = unit->boot_test,
		.support_until = unit->support_until,
		.key_sha256 =
		    bytes_hex(cx->arena, (struct bytes){ key_sha256, 32 }),
		.asks = { asks, 1 },
	};
	struct bytes text;
	const struct err *e;

	e = json_read_open(
	    cx, bytes_str(unit->model_policy), policy_fields, &policy);
	if (e != NULL)
		return e;
	/* A token says who made this unit's record, and nothing of the unit. */
	f.attestation.format = unit->bootstrap != NULL ? "bootstrap" : "idevid";
	f.attestation.grade =
	    unit->bootstrap != NULL ? "none" : policy.key_protection;
	if (attested != NULL && attested->format != NULL)
		f.attestation = *attested;
	/* What the device says of itself is shown only as plain text (P6). */
	if (f.attestation.sw_version != NULL &&
	    !text_is_name(bytes_str(f.attestation.sw_version)))
		f.attestation.sw_version = NULL;
	e = json_write(cx, facts_fields, &f, &text);
	if (e != NULL)
		return e;
	*json = bytes_to_str(cx->arena, text);
	return NULL;
}

const char *
facts_digest(struct ctx *cx, const char *approval_id,
    const uint8_t key_sha256[32], const char *owner_id, const char *json)
{
	const char *text = arena_printf(cx->arena,
	    "latchkey-facts-v1\n%s\n%s\n%s\n%s", approval_id,
	    bytes_hex(cx->arena, (struct bytes){ key_sha256, 32 }), owner_id,
	    json);
	uint8_t sum[32];

	digest_sha256(bytes_str(text), sum);
	return bytes_b64u(cx->arena, BYTES_OF(sum));
}
