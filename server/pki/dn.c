#include "pki/dn.h"

#include "base/limits.h"
#include "pki/der.h"

#define DN_CANON_BYTES (4 * LIMIT_DN)

#define TAG_TELETEX 0x14
#define TAG_VISIBLE 0x1a
#define TAG_BMP 0x1e

static const uint8_t OID_EMAIL[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x09, 0x01 };

/* An RDN is never longer canonical than encoded but for what is put before
 * each part. */
struct out {
	uint8_t *p;
	size_t n;
};

static void
put(struct out *o, uint8_t c)
{
	o->p[o->n++] = c;
}

static void
put_length(struct out *o, size_t n)
{
	put(o, (uint8_t)(n >> 8));
	put(o, (uint8_t)n);
}

static bool
is_text(uint8_t tag)
{
	return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_IA5 ||
	       tag == TAG_TELETEX || tag == TAG_VISIBLE || tag == TAG_BMP;
}

/* The next character, lower case; BMPString in UTF-8, which is then never
 * longer than twice its two bytes each. */
static void
put_char(struct out *o, unsigned c)
{
	if (c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (c < 0x80) {
		put(o, (uint8_t)c);
	} else if (c < 0x800) {
		put(o, (uint8_t)(0xc0 | c >> 6));
		put(o, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		put(o, (uint8_t)(0xe0 | c >> 12));
		put(o, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		put(o, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* Text without outer spaces, its runs of spaces as one (RFC 4518 section
 * 2.6.1, as far as RFC 5280 section 7.1 asks). */
static void
put_text(struct out *o, const struct der_item *it)
{
	size_t i, step = it->tag == TAG_BMP ? 2 : 1, from = o->n;
	bool space = false;

	for (i = 0; i + step <= it->content.n; i += step) {
		const uint8_t *p = it->content.p + i;
		bool utf8 = it->tag == DER_UTF8 && *p >= 0x80;
		unsigned c = step == 2 ? (unsigned)(p[0] << 8 | p[1]) : *p;

		if (c == ' ') {
			space = o->n > from;
			continue;
		}
		if (space)
			put(o, ' ');
		space = false;
		if (utf8)
			put(o, *p);
		else
			put_char(o, c);
	}
}

static bool
put_attribute(struct out *o, struct bytes *set)
{
	struct bytes seq, oid;
	struct der_item it;
	size_t at;

	if (!der_take(set, DER_SEQUENCE, &seq) || !der_take_oid(&seq, &oid) ||
	    !der_next(&seq, &it) || seq.n != 0)
		return false;
	put_length(o, oid.n);
	memcpy(o->p + o->n, oid.p, oid.n);
	o->n += oid.n;
	put(o, is_text(it.tag) ? 0 : it.tag);
	at = o->n;
	put_length(o, 0);
	if (is_text(it.tag)) {
		put_text(o, &it);
	} else if (it.content.n > 0) {
		memcpy(o->p + o->n, it.content.p, it.content.n);
		o->n += it.content.n;
	}
	o->p[at] = (uint8_t)((o->n - at - 2) >> 8);
	o->p[at + 1] = (uint8_t)(o->n - at - 2);
	return true;
}

/* A name is at least as long as five bytes an attribute; each of its bytes
 * takes two at most, and what is put before an attribute and an RDN seven. */
static bool
put_name(struct out *o, struct bytes seq)
{
	struct bytes set;

	while (seq.n > 0) {
		size_t at = o->n;

		put_length(o, 0);
		if (!der_take(&seq, DER_SET, &set) || set.n == 0)
			return false;
		while (set.n > 0)
			if (!put_attribute(o, &set))
				return false;
		o->p[at] = (uint8_t)((o->n - at - 2) >> 8);
		o->p[at + 1] = (uint8_t)(o->n - at - 2);
	}
	return true;
}

static bool
canon(struct bytes der, uint8_t buf[DN_CANON_BYTES], struct bytes *out)
{
	struct out o = { buf, 0 };
	struct bytes seq;

	if (!der_take(&der, DER_SEQUENCE, &seq) || der.n != 0 ||
	    seq.n > LIMIT_DN || !put_name(&o, seq))
		return false;
	*out = (struct bytes){ o.p, o.n };
	return true;
}

bool
dn_canon(struct arena *a, struct bytes der, struct bytes *out)
{
	uint8_t buf[DN_CANON_BYTES];

	if (!canon(der, buf, out))
		return false;
	*out = bytes_dup(a, *out);
	return true;
}

bool
dn_canon_below(
    struct arena *a, struct bytes der, struct bytes rdn, struct bytes *out)
{
	uint8_t buf[2 * DN_CANON_BYTES];
	struct out o;
	size_t at;

	if (rdn.n > LIMIT_DN || !canon(der, buf, out))
		return false;
	o = (struct out){ buf, out->n };
	at = o.n;
	put_length(&o, 0);
	while (rdn.n > 0)
		if (!put_attribute(&o, &rdn))
			return false;
	o.p[at] = (uint8_t)((o.n - at - 2) >> 8);
	o.p[at + 1] = (uint8_t)(o.n - at - 2);
	*out = bytes_dup(a, (struct bytes){ o.p, o.n });
	return true;
}

bool
dn_same(struct bytes der, struct bytes name)
{
	uint8_t buf[DN_CANON_BYTES];

	return canon(der, buf, &der) && bytes_eq(der, name);
}

bool
dn_ok(struct bytes der)
{
	uint8_t buf[DN_CANON_BYTES];
	struct bytes out;

	return canon(der, buf, &out);
}

bool
dn_within(struct bytes base, struct bytes name)
{
	uint8_t b[DN_CANON_BYTES], c[DN_CANON_BYTES];

	return canon(base, b, &base) && canon(name, c, &name) &&
	       base.n <= name.n &&
	       bytes_eq(base, (struct bytes){ name.p, base.n });
}

bool
dn_next_email(struct bytes *rest, struct bytes *email)
{
	struct der_item it;
	struct bytes oid;

	/* A Name is walked as a flat list: the heads of its sequences and
	 * sets are stepped over, their contents read on. */
	while (der_next(rest, &it)) {
		if (it.tag == DER_SEQUENCE || it.tag == DER_SET) {
			*rest = (struct bytes){ it.content.p,
				it.content.n + rest->n };
			continue;
		}
		if (it.tag != DER_OID)
			continue;
		oid = it.content;
		if (!der_next(rest, &it))
			return false;
		*email = it.content;
		if (it.tag == DER_IA5 && bytes_eq(oid, BYTES_OF(OID_EMAIL)))
			return true;
	}
	return false;
}
