#include "pki/leaf.h"

#include "base/limits.h"
#include "base/mem.h"
#include "pki/der_put.h"
#include "pki/digest.h"
#include "pki/signer_internal.h"

/* Contents of OBJECT IDENTIFIERs: id-ce (RFC 5280 section 4.2.1) and id-at
 * (X.520) end in one byte that tells them apart. */
#define OID_CE(n) ((const uint8_t[]){ 0x55, 0x1d, (n) })
#define OID_AT(n) ((const uint8_t[]){ 0x55, 0x04, (n) })
#define CE_SUBJECT_KEY_ID 14
#define CE_KEY_USAGE 15
#define CE_SUBJECT_ALT_NAME 17
#define CE_CRL_POINTS 31
#define CE_POLICIES 32
#define CE_AUTHORITY_KEY_ID 35
#define CE_EXTENDED_KEY_USAGE 37

/* id-pe-authorityInfoAccess, id-ad-ocsp, id-ad-caIssuers (section 4.2.2.1) */
static const uint8_t OID_INFO_ACCESS[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
	0x01, 0x01 };
static const uint8_t OID_OCSP[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30,
	0x01 };
static const uint8_t OID_CA_ISSUERS[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
	0x30, 0x02 };

/* Critical, digitalSignature alone. */
static const uint8_t KEY_USAGE[] = { 0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d,
	CE_KEY_USAGE, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80 };
static const uint8_t VERSION_3[] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };

/* id-pkix-ocsp-nocheck, whose value is NULL (RFC 6960 section 4.2.2.2.1) */
static const uint8_t OID_NOCHECK[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30,
	0x01, 0x05 };

/* Names of RFC 5280 section 4.2.1.6. */
#define NAME_DNS DER_CONTEXT(2)
#define NAME_URI DER_CONTEXT(6)
#define NAME_ADDRESS DER_CONTEXT(7)

/* An extension that was begun: its whole and its value. */
struct open_ext {
	size_t whole, value;
};

static struct open_ext
ext_begin(struct buf *b, struct bytes oid, bool critical)
{
	static const uint8_t yes = 0xff;
	struct open_ext e;

	e.whole = der_begin(b, DER_SEQUENCE);
	der_put(b, DER_OID, oid);
	if (critical)
		der_put(b, DER_BOOLEAN, (struct bytes){ &yes, 1 });
	e.value = der_begin(b, DER_OCTET_STRING);
	return e;
}

static void
ext_end(struct buf *b, struct open_ext e)
{
	der_end(b, e.value);
	der_end(b, e.whole);
}

static struct open_ext
ce_begin(struct buf *b, uint8_t n)
{
	return ext_begin(b, (struct bytes){ OID_CE(n), 3 }, false);
}

/* The attributes that templates may name.  Directory strings are UTF8String;
 * country and serial number must be PrintableString (appendix A.1). */
static const struct {
	const char *attr;
	uint8_t id, tag;
} ATTRIBUTES[] = {
	{ "CN", 3, DER_UTF8 },
	{ "serialNumber", 5, DER_PRINTABLE },
	{ "C", 6, DER_PRINTABLE },
	{ "L", 7, DER_UTF8 },
	{ "ST", 8, DER_UTF8 },
	{ "O", 10, DER_UTF8 },
	{ "OU", 11, DER_UTF8 },
};

static void
put_attribute(struct buf *b, const struct subject_value *v)
{
	size_t i = 0, set, seq;

	while (strcmp(ATTRIBUTES[i].attr, v->attr) != 0)
		must(++i < sizeof(ATTRIBUTES) / sizeof(ATTRIBUTES[0]));
	set = der_begin(b, DER_SET);
	seq = der_begin(b, DER_SEQUENCE);
	der_put(b, DER_OID, (struct bytes){ OID_AT(ATTRIBUTES[i].id), 3 });
	der_put_str(b, ATTRIBUTES[i].tag, v->value);
	der_end(b, seq);
	der_end(b, set);
}

static void
put_subject(struct buf *b, const struct leaf *l)
{
	size_t i, at = der_begin(b, DER_SEQUENCE);

	for (i = 0; i < l->n_subject; i++)
		put_attribute(b, &l->subject[i]);
	der_end(b, at);
}

static void
put_validity(struct buf *b, const struct leaf *l)
{
	size_t at = der_begin(b, DER_SEQUENCE);

	der_put_time(b, l->not_before);
	der_put_time(b, l->not_after);
	der_end(b, at);
}

static void
put_purposes(struct buf *b, const struct leaf *l)
{
	struct open_ext e = ce_begin(b, CE_EXTENDED_KEY_USAGE);
	size_t i, at = der_begin(b, DER_SEQUENCE);

	for (i = 0; l->eku[i] != NULL; i++)
		der_put_oid(b, l->eku[i]);
	der_end(b, at);
	ext_end(b, e);
}

/* RFC 7093 section 2, method 1: the first 160 bits of the key's SHA-256. */
static void
put_subject_key_id(struct buf *b, struct bytes spki)
{
	struct open_ext e = ce_begin(b, CE_SUBJECT_KEY_ID);
	struct bytes seq, algorithm, key;
	uint8_t hash[SHA256_BYTES];

	must(der_take(&spki, DER_SEQUENCE, &seq) &&
	     der_take(&seq, DER_SEQUENCE, &algorithm) &&
	     der_take_bits(&seq, &key));
	digest_sha256(key, hash);
	der_put(b, DER_OCTET_STRING, (struct bytes){ hash, 20 });
	ext_end(b, e);
}

static void
put_authority_key_id(struct buf *b, struct bytes key_id)
{
	struct open_ext e;
	size_t at;

	if (key_id.n == 0)
		return;
	e = ce_begin(b, CE_AUTHORITY_KEY_ID);
	at = der_begin(b, DER_SEQUENCE);
	der_put(b, DER_CONTEXT(0), key_id);
	der_end(b, at);
	ext_end(b, e);
}

static void
put_alt_names(struct buf *b, const struct leaf *l)
{
	const char *const *name;
	struct open_ext e;
	uint8_t ip[16];
	size_t at, n;

	if (l->uri == NULL && (l->names == NULL || *l->names == NULL))
		return;
	/* The only name there is has to be understood (section 4.2.1.6). */
	e = ext_begin(b, (struct bytes){ OID_CE(CE_SUBJECT_ALT_NAME), 3 },
	    l->n_subject == 0);
	at = der_begin(b, DER_SEQUENCE);
	if (l->uri != NULL)
		der_put_str(b, NAME_URI, l->uri);
	for (name = l->names; name != NULL && *name != NULL; name++) {
		n = build_address(*name, ip);
		if (n > 0)
			der_put(b, NAME_ADDRESS, (struct bytes){ ip, n });
		else
			der_put_str(b, NAME_DNS, *name);
	}
	der_end(b, at);
	ext_end(b, e);
}

static void
put_policies(struct buf *b, const struct leaf *l)
{
	const char *const *oid = l->policies;
	struct open_ext e;
	size_t at, info;

	if (oid == NULL || *oid == NULL)
		return;
	e = ce_begin(b, CE_POLICIES);
	at = der_begin(b, DER_SEQUENCE);
	for (; *oid != NULL; oid++) {
		info = der_begin(b, DER_SEQUENCE);
		der_put_oid(b, *oid);
		der_end(b, info);
	}
	der_end(b, at);
	ext_end(b, e);
}

static void
put_access(struct buf *b, struct bytes method, const char *url)
{
	size_t at;

	if (url == NULL)
		return;
	at = der_begin(b, DER_SEQUENCE);
	der_put(b, DER_OID, method);
	der_put_str(b, NAME_URI, url);
	der_end(b, at);
}

static void
put_info_access(struct buf *b, const struct leaf *l)
{
	struct open_ext e;
	size_t at;

	if (l->ocsp_url == NULL && l->ca_issuers_url == NULL)
		return;
	e = ext_begin(b, BYTES_OF(OID_INFO_ACCESS), false);
	at = der_begin(b, DER_SEQUENCE);
	put_access(b, BYTES_OF(OID_OCSP), l->ocsp_url);
	put_access(b, BYTES_OF(OID_CA_ISSUERS), l->ca_issuers_url);
	der_end(b, at);
	ext_end(b, e);
}

/* One DistributionPoint with a fullName (section 4.2.1.13). */
static void
put_crl_point(struct buf *b, const struct leaf *l)
{
	size_t points, point, name, full;
	struct open_ext e;

	if (l->crl_url == NULL)
		return;
	e = ce_begin(b, CE_CRL_POINTS);
	points = der_begin(b, DER_SEQUENCE);
	point = der_begin(b, DER_SEQUENCE);
	name = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));
	full = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));
	der_put_str(b, NAME_URI, l->crl_url);
	der_end(b, full);
	der_end(b, name);
	der_end(b, point);
	der_end(b, points);
	ext_end(b, e);
}

static void
put_nocheck(struct buf *b, const struct leaf *l)
{
	struct open_ext e;

	if (!l->nocheck)
		return;
	e = ext_begin(b, BYTES_OF(OID_NOCHECK), false);
	der_put(b, DER_NULL, BYTES_NONE);
	ext_end(b, e);
}

static void
put_extensions(struct buf *b, const struct leaf *l, struct bytes issuer_key_id)
{
	size_t outer = der_begin(b, DER_CONTEXT_CONSTRUCTED(3));
	size_t at = der_begin(b, DER_SEQUENCE);

	buf_put(b, BYTES_OF(KEY_USAGE));
	put_purposes(b, l);
	put_subject_key_id(b, l->spki);
	put_authority_key_id(b, issuer_key_id);
	put_alt_names(b, l);
	put_policies(b, l);
	put_info_access(b, l);
	put_crl_point(b, l);
	put_nocheck(b, l);
	der_end(b, at);
	der_end(b, outer);
}

void
leaf_put(struct buf *b, const struct leaf *l, const struct signer *issuer)
{
	size_t at = der_begin(b, DER_SEQUENCE);

	buf_put(b, BYTES_OF(VERSION_3));
	der_put(b, DER_INTEGER, BYTES_OF(l->serial));
	buf_put(b, issuer->algorithm);
	buf_put(b, issuer->name);
	put_validity(b, l);
	put_subject(b, l);
	buf_put(b, l->spki);
	put_extensions(b, l, issuer->key_id);
	der_end(b, at);
}

/* Certificate ::= SEQUENCE { what is signed, how, signature }. */
struct bytes
leaf_sign(struct ctx *cx, const struct leaf *l, const struct signer *issuer)
{
	uint8_t sig[SIGNATURE_MAX];
	struct bytes out;
	struct buf b;
	size_t at, tbs;

	buf_init(&b, cx->arena, LIMIT_CERT);
	at = der_begin(&b, DER_SEQUENCE);
	tbs = b.n;
	leaf_put(&b, l, issuer);
	must(!b.overflow);
	out = (struct bytes){ b.p + tbs, b.n - tbs };
	out = (struct bytes){ sig, signer_sign(issuer, out, sig) };
	buf_put(&b, issuer->algorithm);
	der_put_bits(&b, out);
	der_end(&b, at);
	must(buf_bytes(&b, &out));
	return out;
}
