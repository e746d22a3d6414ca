#include "pki/der_put.h"

#include "base/mem.h"
#include "pki/ossl.h"

#define UTC_TIME_END INT64_C(2524608000) /* 2050-01-01T00:00:00Z */

static void
put_byte(struct buf *b, uint8_t byte)
{
	buf_put(b, (struct bytes){ &byte, 1 });
}

size_t
der_begin(struct buf *b, uint8_t tag)
{
	const uint8_t head[] = { tag, 0 };

	buf_put(b, BYTES_OF(head));
	return b->n;
}

/* Content of 128 bytes and more moves up for a longer length. */
void
der_end(struct buf *b, size_t at)
{
	static const uint8_t room[2] = { 0, 0 };
	size_t n = b->n - at;
	size_t more = n < 0x80 ? 0 : n < 0x100 ? 1 : 2;
	uint8_t *p;

	must(n <= 0xffff);
	buf_put(b, (struct bytes){ room, more });
	if (b->overflow)
		return;
	p = b->p + at;
	memmove(p + more, p, n);
	if (more == 0)
		p[-1] = (uint8_t)n;
	else
		p[-1] = (uint8_t)(0x80 | more);
	if (more == 2)
		*p++ = (uint8_t)(n >> 8);
	if (more > 0)
		*p = (uint8_t)n;
}

void
der_put(struct buf *b, uint8_t tag, struct bytes content)
{
	size_t at = der_begin(b, tag);

	buf_put(b, content);
	der_end(b, at);
}

void
der_put_str(struct buf *b, uint8_t tag, const char *text)
{
	der_put(b, tag, bytes_str(text));
}

void
der_put_bits(struct buf *b, struct bytes bits)
{
	size_t at = der_begin(b, DER_BIT_STRING);

	put_byte(b, 0); /* unused bits */
	buf_put(b, bits);
	der_end(b, at);
}

#define TIME_TEXT 16 /* 20260101120000Z and its end */

static void
time_text(int64_t t, char text[TIME_TEXT])
{
	time_t at = (time_t)t;
	struct tm tm;

	must(OPENSSL_gmtime(&at, &tm) != NULL);
	must(strftime(text, TIME_TEXT, "%Y%m%d%H%M%SZ", &tm) > 0);
}

void
der_put_time(struct buf *b, int64_t t)
{
	char text[TIME_TEXT];

	time_text(t, text);
	/* UTCTime is the same without the century. */
	if (t < UTC_TIME_END)
		der_put_str(b, DER_UTC_TIME, text + 2);
	else
		der_put_str(b, DER_GENERALIZED_TIME, text);
}

void
der_put_generalized(struct buf *b, int64_t t)
{
	char text[TIME_TEXT];

	time_text(t, text);
	der_put_str(b, DER_GENERALIZED_TIME, text);
}

void
der_put_oid(struct buf *b, const char *dotted)
{
	unsigned char content[256];
	int n = a2d_ASN1_OBJECT(content, sizeof(content), dotted, -1);

	must(n > 0);
	der_put(b, DER_OID, (struct bytes){ content, (size_t)n });
}
