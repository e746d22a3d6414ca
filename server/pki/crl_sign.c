#include "pki/crl_sign.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/der_put.h"
#include "pki/signer_internal.h"
#include "pki/signers.h"

#define ENTRY_MOST 64
#define AROUND_MOST (4 * KIB) /* all of a list but its entries */

/* Contents of OBJECT IDENTIFIERs below id-ce (section 5.2, 5.3). */
static const uint8_t OID_CRL_NUMBER[] = { 0x55, 0x1d, 20 };
static const uint8_t OID_REASON[] = { 0x55, 0x1d, 21 };
static const uint8_t OID_DELTA[] = { 0x55, 0x1d, 27 };
static const uint8_t OID_POINT[] = { 0x55, 0x1d, 28 };
static const uint8_t OID_AUTHORITY_KEY_ID[] = { 0x55, 0x1d, 35 };
static const uint8_t OID_FRESHEST[] = { 0x55, 0x1d, 46 };
static const uint8_t VERSION_2[] = { 0x02, 0x01, 0x01 };
static const uint8_t TRUE_DER[] = { 0x01, 0x01, 0xff };

#define NAME_URI DER_CONTEXT(6)

/* A tag and a length of any size, at p; how many bytes. */
static size_t
put_head(uint8_t *p, uint8_t tag, size_t n)
{
	size_t bytes = 0, i;

	p[0] = tag;
	if (n < 0x80) {
		p[1] = (uint8_t)n;
		return 2;
	}
	while (bytes < sizeof(n) && n >> (8 * bytes) != 0)
		bytes++;
	p[1] = (uint8_t)(0x80 | bytes);
	for (i = 0; i < bytes; i++)
		p[2 + i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
	return 2 + bytes;
}

/* An INTEGER's content: no leading zeros but where the sign needs one. */
static struct bytes
integer(const uint8_t *p, size_t n)
{
	while (n > 1 && p[0] == 0 && (p[1] & 0x80) == 0) {
		p++;
		n--;
	}
	return (struct bytes){ p, n };
}

static void
put_extension(
    struct buf *b, struct bytes oid, bool critical, uint8_t tag, struct bytes v)
{
	size_t value, at = der_begin(b, DER_SEQUENCE);

	der_put(b, DER_OID, oid);
	if (critical)
		buf_put(b, BYTES_OF(TRUE_DER));
	value = der_begin(b, DER_OCTET_STRING);
	der_put(b, tag, v);
	der_end(b, value);
	der_end(b, at);
}

/* One of revokedCertificates. */
static void
put_entry(struct buf *b, const struct crl_revoked *r)
{
	uint8_t serial[1 + CRL_SERIAL_BYTES] = { 0 }, reason;
	size_t list, at = der_begin(b, DER_SEQUENCE);

	memcpy(serial + 1, r->serial, CRL_SERIAL_BYTES);
	der_put(b, DER_INTEGER, integer(serial, sizeof(serial)));
	der_put_time(b, r->revoked_at);
	if (r->reason != 0) {
		reason = (uint8_t)r->reason;
		list = der_begin(b, DER_SEQUENCE);
		put_extension(b, BYTES_OF(OID_REASON), false, DER_ENUMERATED,
		    (struct bytes){ &reason, 1 });
		der_end(b, list);
	}
	der_end(b, at);
}

static void
put_number(struct buf *b, struct bytes oid, bool critical, uint64_t number)
{
	uint8_t v[9] = { 0 };
	size_t i;

	for (i = 0; i < 8; i++)
		v[8 - i] = (uint8_t)(number >> (8 * i));
	put_extension(b, oid, critical, DER_INTEGER, integer(v, sizeof(v)));
}

static void
put_authority(struct buf *b, const struct signer *ca)
{
	struct buf key;

	if (ca->key_id.n == 0)
		return;
	buf_init(&key, b->arena, AROUND_MOST);
	der_put(&key, DER_CONTEXT(0), ca->key_id);
	must(!key.overflow);
	put_extension(b, BYTES_OF(OID_AUTHORITY_KEY_ID), false, DER_SEQUENCE,
	    (struct bytes){ key.p, key.n });
}

/* A DistributionPointName that is a fullName, one URL. */
static void
put_point_name(struct buf *b, const char *url)
{
	size_t name = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));
	size_t full = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));

	der_put_str(b, NAME_URI, url);
	der_end(b, full);
	der_end(b, name);
}

/* issuingDistributionPoint, always critical (section 5.2.5). */
static void
put_point(struct buf *b, const char *url)
{
	struct buf v;

	if (url == NULL)
		return;
	buf_init(&v, b->arena, AROUND_MOST);
	put_point_name(&v, url);
	must(!v.overflow);
	put_extension(b, BYTES_OF(OID_POINT), true, DER_SEQUENCE,
	    (struct bytes){ v.p, v.n });
}

/* freshestCRL: one DistributionPoint (section 5.2.6). */
static void
put_freshest(struct buf *b, const char *url)
{
	struct buf v;
	size_t point;

	if (url == NULL)
		return;
	buf_init(&v, b->arena, AROUND_MOST);
	point = der_begin(&v, DER_SEQUENCE);
	put_point_name(&v, url);
	der_end(&v, point);
	must(!v.overflow);
	put_extension(b, BYTES_OF(OID_FRESHEST), false, DER_SEQUENCE,
	    (struct bytes){ v.p, v.n });
}

static void
put_extensions(
    struct buf *b, const struct signer *ca, const struct crl_spec *spec)
{
	size_t list, outer = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));

	list = der_begin(b, DER_SEQUENCE);
	put_authority(b, ca);
	put_number(b, BYTES_OF(OID_CRL_NUMBER), false, spec->number);
	if (spec->base != 0)
		put_number(b, BYTES_OF(OID_DELTA), true, spec->base);
	put_point(b, spec->point);
	put_freshest(b, spec->freshest);
	der_end(b, list);
	der_end(b, outer);
}

/* The entries at p, which has room; how many bytes. */
static size_t
put_entries(uint8_t *p, const struct crl_spec *spec)
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct buf b;
	size_t i, n = 0;

	buf_init(&b, a, AROUND_MOST);
	for (i = 0; i < spec->n; i++) {
		b.n = 0;
		put_entry(&b, &spec->v[i]);
		must(!b.overflow && b.n <= ENTRY_MOST);
		memcpy(p + n, b.p, b.n);
		n += b.n;
	}
	return n;
}

/* What is signed, in *out, which has room; how many bytes.  Heads come
 * before what they tell the length of, so the parts are moved together. */
static size_t
put_tbs(uint8_t *out, const struct signer *ca, const struct crl_spec *spec)
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	uint8_t *entries = mem_raw(spec->n * ENTRY_MOST + 1), head[16];
	size_t entries_n = put_entries(entries, spec), head_n = 0, n;
	struct buf before, after;

	buf_init(&before, a, AROUND_MOST);
	buf_put(&before, BYTES_OF(VERSION_2));
	buf_put(&before, ca->algorithm);
	buf_put(&before, ca->name);
	der_put_time(&before, spec->this_update);
	der_put_time(&before, spec->next_update);
	buf_init(&after, a, AROUND_MOST);
	put_extensions(&after, ca, spec);
	must(!before.overflow && !after.overflow);
	/* An empty list is left out (section 5.1.2.6). */
	if (entries_n > 0)
		head_n = put_head(head, DER_SEQUENCE, entries_n);
	n = put_head(
	    out, DER_SEQUENCE, before.n + head_n + entries_n + after.n);
	memcpy(out + n, before.p, before.n);
	n += before.n;
	memcpy(out + n, head, head_n);
	n += head_n;
	memcpy(out + n, entries, entries_n);
	n += entries_n;
	memcpy(out + n, after.p, after.n);
	mem_free(entries);
	return n + after.n;
}

struct bytes
crl_sign(const struct signer *ca, const struct crl_spec *spec)
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	uint8_t *tbs = mem_raw(spec->n * ENTRY_MOST + AROUND_MOST), *out;
	uint8_t sig[SIGNATURE_MAX];
	size_t n, tbs_n = put_tbs(tbs, ca, spec);
	struct buf tail;

	n = signer_sign(ca, (struct bytes){ tbs, tbs_n }, sig);
	buf_init(&tail, a, AROUND_MOST);
	buf_put(&tail, ca->algorithm);
	der_put_bits(&tail, (struct bytes){ sig, n });
	must(!tail.overflow);
	out = mem_raw(16 + tbs_n + tail.n);
	n = put_head(out, DER_SEQUENCE, tbs_n + tail.n);
	memcpy(out + n, tbs, tbs_n);
	n += tbs_n;
	memcpy(out + n, tail.p, tail.n);
	mem_free(tbs);
	return (struct bytes){ out, n + tail.n };
}

/* Takes a head, whose content may be cut off. */
static bool
enter(struct bytes *in)
{
	size_t n;

	if (in->n < 2 || in->p[0] != DER_SEQUENCE)
		return false;
	n = 2u + ((in->p[1] & 0x80) != 0 ? in->p[1] & 0x7fu : 0u);
	if (n > in->n)
		return false;
	*in = (struct bytes){ in->p + n, in->n - n };
	return true;
}

int
crl_issuer_of(const struct signers *s, struct bytes cert_head)
{
	struct bytes skip, issuer;
	const struct signer *ca;
	int i;

	if (!enter(&cert_head) || !enter(&cert_head) ||
	    !der_take(&cert_head, DER_CONTEXT_CONSTRUCTED(0), &skip) ||
	    !der_take(&cert_head, DER_INTEGER, &skip) ||
	    !der_take(&cert_head, DER_SEQUENCE, &skip) ||
	    !der_take_whole(&cert_head, DER_SEQUENCE, &issuer))
		return -1;
	for (i = 0; (ca = signers_at(s, (size_t)i)) != NULL; i++)
		if (bytes_eq(issuer, ca->name))
			return i;
	return -1;
}
