#include "codec/corim.h"

#include "codec/cbor.h"

const struct err ERR_BAD_CORIM = { KIND_INVALID, "bad-corim",
	"The reference values cannot be read, or ask what is not known here." };

/* Tags: corim, comid; of identifiers, the PSA ones among them. */
#define TAG_CORIM 501
#define TAG_COMID 506
#define TAG_UEID 550
#define TAG_PEM_KEY 554
#define TAG_BYTES 560
#define TAG_PSA_IMPLEMENTATION 600
#define TAG_PSA_COMPONENT 601

#define CORIM_TAGS 1
#define COMID_TRIPLES 4
#define TRIPLES_REFERENCE 0
#define TRIPLES_KEYS 3

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_CORIM, "corim: %s", reason);
}

const struct err *
corim_add_value(struct ctx *cx, struct corim *c, const struct corim_value *v)
{
	if (c->n_values == LIMIT_REFERENCES)
		return bad(cx, "more reference values than the limit");
	if (v->class_id.n == 0)
		return bad(cx, "a value of no class");
	if (v->digest.n != 32 && v->digest.n != 48 && v->digest.n != 64)
		return bad(cx, "a digest of no known size");
	c->value[c->n_values++] = *v;
	return NULL;
}

const struct err *
corim_add_key(struct ctx *cx, struct corim *c, const struct corim_key *k)
{
	if (c->n_keys == LIMIT_ANCHORS)
		return bad(cx, "more keys than the limit");
	if (k->class_id.n == 0 || k->pem == NULL)
		return bad(cx, "a key of no class, or none");
	c->key[c->n_keys++] = *k;
	return NULL;
}

/* Whether all keys of a map are within 0 to 63 and in the mask. */
static bool
has_only(const struct cbor *map, uint64_t mask)
{
	size_t i;

	for (i = 0; map->kind == CBOR_MAP && i < map->n; i++)
		if (map->item[2 * i].kind != CBOR_INT ||
		    map->item[2 * i].number < 0 ||
		    map->item[2 * i].number > 63 ||
		    (mask >> map->item[2 * i].number & 1) == 0)
			return false;
	return map->kind == CBOR_MAP;
}

/* Bytes under one of two tags. */
static struct bytes
tagged(const struct cbor *c, int64_t tag, int64_t or_tag)
{
	if (c == NULL || c->kind != CBOR_TAG ||
	    (c->number != tag && c->number != or_tag) ||
	    c->item->kind != CBOR_BYTES)
		return BYTES_NONE;
	return c->item->bytes;
}

/* A text that may be absent; false if it is something else. */
static bool
take_text(struct ctx *cx, const struct cbor *c, const char **out)
{
	if (c == NULL)
		return true;
	*out = cbor_str(cx, c);
	return *out != NULL;
}

/* environment: class (id, vendor, model) and instance. */
static bool
take_environment(
    const struct cbor *c, struct bytes *class_id, struct bytes *instance)
{
	const struct cbor *class = cbor_at(c, 0), *unit = cbor_at(c, 1);

	if (!has_only(c, 3) || class == NULL || !has_only(class, 7) ||
	    cbor_at(class, 0) == NULL)
		return false;
	*class_id =
	    tagged(cbor_at(class, 0), TAG_PSA_IMPLEMENTATION, TAG_BYTES);
	*instance =
	    unit == NULL ? BYTES_NONE : tagged(unit, TAG_UEID, TAG_BYTES);
	return class_id->n > 0 && (unit == NULL) == (instance->n == 0);
}

/* Which component: {1: type, 4: version, 5: signer} under a tag, or the name
 * of the newer profile, whose particulars are among the values. */
static bool
take_component(struct ctx *cx, const struct cbor *key, struct corim_value *v)
{
	const struct cbor *signer;

	if (key->kind == CBOR_TEXT)
		return bytes_eq(
		    key->bytes, bytes_str("psa.software-component"));
	if (key->kind != CBOR_TAG || key->number != TAG_PSA_COMPONENT ||
	    !has_only(key->item, 1U << 1 | 1U << 4 | 1U << 5))
		return false;
	signer = cbor_at(key->item, 5);
	if (signer != NULL)
		v->signer = signer->bytes;
	return take_text(cx, cbor_at(key->item, 1), &v->type) &&
	       take_text(cx, cbor_at(key->item, 4), &v->version) &&
	       (signer == NULL || signer->kind == CBOR_BYTES);
}

/* Values beside the digests: 0 version, 11 name, 13 the signer's key. */
static bool
take_particulars(struct ctx *cx, const struct cbor *map, struct corim_value *v)
{
	const struct cbor *version = cbor_at(map, 0), *keys = cbor_at(map, 13);

	if (!has_only(map, 1U << 0 | 1U << 2 | 1U << 11 | 1U << 13) ||
	    !take_text(cx, cbor_at(map, 11), &v->type))
		return false;
	if (version != NULL &&
	    (!has_only(version, 3) ||
		!take_text(cx, cbor_at(version, 0), &v->version)))
		return false;
	if (keys == NULL)
		return true;
	if (keys->kind != CBOR_ARRAY || keys->n != 1)
		return false;
	v->signer = tagged(&keys->item[0], TAG_BYTES, TAG_BYTES);
	return v->signer.n > 0;
}

static const struct err *
read_measurement(struct ctx *cx, const struct cbor *m, struct corim_value v,
    struct corim *out)
{
	const struct cbor *key = cbor_at(m, 0), *map = cbor_at(m, 1), *digests;
	const struct err *e = NULL;
	size_t i;

	if (!has_only(m, 3) || key == NULL || map == NULL ||
	    !take_component(cx, key, &v) || !take_particulars(cx, map, &v))
		return bad(cx, "a component");
	digests = cbor_at(map, 2);
	if (digests == NULL || digests->kind != CBOR_ARRAY || digests->n == 0)
		return bad(cx, "a component without digests");
	for (i = 0; i < digests->n && e == NULL; i++) {
		const struct cbor *d = &digests->item[i];

		if (d->kind != CBOR_ARRAY || d->n != 2 ||
		    d->item[1].kind != CBOR_BYTES)
			return bad(cx, "a digest");
		v.digest = d->item[1].bytes;
		e = corim_add_value(cx, out, &v);
	}
	return e;
}

/* [environment, [measurement ...]] */
static const struct err *
read_reference(struct ctx *cx, const struct cbor *r, struct corim *out)
{
	struct corim_value v = { .type = NULL };
	struct bytes instance;
	const struct err *e = NULL;
	size_t i;

	if (r->kind != CBOR_ARRAY || r->n != 2 ||
	    !take_environment(&r->item[0], &v.class_id, &instance) ||
	    instance.n > 0 || r->item[1].kind != CBOR_ARRAY)
		return bad(cx, "a reference value");
	for (i = 0; i < r->item[1].n && e == NULL; i++)
		e = read_measurement(cx, &r->item[1].item[i], v, out);
	return e;
}

/* [environment, [key ...]] */
static const struct err *
read_keys(struct ctx *cx, const struct cbor *r, struct corim *out)
{
	struct corim_key k = { .pem = NULL };
	const struct err *e = NULL;
	size_t i;

	if (r->kind != CBOR_ARRAY || r->n != 2 ||
	    !take_environment(&r->item[0], &k.class_id, &k.instance) ||
	    r->item[1].kind != CBOR_ARRAY)
		return bad(cx, "keys of an attester");
	for (i = 0; i < r->item[1].n && e == NULL; i++) {
		const struct cbor *key = &r->item[1].item[i];

		if (key->kind != CBOR_TAG || key->number != TAG_PEM_KEY)
			return bad(cx, "a key that is not in PEM");
		k.pem = cbor_str(cx, key->item);
		e = corim_add_key(cx, out, &k);
	}
	return e;
}

static const struct err *
read_triples(struct ctx *cx, const struct cbor *map, int64_t which,
    const struct err *(*read)(
	struct ctx *cx, const struct cbor *r, struct corim *out),
    struct corim *out)
{
	const struct cbor *list = cbor_at(map, which);
	const struct err *e = NULL;
	size_t i;

	if (list == NULL)
		return NULL;
	if (list->kind != CBOR_ARRAY)
		return bad(cx, "triples");
	for (i = 0; i < list->n && e == NULL; i++)
		e = read(cx, &list->item[i], out);
	return e;
}

static const struct err *
read_comid(struct ctx *cx, const struct cbor *map, struct corim *out)
{
	const struct cbor *triples = cbor_at(map, COMID_TRIPLES);
	const struct err *e;

	if (!has_only(map, 0x1f) || triples == NULL ||
	    !has_only(triples, 1U << TRIPLES_REFERENCE | 1U << TRIPLES_KEYS))
		return bad(cx, "a CoMID, or triples of other kinds");
	e = read_triples(cx, triples, TRIPLES_REFERENCE, read_reference, out);
	if (e != NULL)
		return e;
	return read_triples(cx, triples, TRIPLES_KEYS, read_keys, out);
}

/* A CoMID in bytes under its tag. */
static const struct err *
read_tag(struct ctx *cx, const struct cbor *tag, struct corim *out)
{
	const struct err *e;
	struct cbor map;

	if (tag->kind != CBOR_TAG || tag->number != TAG_COMID ||
	    tag->item->kind != CBOR_BYTES)
		return bad(cx, "a tag that is no CoMID");
	e = cbor_read_long(cx, tag->item->bytes, LIMIT_REFERENCE_ITEMS, &map);
	return e != NULL ? e : read_comid(cx, &map, out);
}

const struct err *
corim_read(struct ctx *cx, struct bytes in, struct corim *out)
{
	const struct cbor *tags;
	const struct err *e;
	struct cbor c;
	size_t i;

	if (in.n > 0 && in.p[0] == '{')
		return corim_read_json(cx, in, out);
	e = cbor_read_long(cx, in, LIMIT_REFERENCE_ITEMS, &c);
	if (e != NULL)
		return e;
	if (c.kind == CBOR_TAG && c.number == TAG_COMID)
		return c.item->kind == CBOR_MAP ? read_comid(cx, c.item, out)
						: read_tag(cx, &c, out);
	tags = c.kind == CBOR_TAG && c.number == TAG_CORIM
		   ? cbor_at(c.item, CORIM_TAGS)
		   : NULL;
	if (tags == NULL || tags->kind != CBOR_ARRAY)
		return bad(cx, "neither a CoRIM nor a CoMID");
	for (i = 0; i < tags->n && e == NULL; i++)
		e = read_tag(cx, &tags->item[i], out);
	return e;
}
