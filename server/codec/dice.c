#include "codec/dice.h"

#include <inttypes.h>

#include "base/arena.h"
#include "codec/cbor.h"

const struct err ERR_BAD_DICE = { KIND_INVALID, "bad-dice",
	"The DICE chain is malformed." };

/* Claims (RFC 8392; Open Profile for DICE, "CBOR UDS Certificates"). */
#define CLAIM_ISSUER 1
#define CLAIM_SUBJECT 2
#define CLAIM_CODE_HASH (-4670545)
#define CLAIM_CONFIG (-4670548)
#define CLAIM_AUTHORITY_HASH (-4670549)
#define CLAIM_MODE (-4670551)
#define CLAIM_SUBJECT_KEY (-4670552)
#define CLAIM_KEY_USAGE (-4670553)
#define CLAIM_PROFILE (-4670554)

/* Of Android's configuration descriptor. */
#define CONFIG_COMPONENT (-70002)
#define CONFIG_VERSION (-70003)

/* Memory for the items of one message, its headers, claims and key. */
#define SCRATCH (4 * LIMIT_ARENA)

/* keyCertSign of the X.509 bits, first byte first. */
#define USAGE_CERT_SIGN 0x20

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_DICE, "dice: %s", reason);
}

/* A claim of that kind; one that is not there is empty. */
static bool
take(const struct cbor *map, int64_t label, enum cbor_kind kind,
    struct bytes *out)
{
	const struct cbor *v = cbor_at(map, label);

	*out = BYTES_NONE;
	if (v == NULL)
		return true;
	*out = v->bytes;
	return v->kind == kind && v->bytes.n > 0;
}

static bool
take_mode(const struct cbor *map, enum dice_mode *mode)
{
	struct bytes b;

	if (!take(map, CLAIM_MODE, CBOR_BYTES, &b) || b.n > 1 ||
	    (b.n == 1 && b.p[0] > DICE_RECOVERY))
		return false;
	*mode = b.n == 0 ? DICE_NOT_CONFIGURED : (enum dice_mode)b.p[0];
	return true;
}

static const struct err *
read_claims(struct ctx *cx, const struct cbor *map, struct dice_layer *out)
{
	struct dice_claims *c = &out->claims;
	struct bytes key, usage;

	if (!take(map, CLAIM_ISSUER, CBOR_TEXT, &out->issuer) ||
	    !take(map, CLAIM_SUBJECT, CBOR_TEXT, &out->subject) ||
	    out->issuer.n == 0 || out->subject.n == 0)
		return bad(cx, "issuer or subject");
	if (!take(map, CLAIM_CODE_HASH, CBOR_BYTES, &c->code_hash) ||
	    !take(map, CLAIM_CONFIG, CBOR_BYTES, &c->config) ||
	    !take(map, CLAIM_AUTHORITY_HASH, CBOR_BYTES, &c->authority_hash) ||
	    !take(map, CLAIM_PROFILE, CBOR_TEXT, &c->profile))
		return bad(cx, "a claim of another type");
	if (!take_mode(map, &c->mode))
		return bad(cx, "mode is not one byte, 0 to 3");
	if (!take(map, CLAIM_KEY_USAGE, CBOR_BYTES, &usage) || usage.n == 0)
		return bad(cx, "keyUsage");
	out->may_sign = (usage.p[0] & USAGE_CERT_SIGN) != 0;
	if (!take(map, CLAIM_SUBJECT_KEY, CBOR_BYTES, &key) || key.n == 0)
		return bad(cx, "subjectPublicKey");
	return cose_key_read(cx, key, &out->key);
}

static const struct err *
read_layer_in(struct ctx *cx, struct bytes raw, struct dice_layer *out)
{
	const struct err *e;
	struct cbor map;

	e = cose_read(cx, raw, COSE_SIGN1, COSE_UNTAGGED_OK, &out->message);
	if (e == NULL)
		e = cbor_read(cx, out->message.payload, &map);
	if (e != NULL)
		return e;
	if (map.kind != CBOR_MAP)
		return bad(cx, "a layer's claims are no map");
	return read_claims(cx, &map, out);
}

/* What comes of a layer are slices of it; the items on the way, which its
 * sender may make many, are given back. */
static const struct err *
read_layer(struct ctx *cx, struct bytes raw, struct dice_layer *out)
{
	AUTO_STRUCT(arena) *scratch = arena_new(SCRATCH);
	struct ctx inner = *cx;
	const struct err *e;

	inner.arena = scratch;
	e = read_layer_in(&inner, raw, out);
	if (e != NULL)
		cx->reason = arena_strdup(cx->arena, inner.reason);
	return e;
}

static const struct err *
read_chain(struct ctx *cx, const struct cbor *top, struct dice_chain *out)
{
	const struct err *e;
	size_t i;

	if (top->n < 2 || top->n - 1 > LIMIT_DICE_LAYERS)
		return bad(cx, "a key without layers, or more than the limit");
	out->has_root = true;
	e = cose_key_read(cx, top->item[0].raw, &out->root);
	for (i = 1; i < top->n && e == NULL; i++)
		e = read_layer(cx, top->item[i].raw, &out->layer[out->n++]);
	return e;
}

static const struct err *
read_any(struct ctx *cx, struct bytes in, struct dice_chain *out)
{
	const struct err *e;
	struct cbor top;

	e = cbor_read(cx, in, &top);
	if (e != NULL)
		return e;
	if (top.kind != CBOR_ARRAY || top.n == 0)
		return bad(cx, "not an array");
	if (top.item[0].kind == CBOR_MAP)
		return read_chain(cx, &top, out);
	out->n = 1;
	return read_layer(cx, in, &out->layer[0]);
}

const struct err *
dice_read(struct ctx *cx, struct bytes in, struct dice_chain *out)
{
	AUTO_STRUCT(arena) *scratch = arena_new(SCRATCH);
	struct ctx inner = *cx;
	const struct err *e;

	*out = (struct dice_chain){ .n = 0 };
	inner.arena = scratch;
	e = read_any(&inner, in, out);
	if (e != NULL)
		cx->reason = arena_strdup(cx->arena, inner.reason);
	return e;
}

void
dice_config_read(
    struct ctx *cx, struct bytes descriptor, struct dice_config *out)
{
	AUTO_STRUCT(arena) *scratch = NULL;
	struct ctx inner = *cx;
	const struct cbor *v;
	struct cbor map;

	*out = (struct dice_config){ NULL, NULL };
	/* Any bytes may be a descriptor: only what begins as a map is read. */
	if (descriptor.n == 0 || descriptor.p[0] >> 5 != 5)
		return;
	inner.arena = scratch = arena_new(SCRATCH);
	if (cbor_read(&inner, descriptor, &map) != NULL)
		return;
	v = cbor_at(&map, CONFIG_COMPONENT);
	if (v != NULL && v->kind == CBOR_TEXT)
		out->component = cbor_str(cx, v);
	v = cbor_at(&map, CONFIG_VERSION);
	if (v != NULL && v->kind == CBOR_TEXT)
		out->version = cbor_str(cx, v);
	else if (v != NULL && v->kind == CBOR_INT)
		out->version = arena_printf(cx->arena, "%" PRId64, v->number);
}
