/*
 * TLV of Matter (Core Specification 1.3, appendix A), read strictly: one
 * element at a time, no length believed before that many bytes are there,
 * containers closed and at most LIMIT_TLV_DEPTH deep, text in UTF-8.  What is
 * read is a slice of the input; nothing is copied.
 */
#ifndef CODEC_MATTER_TLV_H
#define CODEC_MATTER_TLV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum tlv_kind {
	TLV_INT, /* signed; its value is not kept: no record has one */
	TLV_UINT,
	TLV_BOOL,
	TLV_FLOAT,
	TLV_TEXT,
	TLV_BYTES,
	TLV_NULL,
	TLV_STRUCT,
	TLV_ARRAY,
	TLV_LIST,
};

#define TLV_ANONYMOUS (-1)
#define TLV_OF_PROFILE (-2) /* a tag of a profile, vendors' for one */

struct tlv {
	enum tlv_kind kind;
	int tag;         /* context-specific: 0 to 255; or one of the above */
	uint64_t number; /* TLV_UINT; 0 or 1 of TLV_BOOL */
	struct bytes bytes; /* of strings; the elements of a container */
};

/* Takes the next element off the front of in.  A container's own elements are
 * walked as well, so that its content can be read without a further check of
 * its form. */
bool tlv_next(struct bytes *in, struct tlv *out);

#endif
