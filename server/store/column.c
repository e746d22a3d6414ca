#include "store/column.h"

#include "base/limits.h"
#include "base/mem.h"

#define NO_VALUE UINT32_MAX

static void
put32(struct column *c, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v };

	buf_put(&c->buf, BYTES_OF(b));
}

void
column_init(struct ctx *cx, struct column *c, enum column_type type, size_t n)
{
	buf_init(&c->buf, cx->arena, LIMIT_COLUMN);
	c->type = type;
	c->left = n;
	put32(c, 1); /* dimensions */
	put32(c, 1); /* there may be NULLs */
	put32(c, type);
	put32(c, (uint32_t)n);
	put32(c, 1); /* the first index */
}

static void
put(struct column *c, struct bytes value)
{
	must(c->left > 0);
	c->left--;
	if (value.p == NULL) {
		put32(c, NO_VALUE);
		return;
	}
	put32(c, (uint32_t)value.n);
	buf_put(&c->buf, value);
}

void
column_bytes(struct column *c, struct bytes value)
{
	must(c->type == COLUMN_BYTES);
	put(c, value);
}

void
column_int(struct column *c, int64_t value)
{
	uint8_t b[8];
	size_t i;

	must(c->type == COLUMN_INT);
	for (i = 0; i < 8; i++)
		b[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
	put(c, BYTES_OF(b));
}

/* Identifiers were checked when they came in. */
static void
put_uuid(struct column *c, const char *text)
{
	uint8_t b[16];
	size_t n = 0;

	while (n < sizeof(b)) {
		int hi, lo;

		text += *text == '-';
		hi = bytes_hex_digit((uint8_t)text[0]);
		must(hi >= 0);
		lo = bytes_hex_digit((uint8_t)text[1]);
		must(lo >= 0);
		b[n++] = (uint8_t)(hi << 4 | lo);
		text += 2;
	}
	must(*text == '\0');
	put(c, BYTES_OF(b));
}

void
column_text(struct column *c, const char *value)
{
	if (value == NULL)
		put(c, BYTES_NONE);
	else if (c->type == COLUMN_UUID)
		put_uuid(c, value);
	else
		put(c, bytes_str(value));
}

struct bytes
column_end(const struct column *c)
{
	struct bytes all;

	must(c->left == 0);
	must(buf_bytes(&c->buf, &all));
	return all;
}
