#include "attest/context.h"

#include "base/arena.h"

#define CONTEXT "latchkey evidence 1"

static uint8_t *
put(uint8_t *p, struct bytes b)
{
	if (b.n > 0)
		memcpy(p, b.p, b.n);
	return p + b.n;
}

static uint8_t *
put_part(uint8_t *p, struct bytes b)
{
	*p++ = (uint8_t)(b.n >> 24);
	*p++ = (uint8_t)(b.n >> 16);
	*p++ = (uint8_t)(b.n >> 8);
	*p++ = (uint8_t)b.n;
	return put(p, b);
}

struct bytes
attest_context_bytes(
    struct ctx *cx, const char *format, const struct attest_context *in)
{
	struct bytes name = { (const uint8_t *)format, strlen(format) + 1 };
	size_t n = sizeof(CONTEXT) + name.n + in->issuer.n + in->nonce.n +
		   in->key.n + 12;
	uint8_t *start = arena_alloc(cx->arena, n), *p = start;

	p = put(p, (struct bytes){ (const uint8_t *)CONTEXT, sizeof(CONTEXT) });
	p = put(p, name);
	p = put_part(p, in->issuer);
	p = put_part(p, in->nonce);
	(void)put_part(p, in->key);
	return (struct bytes){ start, n };
}
