/*
 * A reader of DER (X.690): definite minimal lengths, one-byte tags, nothing
 * else.  What is read is a slice of the input; nothing is copied.  A false
 * result leaves the position undefined: the caller refuses the whole.
 */
#ifndef PKI_DER_H
#define PKI_DER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_ENUMERATED 0x0a
#define DER_UTF8 0x0c
#define DER_PRINTABLE 0x13
#define DER_IA5 0x16
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_CONTEXT(n) (0x80 | (n)) /* primitive */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n))

struct der_item {
	uint8_t tag;
	struct bytes content;
	struct bytes whole; /* with tag and length */
};

/* Takes the next item, of any tag, off the front of in. */
bool der_next(struct bytes *in, struct der_item *out);

/* Takes the next item and checks its tag. */
bool der_take(struct bytes *in, uint8_t tag, struct bytes *content);

/* The same, with tag and length kept. */
bool der_take_whole(struct bytes *in, uint8_t tag, struct bytes *whole);

/* Whether the next item has that tag. */
bool der_at(struct bytes in, uint8_t tag);

/* Takes a BIT STRING of whole bytes. */
bool der_take_bits(struct bytes *in, struct bytes *bits);

/* Takes a BOOLEAN; DER knows 00 and ff only. */
bool der_take_bool(struct bytes *in, bool *v);

/* Takes an OBJECT IDENTIFIER's content, its subidentifiers well-formed. */
bool der_take_oid(struct bytes *in, struct bytes *oid);

/* Takes an INTEGER from 0 to 255. */
bool der_take_small(struct bytes *in, unsigned *v);

/* Takes a UTCTime (1950 to 2049) or GeneralizedTime (from 1970) as RFC 5280
 * section 4.1.2.5 writes them: to the second, in Z.  A GeneralizedTime before
 * 2050 is against that section, but makers write it. */
bool der_take_time(struct bytes *in, int64_t *t);

#endif
