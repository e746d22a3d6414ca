#include "pki/der.h"

#include "base/clock.h"

/* Takes a length in its shortest form (X.690 section 10.1). */
static bool
take_length(struct bytes *in, size_t *n)
{
	size_t i, bytes;

	if (in->n < 1)
		return false;
	*n = in->p[0];
	in->p++;
	in->n--;
	if (*n < 0x80)
		return true;
	bytes = *n & 0x7f;
	if (bytes < 1 || bytes > 3 || bytes > in->n || in->p[0] == 0)
		return false;
	for (*n = 0, i = 0; i < bytes; i++)
		*n = *n << 8 | in->p[i];
	in->p += bytes;
	in->n -= bytes;
	return *n >= 0x80;
}

bool
der_next(struct bytes *in, struct der_item *out)
{
	const uint8_t *start = in->p;
	size_t n;

	if (in->n < 2 || (in->p[0] & 0x1f) == 0x1f)
		return false;
	out->tag = in->p[0];
	in->p++;
	in->n--;
	if (!take_length(in, &n) || n > in->n)
		return false;
	out->content = (struct bytes){ in->p, n };
	in->p += n;
	in->n -= n;
	out->whole = (struct bytes){ start, (size_t)(in->p - start) };
	return true;
}

bool
der_take(struct bytes *in, uint8_t tag, struct bytes *content)
{
	struct der_item it;

	if (!der_next(in, &it) || it.tag != tag)
		return false;
	*content = it.content;
	return true;
}

bool
der_take_whole(struct bytes *in, uint8_t tag, struct bytes *whole)
{
	struct der_item it;

	if (!der_next(in, &it) || it.tag != tag)
		return false;
	*whole = it.whole;
	return true;
}

bool
der_at(struct bytes in, uint8_t tag)
{
	return in.n > 0 && in.p[0] == tag;
}

bool
der_take_bits(struct bytes *in, struct bytes *bits)
{
	if (!der_take(in, DER_BIT_STRING, bits) || bits->n < 1 ||
	    bits->p[0] != 0)
		return false;
	bits->p++;
	bits->n--;
	return true;
}

bool
der_take_bool(struct bytes *in, bool *v)
{
	struct bytes b;

	if (!der_take(in, DER_BOOLEAN, &b) || b.n != 1 ||
	    (b.p[0] != 0x00 && b.p[0] != 0xff))
		return false;
	*v = b.p[0] != 0;
	return true;
}

bool
der_take_oid(struct bytes *in, struct bytes *oid)
{
	bool first = true;
	size_t i;

	if (!der_take(in, DER_OID, oid) || oid->n < 1 || oid->n > 64)
		return false;
	/* Each subidentifier starts without padding (X.690 section 8.19). */
	for (i = 0; i < oid->n; i++) {
		if (first && oid->p[i] == 0x80)
			return false;
		first = (oid->p[i] & 0x80) == 0;
	}
	return first;
}

bool
der_take_small(struct bytes *in, unsigned *v)
{
	struct bytes b;

	if (!der_take(in, DER_INTEGER, &b))
		return false;
	if (b.n == 1 && b.p[0] < 0x80) {
		*v = b.p[0];
		return true;
	}
	*v = b.n == 2 ? b.p[1] : 0;
	return b.n == 2 && b.p[0] == 0 && b.p[1] >= 0x80;
}

/* YYYYMMDDhhmmssZ as base/clock reads it. */
static bool
time_value(const char *digits, int64_t *t)
{
	char text[CLOCK_TEXT_BYTES];
	int i;

	for (i = 0; i < 14; i++)
		if (digits[i] < '0' || digits[i] > '9')
			return false;
	(void)snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ",
	    digits, digits + 4, digits + 6, digits + 8, digits + 10,
	    digits + 12);
	return clock_parse(bytes_str(text), t);
}

/* base/clock starts at 1970: earlier years are read 28 years later, when the
 * calendar is the same, and moved back. */
static bool
utc_value(const char *p, int64_t *t)
{
	const int64_t span = INT64_C(28) * 1461 / 4 * 86400;
	bool early = p[0] == '5' || p[0] == '6';
	char digits[16];
	int year = (p[0] - '0') * 10 + p[1] - '0';

	if (year < 0 || year > 99 || p[1] < '0' || p[1] > '9')
		return false;
	year += year >= 50 ? 1900 : 2000;
	(void)snprintf(digits, sizeof(digits), "%04d%.10s",
	    (year + (early ? 28 : 0)) % 10000, p + 2);
	if (!time_value(digits, t))
		return false;
	*t -= early ? span : 0;
	return true;
}

bool
der_take_time(struct bytes *in, int64_t *t)
{
	struct der_item it;
	const char *p;

	if (!der_next(in, &it) || it.content.n < 13 || it.content.n > 15 ||
	    it.content.p[it.content.n - 1] != 'Z')
		return false;
	p = (const char *)it.content.p;
	if (it.tag == DER_UTC_TIME && it.content.n == 13)
		return utc_value(p, t);
	return it.tag == DER_GENERALIZED_TIME && it.content.n == 15 &&
	       time_value(p, t);
}
