#include "codec/cbor.h"

#include <cbor/callbacks.h>
#include <cbor/data.h>
#include <cbor/streaming.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

const struct err ERR_BAD_CBOR = { KIND_INVALID, "bad-cbor",
	"The CBOR is malformed, too deep or too large." };

/* One head as libcbor reads it. */
struct head {
	enum cbor_kind kind;
	bool refused; /* a break, or a tag beyond what is kept */
	bool indefinite;
	uint64_t v; /* value, count or tag; -1 - v of a negative integer */
	bool negative;
	double real;
	struct bytes string;
};

struct reader {
	struct ctx *cx;
	struct bytes in; /* what is left */
	size_t items;    /* that may still come */
	bool any;        /* indefinite lengths, too */
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_CBOR, "cbor: %s", reason);
}

static void
on_uint(struct head *h, uint64_t v, bool negative)
{
	h->kind = v > INT64_MAX ? CBOR_BIG : CBOR_INT;
	h->v = v;
	h->negative = negative;
}

#define ON_INT(name, type, negative)               \
	static void name(void *h, type v)          \
	{                                          \
		on_uint(h, (uint64_t)v, negative); \
	}
ON_INT(on_uint8, uint8_t, false)
ON_INT(on_uint16, uint16_t, false)
ON_INT(on_uint32, uint32_t, false)
ON_INT(on_uint64, uint64_t, false)
ON_INT(on_negint8, uint8_t, true)
ON_INT(on_negint16, uint16_t, true)
ON_INT(on_negint32, uint32_t, true)
ON_INT(on_negint64, uint64_t, true)

static void
on_bytes(void *to, cbor_data p, size_t n)
{
	struct head *h = to;

	h->kind = CBOR_BYTES;
	h->string = (struct bytes){ p, n };
}

static void
on_text(void *to, cbor_data p, size_t n)
{
	on_bytes(to, p, n);
	((struct head *)to)->kind = CBOR_TEXT;
}

static void
on_array(void *to, size_t n)
{
	struct head *h = to;

	h->kind = CBOR_ARRAY;
	h->v = n;
}

static void
on_map(void *to, size_t n)
{
	on_array(to, n);
	((struct head *)to)->kind = CBOR_MAP;
}

static void
on_tag(void *to, uint64_t v)
{
	struct head *h = to;

	h->kind = CBOR_TAG;
	h->refused = v > INT64_MAX;
	h->v = v;
}

static void
on_double(void *to, double v)
{
	struct head *h = to;

	h->kind = CBOR_FLOAT;
	h->real = v;
}

static void
on_float(void *to, float v)
{
	on_double(to, (double)v);
}

static void
on_bool(void *to, bool v)
{
	struct head *h = to;

	h->kind = CBOR_BOOL;
	h->v = v;
}

static void
on_null(void *to)
{
	((struct head *)to)->kind = CBOR_NULL;
}

static void
on_undefined(void *to)
{
	((struct head *)to)->kind = CBOR_OTHER;
}

static void
on_break(void *to)
{
	((struct head *)to)->refused = true;
}

#define ON_START(name, is)                                             \
	static void name(void *h)                                      \
	{                                                              \
		*(struct head *)h =                                    \
		    (struct head){ .kind = (is), .indefinite = true }; \
	}
ON_START(on_bytes_start, CBOR_BYTES)
ON_START(on_text_start, CBOR_TEXT)
ON_START(on_array_start, CBOR_ARRAY)
ON_START(on_map_start, CBOR_MAP)

static const struct cbor_callbacks CALLBACKS = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string_start = on_bytes_start,
	.byte_string = on_bytes,
	.string = on_text,
	.string_start = on_text_start,
	.indef_array_start = on_array_start,
	.array_start = on_array,
	.indef_map_start = on_map_start,
	.map_start = on_map,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_undefined,
	.null = on_null,
	.boolean = on_bool,
	.indef_break = on_break,
};

/* Simple values without a name, which libcbor does not read: 0 to 19, and 32
 * to 255 in a second byte (RFC 8949 section 3.3).  Their size, or 0. */
static size_t
simple(struct bytes in)
{
	if (in.p[0] >= 0xe0 && in.p[0] <= 0xf3)
		return 1;
	return in.p[0] == 0xf8 && in.n >= 2 && in.p[1] >= 32 ? 2 : 0;
}

/* Tags below 24, of which libcbor 0.8 reads but some. */
static bool
is_short_tag(struct bytes in, struct head *out)
{
	if (in.p[0] < 0xc0 || in.p[0] > 0xd7)
		return false;
	on_tag(out, in.p[0] & 0x1fU);
	return true;
}

static bool
take_head(struct reader *r, struct head *out)
{
	struct cbor_decoder_result got;
	size_t n;

	*out = (struct head){ .kind = CBOR_OTHER };
	if (r->in.n == 0)
		return false;
	n = is_short_tag(r->in, out) ? 1 : simple(r->in);
	if (n == 0) {
		got = cbor_stream_decode(r->in.p, r->in.n, &CALLBACKS, out);
		if (got.status != CBOR_DECODER_FINISHED || out->refused ||
		    got.read == 0 || got.read > r->in.n)
			return false;
		n = got.read;
	}
	r->in.p += n;
	r->in.n -= n;
	return true;
}

/* The same item, in whatever width its heads are (section 5.6). */
static bool
same(const struct cbor *a, const struct cbor *b)
{
	size_t i, n = a->kind == CBOR_MAP ? 2 * a->n : a->n;

	if (a->kind != b->kind || a->number != b->number || a->n != b->n ||
	    !bytes_eq(a->bytes, b->bytes))
		return false;
	if (a->kind == CBOR_BIG || a->kind == CBOR_OTHER)
		return bytes_eq(a->raw, b->raw);
	if (a->kind == CBOR_FLOAT)
		return bytes_eq((struct bytes){ (const uint8_t *)&a->real,
				    sizeof(a->real) },
		    (struct bytes){
			(const uint8_t *)&b->real, sizeof(b->real) });
	for (i = 0; i < n; i++)
		if (!same(&a->item[i], &b->item[i]))
			return false;
	return true;
}

static bool
has_duplicate(const struct cbor *map)
{
	size_t i, k;

	for (i = 1; i < map->n; i++)
		for (k = 0; k < i; k++)
			if (same(&map->item[2 * i], &map->item[2 * k]))
				return true;
	return false;
}

/* What the tags that everyone knows may hold (section 3.4). */
static bool
tag_fits(int64_t tag, enum cbor_kind content)
{
	switch (tag) {
	case 0:
		return content == CBOR_TEXT;
	case 1:
		return content == CBOR_INT || content == CBOR_FLOAT;
	case 2:
	case 3:
		return content == CBOR_BYTES;
	default:
		return true;
	}
}

static const struct err *
read_item(struct reader *r, size_t depth, struct cbor *out);

static const struct err *
read_children(struct reader *r, size_t n, size_t depth, struct cbor *out)
{
	const struct err *e = NULL;
	size_t i;

	if (depth == LIMIT_CBOR_DEPTH)
		return bad(r->cx, "too deep");
	/* Each item takes a byte at least.  They are counted before there is
	 * memory for them: heads within heads may each promise many. */
	if (n > r->in.n || n > r->items)
		return bad(r->cx, "more items than there are bytes, or than "
				  "the limit");
	r->items -= n;
	out->item = arena_alloc(r->cx->arena, n * sizeof(*out->item));
	for (i = 0; i < n && e == NULL; i++)
		e = read_item(r, depth + 1, &out->item[i]);
	return e;
}

static bool
take_break(struct reader *r)
{
	if (r->in.n == 0 || r->in.p[0] != 0xff)
		return false;
	r->in.p++;
	r->in.n--;
	return true;
}

/* Array and map of indefinite length (section 3.2.2). */
static const struct err *
read_until_break(struct reader *r, size_t depth, struct cbor *out)
{
	const struct err *e;
	struct cbor *more;
	size_t n = 0, room = 0;

	if (depth == LIMIT_CBOR_DEPTH)
		return bad(r->cx, "too deep");
	while (!take_break(r)) {
		if (r->items == 0)
			return bad(r->cx, "more items than the limit");
		r->items--;
		if (n == room) {
			room = room == 0 ? 1 : 2 * room;
			more = arena_alloc(r->cx->arena, room * sizeof(*more));
			if (n > 0)
				memcpy(more, out->item, n * sizeof(*more));
			out->item = more;
		}
		e = read_item(r, depth + 1, &out->item[n++]);
		if (e != NULL)
			return e;
	}
	if (out->kind == CBOR_MAP && n % 2 != 0)
		return bad(r->cx, "a key without a value");
	out->n = out->kind == CBOR_MAP ? n / 2 : n;
	return NULL;
}

/* A string in chunks, each of definite length and of its kind, and text
 * whole by itself (section 3.2.3). */
static const struct err *
read_chunks(struct reader *r, struct cbor *out)
{
	struct head h;
	struct buf b;

	buf_init(&b, r->cx->arena, r->in.n);
	while (!take_break(r)) {
		if (!take_head(r, &h) || h.kind != out->kind || h.indefinite ||
		    (h.kind == CBOR_TEXT && !text_is_utf8(h.string)))
			return bad(r->cx, "a chunk that is cut or of another "
					  "kind");
		buf_put(&b, h.string);
	}
	must(buf_bytes(&b, &out->bytes));
	return NULL;
}

static const struct err *
read_nested(
    struct reader *r, const struct head *h, size_t depth, struct cbor *out)
{
	const struct err *e;

	out->n = h->kind == CBOR_TAG ? 1 : (size_t)h->v;
	if (h->kind != CBOR_TAG && h->v > r->items)
		return bad(r->cx, "more items than the limit");
	if (h->indefinite)
		e = read_until_break(r, depth, out);
	else
		e = read_children(
		    r, h->kind == CBOR_MAP ? 2 * out->n : out->n, depth, out);
	if (e != NULL)
		return e;
	if (h->kind == CBOR_MAP && has_duplicate(out))
		return bad(r->cx, "a map key twice (RFC 8949 section 5.6)");
	if (h->kind == CBOR_TAG && !tag_fits(out->number, out->item->kind))
		return bad(r->cx, "a tag on what it is not for");
	return NULL;
}

static const struct err *
read_item(struct reader *r, size_t depth, struct cbor *out)
{
	const uint8_t *start = r->in.p;
	const struct err *e = NULL;
	struct head h;

	if (!take_head(r, &h))
		return bad(r->cx, "cut or malformed");
	if (h.indefinite && !r->any)
		return bad(r->cx, "of indefinite length");
	*out =
	    (struct cbor){ .kind = h.kind, .real = h.real, .bytes = h.string };
	if (h.kind == CBOR_INT)
		out->number = h.negative ? -1 - (int64_t)h.v : (int64_t)h.v;
	if (h.kind == CBOR_BOOL || h.kind == CBOR_TAG)
		out->number = (int64_t)h.v;
	if (h.kind == CBOR_TEXT && !text_is_utf8(h.string))
		return bad(r->cx, "text that is not UTF-8, or with NUL");
	if (h.indefinite && (h.kind == CBOR_BYTES || h.kind == CBOR_TEXT))
		e = read_chunks(r, out);
	if (h.kind == CBOR_ARRAY || h.kind == CBOR_MAP || h.kind == CBOR_TAG)
		e = read_nested(r, &h, depth, out);
	out->raw = (struct bytes){ start, (size_t)(r->in.p - start) };
	return e;
}

static const struct err *
read_whole(struct reader *r, struct cbor *out)
{
	const struct err *e;

	r->items--;
	e = read_item(r, 0, out);
	if (e == NULL && r->in.n != 0)
		return bad(r->cx, "bytes after the item");
	return e;
}

const struct err *
cbor_read(struct ctx *cx, struct bytes in, struct cbor *out)
{
	return cbor_read_long(cx, in, LIMIT_CBOR_ITEMS, out);
}

const struct err *
cbor_read_long(struct ctx *cx, struct bytes in, size_t items, struct cbor *out)
{
	struct reader r = { cx, in, items, false };

	return read_whole(&r, out);
}

const struct err *
cbor_read_first(
    struct ctx *cx, struct bytes in, struct cbor *out, struct bytes *rest)
{
	struct reader r = { cx, in, LIMIT_CBOR_ITEMS, false };
	const struct err *e = read_item(&r, 0, out);

	*rest = r.in;
	return e;
}

const struct err *
cbor_read_any(struct ctx *cx, struct bytes in, struct cbor *out)
{
	/* Lists that grow take up to four times their memory. */
	struct reader r = { cx, in, LIMIT_CBOR_ITEMS / 4, true };

	return read_whole(&r, out);
}

const struct cbor *
cbor_at(const struct cbor *map, int64_t key)
{
	size_t i;

	for (i = 0; map->kind == CBOR_MAP && i < map->n; i++)
		if (map->item[2 * i].kind == CBOR_INT &&
		    map->item[2 * i].number == key)
			return &map->item[2 * i + 1];
	return NULL;
}

const struct cbor *
cbor_named(const struct cbor *map, const char *key)
{
	size_t i;

	for (i = 0; map->kind == CBOR_MAP && i < map->n; i++)
		if (map->item[2 * i].kind == CBOR_TEXT &&
		    bytes_eq(map->item[2 * i].bytes, bytes_str(key)))
			return &map->item[2 * i + 1];
	return NULL;
}

const char *
cbor_str(struct ctx *cx, const struct cbor *text)
{
	return text->kind == CBOR_TEXT ? bytes_to_str(cx->arena, text->bytes)
				       : NULL;
}
