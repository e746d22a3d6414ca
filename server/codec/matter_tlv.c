#include "codec/matter_tlv.h"

#include "base/limits.h"
#include "base/text.h"

/* Element types (A.7.1), the low five bits of the control octet. */
enum {
	TYPE_UINT = 0x04,
	TYPE_FALSE = 0x08,
	TYPE_TRUE = 0x09,
	TYPE_FLOAT = 0x0a,
	TYPE_TEXT = 0x0c,
	TYPE_BYTES = 0x10,
	TYPE_NULL = 0x14,
	TYPE_STRUCT = 0x15,
	TYPE_ARRAY = 0x16,
	TYPE_LIST = 0x17,
	TYPE_END = 0x18,
};

/* The head of an element: control octet, tag, and value or length. */
struct head {
	unsigned type;
	int tag;
	uint64_t number;
};

/* Takes n bytes of a number, little-endian (A.8). */
static bool
take_number(struct bytes *in, size_t n, uint64_t *v)
{
	size_t i;

	if (in->n < n)
		return false;
	for (*v = 0, i = n; i-- > 0;)
		*v = *v << 8 | in->p[i];
	in->p += n;
	in->n -= n;
	return true;
}

/* How many bytes of value or length an element of that type has; the low two
 * bits of its type say it where it has any. */
static size_t
width_of(unsigned type)
{
	if (type < TYPE_FALSE)
		return (size_t)1 << (type & 3);
	if (type == TYPE_FLOAT || type == TYPE_FLOAT + 1)
		return type == TYPE_FLOAT ? 4 : 8;
	if (type >= TYPE_TEXT && type < TYPE_NULL)
		return (size_t)1 << (type & 3);
	return 0;
}

static bool
take_head(struct bytes *in, struct head *out)
{
	/* Tag forms (A.7.2): anonymous, context, common profile (two widths),
	 * implicit profile (two), fully qualified (two). */
	static const size_t widths[] = { 0, 1, 2, 4, 2, 4, 6, 8 };
	uint64_t control, tag;
	unsigned form;

	if (!take_number(in, 1, &control))
		return false;
	form = (unsigned)control >> 5;
	out->type = (unsigned)control & 0x1f;
	if (out->type > TYPE_END || !take_number(in, widths[form], &tag))
		return false;
	out->tag = form == 0 ? TLV_ANONYMOUS : TLV_OF_PROFILE;
	if (form == 1)
		out->tag = (int)tag;
	/* The end of a container has no tag. */
	if (out->type == TYPE_END)
		return form == 0;
	return take_number(in, width_of(out->type), &out->number);
}

/* Takes a string's bytes; text is UTF-8 (A.11.2). */
static bool
take_string(struct bytes *in, const struct head *h, struct bytes *out)
{
	if (h->number > in->n)
		return false;
	*out = (struct bytes){ in->p, (size_t)h->number };
	in->p += out->n;
	in->n -= out->n;
	return h->type >= TYPE_BYTES || text_is_utf8(*out);
}

/* Walks to the end of the container that was begun. */
static bool
take_container(struct bytes *in, unsigned outermost, struct bytes *out)
{
	unsigned open[LIMIT_TLV_DEPTH] = { outermost };
	size_t depth = 1;
	struct head h;

	out->p = in->p;
	for (;;) {
		out->n = (size_t)(in->p - out->p);
		if (!take_head(in, &h))
			return false;
		if (h.type == TYPE_END) {
			if (--depth == 0)
				return true;
			continue;
		}
		/* A structure's members all have tags, an array's none
		 * (A.5.1, A.5.2). */
		if ((open[depth - 1] == TYPE_STRUCT &&
			h.tag == TLV_ANONYMOUS) ||
		    (open[depth - 1] == TYPE_ARRAY && h.tag != TLV_ANONYMOUS))
			return false;
		if (h.type >= TYPE_STRUCT) {
			if (depth == LIMIT_TLV_DEPTH)
				return false;
			open[depth++] = h.type;
		} else if (h.type >= TYPE_TEXT && h.type < TYPE_NULL &&
			   !take_string(in, &h, &(struct bytes){ 0 })) {
			return false;
		}
	}
}

static enum tlv_kind
kind_of(unsigned type)
{
	if (type < TYPE_FALSE)
		return type < TYPE_UINT ? TLV_INT : TLV_UINT;
	if (type < TYPE_FLOAT)
		return TLV_BOOL;
	if (type < TYPE_TEXT)
		return TLV_FLOAT;
	if (type < TYPE_NULL)
		return type < TYPE_BYTES ? TLV_TEXT : TLV_BYTES;
	switch (type) {
	case TYPE_STRUCT:
		return TLV_STRUCT;
	case TYPE_ARRAY:
		return TLV_ARRAY;
	case TYPE_LIST:
		return TLV_LIST;
	default:
		return TLV_NULL;
	}
}

bool
tlv_next(struct bytes *in, struct tlv *out)
{
	struct head h = { .number = 0 };

	if (!take_head(in, &h) || h.type == TYPE_END)
		return false;
	*out = (struct tlv){
		.kind = kind_of(h.type), .tag = h.tag, .number = h.number
	};
	switch (out->kind) {
	case TLV_BOOL:
		out->number = h.type == TYPE_TRUE;
		return true;
	case TLV_TEXT:
	case TLV_BYTES:
		return take_string(in, &h, &out->bytes);
	case TLV_STRUCT:
	case TLV_ARRAY:
	case TLV_LIST:
		return take_container(in, h.type, &out->bytes);
	default:
		return true;
	}
}
