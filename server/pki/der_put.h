/*
 * A writer of DER (X.690) into a builder of base/buf: definite minimal
 * lengths, one-byte tags.  An item is begun, filled, and ended; its length is
 * put in then, so that nothing is measured before it is written.
 */
#ifndef PKI_DER_PUT_H
#define PKI_DER_PUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "pki/der.h"

/* Begins an item of that tag: where its content starts, for der_end. */
size_t der_begin(struct buf *b, uint8_t tag);
void der_end(struct buf *b, size_t at);

/* A whole item with that content. */
void der_put(struct buf *b, uint8_t tag, struct bytes content);
void der_put_str(struct buf *b, uint8_t tag, const char *text);

/* A BIT STRING of whole bytes. */
void der_put_bits(struct buf *b, struct bytes bits);

/* A time as RFC 5280 section 4.1.2.5 wants it: UTCTime before 2050,
 * GeneralizedTime from then on. */
void der_put_time(struct buf *b, int64_t t);

/* GeneralizedTime, whatever the year (RFC 6960 section 4.2.2.1). */
void der_put_generalized(struct buf *b, int64_t t);

/* OBJECT IDENTIFIER from its dotted text, which must be one. */
void der_put_oid(struct buf *b, const char *dotted);

#endif
