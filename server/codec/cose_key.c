#include "codec/cose_key.h"

#include "codec/cbor.h"

const struct err ERR_BAD_COSE_KEY = { KIND_INVALID, "bad-cose-key",
	"The key is malformed or not of an accepted kind." };

/* Parameters (RFC 9052 section 7.1, RFC 9053 section 7.1). */
enum { KEY_KTY = 1, KEY_ALG = 3, KEY_OPS = 4 };
enum { KEY_CRV = -1, KEY_X = -2, KEY_Y = -3, KEY_D = -4 };
enum { KTY_OKP = 1, KTY_EC2 = 2 };

#define OPS_VERIFY 2

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_COSE_KEY, "cose key: %s", reason);
}

/* key_ops, where they stand, hold "verify". */
static bool
verifies(const struct cbor *map)
{
	const struct cbor *ops = cbor_at(map, KEY_OPS);
	size_t i;

	if (ops == NULL)
		return true;
	for (i = 0; ops->kind == CBOR_ARRAY && i < ops->n; i++)
		if (ops->item[i].kind == CBOR_INT &&
		    ops->item[i].number == OPS_VERIFY)
			return true;
	return false;
}

static bool
take_int(const struct cbor *map, int64_t label, int64_t *out)
{
	const struct cbor *v = cbor_at(map, label);

	if (v == NULL || v->kind != CBOR_INT)
		return false;
	*out = v->number;
	return true;
}

static bool
take_number(const struct cbor *map, int64_t label, size_t n, struct bytes *out)
{
	const struct cbor *v = cbor_at(map, label);

	if (v == NULL || v->kind != CBOR_BYTES || v->bytes.n != n)
		return false;
	*out = v->bytes;
	return true;
}

const struct err *
cose_key_read(struct ctx *cx, struct bytes in, struct cose_key *out)
{
	int64_t kty, curve;
	const struct err *e;
	struct cbor map;
	size_t n;

	*out = (struct cose_key){ .alg = 0 };
	e = cbor_read(cx, in, &map);
	if (e != NULL)
		return e;
	if (map.kind != CBOR_MAP || !take_int(&map, KEY_KTY, &kty) ||
	    !take_int(&map, KEY_CRV, &curve))
		return bad(cx, "not a map with kty and crv");
	if (cbor_at(&map, KEY_D) != NULL)
		return bad(cx, "with its private part");
	if (!verifies(&map))
		return bad(cx, "not for verifying (key_ops)");
	if (cbor_at(&map, KEY_ALG) != NULL &&
	    !take_int(&map, KEY_ALG, &out->alg))
		return bad(cx, "alg is no number");
	if (kty == KTY_OKP
		? curve != COSE_ED25519
		: kty != KTY_EC2 || (curve != COSE_P256 && curve != COSE_P384))
		return bad(cx, "not on P-256, P-384 or Ed25519");
	out->curve = (enum cose_curve)curve;
	n = curve == COSE_P384 ? 48 : 32;
	/* A compressed point (a BOOLEAN in y) is not read. */
	if (!take_number(&map, KEY_X, n, &out->x) ||
	    (kty == KTY_EC2 && !take_number(&map, KEY_Y, n, &out->y)))
		return bad(cx, "coordinates of another size");
	return NULL;
}
