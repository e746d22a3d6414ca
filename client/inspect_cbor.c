#include <inttypes.h>

#include "base/arena.h"
#include "client/inspect.h"
#include "codec/cbor.h"
#include "codec/corim.h"
#include "codec/cose.h"

#define COSE_ITEMS 4

/* Claims of CWT (RFC 8392), EAT (RFC 9711), PSA (RFC 9783) and DICE (Open
 * Profile). */
static const struct {
	int64_t key;
	const char *name;
} claims[] = {
	{ 1, "iss" },
	{ 2, "sub" },
	{ 3, "aud" },
	{ 4, "exp" },
	{ 5, "nbf" },
	{ 6, "iat" },
	{ 7, "cti" },
	{ 8, "cnf" },
	{ 10, "eat_nonce" },
	{ 256, "ueid" },
	{ 257, "sueids" },
	{ 258, "oemid" },
	{ 259, "hwmodel" },
	{ 260, "hwversion" },
	{ 261, "uptime" },
	{ 262, "oemboot" },
	{ 263, "dbgstat" },
	{ 264, "location" },
	{ 265, "eat_profile" },
	{ 266, "submods" },
	{ 267, "bootcount" },
	{ 268, "bootseed" },
	{ 269, "dloas" },
	{ 270, "swname" },
	{ 271, "swversion" },
	{ 272, "manifests" },
	{ 273, "measurements" },
	{ 274, "measres" },
	{ 275, "intuse" },
	{ 2394, "psa-client-id" },
	{ 2395, "psa-security-lifecycle" },
	{ 2396, "psa-implementation-id" },
	{ 2398, "psa-certification-reference" },
	{ 2399, "psa-software-components" },
	{ 2400, "psa-verification-service-indicator" },
	{ -4670545, "code-hash" },
	{ -4670546, "code-descriptor" },
	{ -4670547, "configuration-hash" },
	{ -4670548, "configuration-descriptor" },
	{ -4670549, "authority-hash" },
	{ -4670550, "authority-descriptor" },
	{ -4670551, "mode" },
	{ -4670552, "subject-public-key" },
	{ -4670553, "key-usage" },
};

static void
show_item(struct inspection *in, const char *name, const struct cbor *item);

/* A key of a map; numbers below 10 mean something else in each. */
static const char *
key_text(struct inspection *in, const struct cbor *key, bool is_claim)
{
	const char *text;
	size_t i;

	if (key->kind == CBOR_TEXT) {
		text = cbor_str(in->cx, key);
		return text != NULL ? text : "(text with NUL)";
	}
	if (key->kind != CBOR_INT)
		return bytes_hex(in->cx->arena, key->raw);
	for (i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		if (claims[i].key == key->number &&
		    (is_claim || key->number < -100 || key->number >= 10))
			return arena_printf(in->cx->arena, "%s (%" PRId64 ")",
			    claims[i].name, key->number);
	return arena_printf(in->cx->arena, "%" PRId64, key->number);
}

/* The items of an array, the pairs of a map, the content of a tag. */
static void
show_items(struct inspection *in, const struct cbor *item, bool is_claims)
{
	struct inspection below = { .cx = in->cx, .depth = in->depth + 1 };
	size_t i;

	for (i = 0; i < item->n; i++) {
		if (item->kind == CBOR_MAP)
			show_item(&below,
			    key_text(in, &item->item[2 * i], is_claims),
			    &item->item[2 * i + 1]);
		else
			show_item(&below,
			    arena_printf(in->cx->arena, "[%zu]", i),
			    &item->item[i]);
	}
}

static void
show_item(struct inspection *in, const char *name, const struct cbor *item)
{
	struct inspection below = { in->cx, in->depth, name };

	switch (item->kind) {
	case CBOR_INT:
		inspect_line(in, name, "%" PRId64, item->number);
		break;
	case CBOR_BYTES:
		inspect_within(in, name, item->bytes);
		break;
	case CBOR_TEXT:
		inspect_line(in, name, "\"%.*s\"", (int)item->bytes.n,
		    (const char *)item->bytes.p);
		break;
	case CBOR_ARRAY:
		/* Chains of DICE hold messages without a tag. */
		if (item->n == COSE_ITEMS && inspect_cose(&below, item->raw))
			break;
		inspect_line(in, name, "array of %zu", item->n);
		show_items(in, item, false);
		break;
	case CBOR_MAP:
		inspect_line(in, name, "map of %zu", item->n);
		show_items(in, item, false);
		break;
	case CBOR_TAG:
		show_item(in,
		    arena_printf(
			in->cx->arena, "%s tag %" PRId64, name, item->number),
		    item->item);
		break;
	case CBOR_BOOL:
		inspect_line(in, name, item->number ? "true" : "false");
		break;
	case CBOR_NULL:
		inspect_line(in, name, "null");
		break;
	case CBOR_FLOAT:
		inspect_line(in, name, "%g", item->real);
		break;
	default:
		inspect_hex(in, name, item->raw);
	}
}

static void
show_signer(struct inspection *in, const struct cose_signer *s)
{
	size_t i;

	if (s->alg != 0)
		inspect_line(in, "alg", "%" PRId64, s->alg);
	inspect_hex(in, "kid", s->kid);
	for (i = 0; i < s->n_x5chain; i++)
		inspect_within(in, "x5chain", s->x5chain[i]);
	inspect_hex(in, "signature", s->signature);
}

/* Claims as such; COSE may carry anything. */
static void
show_payload(struct inspection *in, struct bytes payload)
{
	struct cbor item;

	if (cbor_read(in->cx, payload, &item) != NULL ||
	    item.kind != CBOR_MAP) {
		inspect_within(in, "payload", payload);
		return;
	}
	inspect_line(in, "claims", "%zu", item.n);
	show_items(in, &item, true);
}

bool
inspect_cose(struct inspection *in, struct bytes data)
{
	static const char *const kinds[] = { "COSE_Sign1", "COSE_Mac0",
		"COSE_Sign" };
	struct inspection below = { .cx = in->cx, .depth = in->depth + 1 };
	enum cose_kind kind;
	struct cose c;
	size_t i;

	for (kind = COSE_SIGN1; kind <= COSE_SIGN; kind++)
		if (cose_read(in->cx, data, kind, COSE_CWT_OK, &c) == NULL)
			break;
	if (kind > COSE_SIGN) {
		/* Entries of DICE and bare tokens have no tag. */
		kind = COSE_SIGN1;
		if (cose_read(in->cx, data, kind, COSE_UNTAGGED_OK, &c) != NULL)
			return false;
	}
	inspect_line(in, "message", "%s", kinds[kind]);
	show_signer(in, &c.body);
	for (i = 0; i < c.n_signers; i++) {
		inspect_line(in, "signer", "%zu", i);
		show_signer(&below, &c.signer[i]);
	}
	show_payload(in, c.payload);
	return true;
}

bool
inspect_cbor(struct inspection *in, struct bytes data)
{
	struct cbor item;

	if (cbor_read(in->cx, data, &item) != NULL)
		return false;
	show_item(in, "cbor", &item);
	return true;
}

bool
inspect_corim(struct inspection *in, struct bytes data)
{
	struct corim *c = arena_alloc(in->cx->arena, sizeof(*c));
	size_t i;

	if (corim_read(in->cx, data, c) != NULL || c->n_values + c->n_keys == 0)
		return false;
	inspect_line(in, "reference values", "%zu, and %zu keys", c->n_values,
	    c->n_keys);
	for (i = 0; i < c->n_values; i++) {
		const struct corim_value *v = &c->value[i];

		inspect_line(in, "component", "%s %s",
		    v->type != NULL ? v->type : "(no name)",
		    v->version != NULL ? v->version : "");
		inspect_hex(in, "implementation", v->class_id);
		inspect_hex(in, "digest", v->digest);
		inspect_hex(in, "signer", v->signer);
	}
	for (i = 0; i < c->n_keys; i++)
		inspect_hex(in, "key of", c->key[i].instance);
	return true;
}
