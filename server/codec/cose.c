#include "codec/cose.h"

#include "base/buf.h"
#include "base/mem.h"
#include "codec/cbor.h"

const struct err ERR_BAD_COSE = { KIND_INVALID, "bad-cose",
	"The COSE message is malformed." };

/* Header parameters (RFC 9052 section 3.1, RFC 9360 section 2). */
#define ALG 1
#define CRIT 2
#define CONTENT_TYPE 3
#define KID 4
#define IV 5
#define PARTIAL_IV 6
#define X5CHAIN 33

#define TAG_CWT 61

#define MAJOR_BYTES 2
#define MAJOR_TEXT 3
#define MAJOR_ARRAY 4

static const struct {
	int64_t tag;
	const char *context; /* section 4.4, 6.3 */
} KINDS[] = {
	[COSE_SIGN1] = { 18, "Signature1" },
	[COSE_MAC0] = { 17, "MAC0" },
	[COSE_SIGN] = { 98, "Signature" },
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_COSE, "cose: %s", reason);
}

/* The two headers of one signer, still as maps. */
struct headers {
	struct cbor protected, unprotected;
};

static bool
labels_ok(const struct cbor *map)
{
	size_t i;

	for (i = 0; i < map->n; i++)
		if (map->item[2 * i].kind != CBOR_INT &&
		    map->item[2 * i].kind != CBOR_TEXT)
			return false;
	return true;
}

static bool
has_label(const struct cbor *map, const struct cbor *label)
{
	if (label->kind == CBOR_INT)
		return cbor_at(map, label->number) != NULL;
	for (size_t i = 0; i < map->n; i++)
		if (map->item[2 * i].kind == CBOR_TEXT &&
		    bytes_eq(map->item[2 * i].bytes, label->bytes))
			return true;
	return false;
}

/* Section 3: a label stands in one of the two headers, once. */
static bool
is_disjoint(const struct headers *h)
{
	size_t i;

	for (i = 0; i < h->unprotected.n; i++)
		if (has_label(&h->protected, &h->unprotected.item[2 * i]))
			return false;
	return true;
}

/* Section 3.1: crit is protected, and what it lists is there, protected, and
 * understood by whoever reads on. */
static bool
crit_ok(const struct headers *h)
{
	const struct cbor *crit = cbor_at(&h->protected, CRIT);
	size_t i;

	if (cbor_at(&h->unprotected, CRIT) != NULL)
		return false;
	if (crit == NULL)
		return true;
	if (crit->kind != CBOR_ARRAY || crit->n == 0)
		return false;
	for (i = 0; i < crit->n; i++) {
		const struct cbor *label = &crit->item[i];

		if (label->kind != CBOR_INT ||
		    cbor_at(&h->protected, label->number) == NULL ||
		    (label->number != ALG && label->number != CRIT &&
			label->number != CONTENT_TYPE && label->number != KID &&
			label->number != X5CHAIN))
			return false;
	}
	return true;
}

/* A parameter of either header. */
static const struct cbor *
parameter(const struct headers *h, int64_t label)
{
	const struct cbor *p = cbor_at(&h->protected, label);

	return p != NULL ? p : cbor_at(&h->unprotected, label);
}

static const struct err *
take_x5chain(struct ctx *cx, const struct cbor *x, struct cose_signer *out)
{
	size_t i;

	if (x->kind == CBOR_BYTES && x->bytes.n > 0) {
		out->x5chain[out->n_x5chain++] = x->bytes;
		return NULL;
	}
	/* RFC 9360 section 2: one certificate is no array. */
	if (x->kind != CBOR_ARRAY || x->n < 2 || x->n > LIMIT_CHAIN)
		return bad(cx, "x5chain (RFC 9360 section 2)");
	for (i = 0; i < x->n; i++) {
		if (x->item[i].kind != CBOR_BYTES || x->item[i].bytes.n == 0)
			return bad(cx, "x5chain (RFC 9360 section 2)");
		out->x5chain[out->n_x5chain++] = x->item[i].bytes;
	}
	return NULL;
}

static const struct err *
take_parameters(
    struct ctx *cx, const struct headers *h, struct cose_signer *out)
{
	const struct cbor *alg = cbor_at(&h->protected, ALG);
	const struct cbor *kid = parameter(h, KID);
	const struct cbor *type = parameter(h, CONTENT_TYPE);
	const struct cbor *chain = parameter(h, X5CHAIN);

	if (alg != NULL && (alg->kind != CBOR_INT || alg->number == 0))
		return bad(cx, "an algorithm without a number");
	if (cbor_at(&h->unprotected, ALG) != NULL)
		return bad(cx, "the algorithm is not protected");
	if (type != NULL && type->kind != CBOR_TEXT &&
	    (type->kind != CBOR_INT || type->number < 0))
		return bad(cx, "content type (section 3.1)");
	if (parameter(h, IV) != NULL && parameter(h, PARTIAL_IV) != NULL)
		return bad(cx, "IV and Partial IV (section 3.1)");
	out->alg = alg == NULL ? 0 : alg->number;
	/* It is a hint; one that is no bytes (seen in published examples)
	 * names no key of ours. */
	if (kid != NULL && kid->kind == CBOR_BYTES)
		out->kid = kid->bytes;
	out->x5chain_protected = cbor_at(&h->protected, X5CHAIN) != NULL;
	return chain == NULL ? NULL : take_x5chain(cx, chain, out);
}

/* Both headers, the first two items of every structure. */
static const struct err *
read_headers(struct ctx *cx, const struct cbor *item, struct cose_signer *out)
{
	struct headers h = { .protected = { .kind = CBOR_MAP },
		.unprotected = item[1] };
	const struct err *e;

	if (item[0].kind != CBOR_BYTES || item[1].kind != CBOR_MAP)
		return bad(cx, "headers (section 3)");
	if (item[0].bytes.n > 0) {
		e = cbor_read(cx, item[0].bytes, &h.protected);
		if (e != NULL)
			return e;
	}
	if (h.protected.kind != CBOR_MAP)
		return bad(cx, "the protected header is no map (section 3)");
	/* Section 4.4 covers a map without entries as no bytes at all. */
	if (h.protected.n > 0)
		out->protected = item[0].bytes;
	if (!labels_ok(&h.protected) || !labels_ok(&h.unprotected))
		return bad(cx, "a label that is neither number nor text");
	if (!is_disjoint(&h))
		return bad(cx, "a label in both headers (section 3)");
	if (!crit_ok(&h))
		return bad(cx, "crit (section 3.1)");
	return take_parameters(cx, &h, out);
}

/* Headers, then what signs at the end. */
static const struct err *
read_signer(struct ctx *cx, const struct cbor *array, struct cose_signer *out)
{
	const struct cbor *last = &array->item[array->n - 1];
	const struct err *e = read_headers(cx, array->item, out);

	if (e != NULL)
		return e;
	if (out->alg == 0)
		return bad(cx, "no algorithm");
	if (last->kind != CBOR_BYTES || last->bytes.n == 0)
		return bad(cx, "no signature");
	out->signature = last->bytes;
	return NULL;
}

/* COSE_Sign (section 4.1). */
static const struct err *
read_signers(struct ctx *cx, const struct cbor *array, struct cose *out)
{
	const struct cbor *list = &array->item[3];
	const struct err *e = read_headers(cx, array->item, &out->body);
	size_t i;

	if (e != NULL)
		return e;
	if (list->kind != CBOR_ARRAY || list->n < 1 ||
	    list->n > LIMIT_COSE_SIGNERS)
		return bad(cx, "signers (section 4.1)");
	for (i = 0; i < list->n; i++) {
		const struct cbor *s = &list->item[i];

		if (s->kind != CBOR_ARRAY || s->n != 3)
			return bad(cx, "a signer (section 4.1)");
		e = read_signer(cx, s, &out->signer[i]);
		if (e != NULL)
			return e;
	}
	out->n_signers = list->n;
	return NULL;
}

/* What stands around the array; the kind may be told by it. */
static const struct cbor *
unwrap(const struct cbor *c, unsigned flags, enum cose_kind *kind)
{
	bool cwt = (flags & COSE_CWT_OK) != 0 && c->kind == CBOR_TAG &&
		   c->number == TAG_CWT;

	if (cwt)
		c = c->item;
	if ((flags & COSE_MAC0_OK) != 0 && c->kind == CBOR_TAG &&
	    c->number == KINDS[COSE_MAC0].tag)
		*kind = COSE_MAC0;
	if (c->kind == CBOR_TAG && c->number == KINDS[*kind].tag)
		return c->item;
	/* RFC 8392 section 6: the CWT tag stands before one of COSE's. */
	return (flags & COSE_UNTAGGED_OK) != 0 && !cwt ? c : NULL;
}

const struct err *
cose_read(struct ctx *cx, struct bytes in, enum cose_kind kind, unsigned flags,
    struct cose *out)
{
	struct cbor whole;
	const struct cbor *array;
	const struct err *e = cbor_read(cx, in, &whole);

	if (e != NULL)
		return e;
	array = unwrap(&whole, flags, &kind);
	*out = (struct cose){ .kind = kind };
	if (array == NULL)
		return bad(cx, "not tagged as what it should be");
	if (array->kind != CBOR_ARRAY || array->n != 4)
		return bad(cx, "not an array of four");
	if (array->item[2].kind != CBOR_BYTES)
		return bad(cx, "the payload is not in it");
	out->payload = array->item[2].bytes;
	return kind == COSE_SIGN ? read_signers(cx, array, out)
				 : read_signer(cx, array, &out->body);
}

/* A head in its shortest form (RFC 8949 section 4.2.1). */
static void
put_head(struct buf *b, uint8_t major, size_t n)
{
	uint8_t head[5] = { (uint8_t)(major << 5) };
	size_t more = n < 24 ? 0 : n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : 4;
	size_t i;

	head[0] |= (uint8_t)(more == 0 ? n : more == 4 ? 26 : 23 + more);
	for (i = 0; i < more; i++)
		head[1 + i] = (uint8_t)(n >> (8 * (more - 1 - i)));
	buf_put(b, (struct bytes){ head, 1 + more });
}

static void
put_string(struct buf *b, uint8_t major, struct bytes s)
{
	put_head(b, major, s.n);
	buf_put(b, s);
}

struct bytes
cose_covered(struct ctx *cx, const struct cose *c, const struct cose_signer *s,
    struct bytes external)
{
	struct bytes context = bytes_str(KINDS[c->kind].context), out;
	struct buf b;

	buf_init(&b, cx->arena,
	    context.n + c->body.protected.n + s->protected.n + external.n +
		c->payload.n + 32);
	put_head(&b, MAJOR_ARRAY, c->kind == COSE_SIGN ? 5 : 4);
	put_string(&b, MAJOR_TEXT, context);
	put_string(&b, MAJOR_BYTES, c->body.protected);
	if (c->kind == COSE_SIGN)
		put_string(&b, MAJOR_BYTES, s->protected);
	put_string(&b, MAJOR_BYTES, external);
	put_string(&b, MAJOR_BYTES, c->payload);
	must(buf_bytes(&b, &out));
	return out;
}
