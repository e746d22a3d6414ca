#include "attest/parts.h"

#include "attest/attest.h"
#include "codec/cbor.h"

static const struct err *
bad(struct ctx *cx, const char *what, struct bytes name)
{
	return fail(cx, &ERR_BAD_EVIDENCE, "evidence: %s: %.*s", what,
	    (int)(name.n > LIMIT_SLUG ? LIMIT_SLUG : name.n),
	    name.n == 0 ? "" : (const char *)name.p);
}

static const struct part *
part_named(const struct part *part, size_t n, struct bytes name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (bytes_eq(bytes_str(part[i].name), name))
			return &part[i];
	return NULL;
}

/* An empty byte string would look like a part that is absent. */
static bool
take(const struct cbor *value, struct bytes *to)
{
	*to = value->bytes;
	return value->kind == CBOR_BYTES && to->n > 0;
}

static bool
take_list(const struct cbor *value, const struct part *p)
{
	if (value->kind != CBOR_ARRAY || value->n < 1 || value->n > p->max)
		return false;
	for (*p->n = 0; *p->n < value->n; (*p->n)++)
		if (!take(&value->item[*p->n], &p->to[*p->n]))
			return false;
	return true;
}

const struct err *
parts_read(
    struct ctx *cx, struct bytes evidence, const struct part *part, size_t n)
{
	const struct err *e;
	struct cbor map;
	size_t i;

	e = cbor_read(cx, evidence, &map);
	if (e != NULL)
		return e;
	if (map.kind != CBOR_MAP)
		return bad(cx, "not a map", BYTES_NONE);
	for (i = 0; i < map.n; i++) {
		const struct cbor *name = &map.item[2 * i], *value = name + 1;
		const struct part *p = part_named(part, n, name->bytes);

		if (name->kind != CBOR_TEXT || p == NULL)
			return bad(cx, "unknown part", BYTES_NONE);
		if (!(p->n == NULL ? take(value, p->to) : take_list(value, p)))
			return bad(cx, "not as the format has it", name->bytes);
	}
	for (i = 0; i < n; i++)
		if (!part[i].optional && cbor_named(&map, part[i].name) == NULL)
			return bad(cx, "missing", bytes_str(part[i].name));
	return NULL;
}
