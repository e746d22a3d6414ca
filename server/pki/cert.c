#include "pki/cert.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/der.h"
#include "pki/digest.h"
#include "pki/ext.h"
#include "pki/key_internal.h"
#include "pki/name.h"
#include "pki/pem.h"
#include "pki/sigalg.h"

#define POINT_MAX 133 /* a point of P-521, the largest named curve */

const struct err ERR_BAD_CERT = { KIND_INVALID, "bad-certificate",
	"The certificate is malformed or not of an accepted kind." };
const struct err ERR_BAD_ANCHOR = { KIND_INVALID, "bad-anchor",
	"This certificate cannot be a trust anchor: it must be a CA "
	"certificate of the manufacturer, valid now, with a strong key and "
	"signature." };

/* The parts of a TBSCertificate (RFC 5280 section 4.1) as slices. */
struct parts {
	struct bytes serial, algorithm, issuer, subject, spki, extensions;
	int64_t not_before, not_after;
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_CERT, "certificate: %s", reason);
}

/* version [0], explicit: v3 is 2. */
static bool
take_version3(struct bytes *tbs)
{
	struct bytes v;
	unsigned version;

	return der_take(tbs, DER_CONTEXT_CONSTRUCTED(0), &v) &&
	       der_take_small(&v, &version) && v.n == 0 && version == 2;
}

/* A positive serial number of at most 20 bytes (section 4.1.2.2). */
static bool
take_serial(struct bytes *tbs, struct bytes *serial)
{
	if (!der_take(tbs, DER_INTEGER, serial) || serial->n < 1 ||
	    serial->p[0] >= 0x80)
		return false;
	if (serial->p[0] == 0) {
		if (serial->n < 2 || serial->p[1] < 0x80)
			return false;
		serial->p++;
		serial->n--;
	}
	return serial->n <= 20;
}

static bool
take_validity(struct bytes *tbs, struct parts *p)
{
	struct bytes seq;

	return der_take(tbs, DER_SEQUENCE, &seq) &&
	       der_take_time(&seq, &p->not_before) &&
	       der_take_time(&seq, &p->not_after) && seq.n == 0 &&
	       p->not_before <= p->not_after;
}

/* issuerUniqueID [1] and subjectUniqueID [2] are skipped: section 4.1.2.8
 * asks that they be readable, and nothing uses them. */
static bool
take_tail(struct bytes *tbs, struct bytes *extensions)
{
	struct bytes skip;

	if (der_at(*tbs, DER_CONTEXT(1)) &&
	    !der_take(tbs, DER_CONTEXT(1), &skip))
		return false;
	if (der_at(*tbs, DER_CONTEXT(2)) &&
	    !der_take(tbs, DER_CONTEXT(2), &skip))
		return false;
	*extensions = BYTES_NONE;
	if (tbs->n > 0 &&
	    !der_take(tbs, DER_CONTEXT_CONSTRUCTED(3), extensions))
		return false;
	return tbs->n == 0;
}

static bool
split(struct bytes der, struct parts *p)
{
	struct bytes cert, tbs, outer, sig;

	if (!der_take(&der, DER_SEQUENCE, &cert) || der.n != 0 ||
	    !der_take(&cert, DER_SEQUENCE, &tbs) ||
	    !der_take_whole(&cert, DER_SEQUENCE, &outer) ||
	    !der_take_bits(&cert, &sig) || cert.n != 0)
		return false;
	/* The signed and the unsigned algorithm agree (section 4.1.1.2). */
	return take_version3(&tbs) && take_serial(&tbs, &p->serial) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &p->algorithm) &&
	       bytes_eq(p->algorithm, outer) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &p->issuer) &&
	       take_validity(&tbs, p) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &p->subject) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &p->spki) &&
	       take_tail(&tbs, &p->extensions);
}

/* Dotted text of an OID; OpenSSL does the arithmetic of long numbers. */
static const char *
oid_text(struct arena *a, struct bytes oid)
{
	uint8_t der[66] = { DER_OID, (uint8_t)oid.n };
	const unsigned char *p = der;
	AUTO(ASN1_OBJECT) *obj = NULL;
	char text[256];

	must(oid.n <= 64);
	memcpy(der + 2, oid.p, oid.n);
	obj = d2i_ASN1_OBJECT(NULL, &p, (long)oid.n + 2);
	if (obj == NULL ||
	    OBJ_obj2txt(text, sizeof(text), obj, 1) >= (int)sizeof(text))
		return "(unreadable)";
	return arena_strdup(a, text);
}

static bool
read_san(struct arena *a, struct bytes value, struct cert *out)
{
	struct ext_san san;

	if (!ext_san(value, &san))
		return false;
	out->n_san = san.n;
	out->san = value;
	out->n_uri = san.n_uri;
	out->n_dns = san.n_dns;
	if (san.n_uri == 1)
		out->uri = bytes_to_str(a, san.uri);
	return true;
}

static bool
read_key_usage(struct bytes value, struct cert *out)
{
	struct ext_key_usage ku;

	if (!ext_key_usage(value, &ku))
		return false;
	out->has_ku = true;
	out->ku_digital_signature = ku.digital_signature;
	out->ku_cert_sign = ku.cert_sign;
	out->ku_key_encipherment = ku.key_encipherment;
	out->ku_key_agreement = ku.key_agreement;
	return true;
}

static bool
read_eku(struct bytes value, struct cert *out)
{
	struct ext_eku eku;

	if (!ext_eku(value, &eku))
		return false;
	out->has_eku = true;
	out->eku_client = eku.client;
	out->eku_server = eku.server;
	out->eku_cmc_ra = eku.cmc_ra;
	out->eku_any = eku.any;
	out->eku_other = eku.other;
	out->eku_ek = eku.ek;
	return true;
}

static bool
read_extension(struct arena *a, const struct ext *e, struct cert *out)
{
	switch (e->id) {
	case EXT_BASIC_CONSTRAINTS:
		return ext_basic_constraints(e->value, &out->is_ca);
	case EXT_KEY_USAGE:
		return read_key_usage(e->value, out);
	case EXT_EXTENDED_KEY_USAGE:
		return read_eku(e->value, out);
	case EXT_SUBJECT_ALT_NAME:
		out->san_critical = e->critical;
		return read_san(a, e->value, out);
	case EXT_POLICIES:
		return ext_policies(e->value);
	case EXT_SUBJECT_KEY_ID:
		return ext_subject_key_id(e->value);
	case EXT_NS_CERT_TYPE:
	case EXT_UNKNOWN:
		break;
	}
	/* Critical ones that nobody knows are pki/chain's to refuse. */
	return true;
}

static const struct err *
read_extensions(struct ctx *cx, struct bytes der, struct cert *out)
{
	struct ext_list list;
	size_t i;

	if (der.p == NULL)
		return NULL;
	if (!ext_list_parse(der, &list))
		return bad(cx, "extensions malformed or repeated "
			       "(RFC 5280 section 4.2)");
	for (i = 0; i < list.n; i++)
		if (!read_extension(cx->arena, &list.v[i], out))
			return fail(cx, &ERR_BAD_CERT,
			    "certificate: malformed extension %s",
			    oid_text(cx->arena, list.v[i].oid));
	return NULL;
}

static const struct err *
read_names(struct ctx *cx, const struct parts *p, struct cert *out)
{
	struct name subject, issuer;

	if (!name_parse(cx->arena, p->subject, &subject) ||
	    !name_parse(cx->arena, p->issuer, &issuer))
		return bad(cx, "name malformed, with a repeated CN or "
			       "serialNumber, or with hidden characters");
	out->subject_der = p->subject;
	out->subject = name_text(cx->arena, p->subject);
	out->cn = subject.cn;
	out->subject_serial = subject.serial;
	digest_sha256(p->subject, out->subject_sha256);
	digest_sha256(p->issuer, out->issuer_sha256);
	return NULL;
}

const struct err *
cert_parse(struct ctx *cx, struct bytes der, struct cert *out)
{
	struct key_facts key;
	const struct err *e;
	struct parts p;

	*out = (struct cert){ .n_uri = 0 };
	if (der.n > LIMIT_CERT)
		return bad(cx, "longer than the limit");
	out->der = bytes_dup(cx->arena, der);
	if (!split(out->der, &p))
		return bad(cx, "not one version 3 certificate in DER "
			       "(RFC 5280 section 4.1)");
	e = key_parse_form(cx, p.spki, &key);
	if (e != NULL)
		return e;
	out->serial = p.serial;
	out->spki = p.spki;
	out->not_before = p.not_before;
	out->not_after = p.not_after;
	out->strong_signature = sigalg_find(p.algorithm) != NULL;
	digest_sha256(out->der, out->sha256);
	memcpy(out->key_sha256, key.sha256, sizeof(out->key_sha256));
	e = read_names(cx, &p, out);
	return e != NULL ? e : read_extensions(cx, p.extensions, out);
}

static bool
begins(struct bytes b, struct bytes with)
{
	return b.n >= with.n && bytes_eq((struct bytes){ b.p, with.n }, with);
}

/* RSAPublicKey (RFC 8017 appendix A.1.1): what verifying costs grows with the
 * square of the modulus and with the exponent, which may be as long. */
static bool
rsa_is_bounded(struct bytes key)
{
	struct bytes seq, n, e;

	return der_take(&key, DER_SEQUENCE, &seq) && key.n == 0 &&
	       der_take(&seq, DER_INTEGER, &n) &&
	       der_take(&seq, DER_INTEGER, &e) && seq.n == 0 &&
	       n.n <= LIMIT_RSA_BITS / 8 + 1 && e.n <= 4;
}

bool
cert_key_is_bounded(struct bytes der)
{
	/* PKCS #1 (RFC 8017 appendix C), id-ecPublicKey (RFC 5480 section
	 * 2.1.1), Edwards curves (RFC 8410 section 3). */
	static const uint8_t pkcs1[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
		0x01, 0x01 };
	static const uint8_t ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
		0x01 };
	static const uint8_t edwards[] = { 0x2b, 0x65 };
	struct bytes cert, tbs, spki, algorithm, oid, key;
	struct der_item it;
	int skip;

	if (der.n > LIMIT_CERT || !der_take(&der, DER_SEQUENCE, &cert) ||
	    der.n != 0 || !der_take(&cert, DER_SEQUENCE, &tbs))
		return false;
	/* serialNumber, signature, issuer, validity, subject; and the version,
	 * unless it is 1. */
	skip = der_at(tbs, DER_CONTEXT_CONSTRUCTED(0)) ? 6 : 5;
	for (; skip > 0; skip--)
		if (!der_next(&tbs, &it))
			return false;
	if (!der_take(&tbs, DER_SEQUENCE, &spki) ||
	    !der_take(&spki, DER_SEQUENCE, &algorithm) ||
	    !der_take_oid(&algorithm, &oid) || !der_take_bits(&spki, &key))
		return false;
	if (begins(oid, BYTES_OF(pkcs1)))
		return rsa_is_bounded(key);
	return key.n <= POINT_MAX &&
	       (bytes_eq(oid, BYTES_OF(ec)) || begins(oid, BYTES_OF(edwards)));
}

const struct err *
cert_parse_x509(struct ctx *cx, void *x509, struct cert *out)
{
	unsigned char *der = NULL;
	const struct err *e;
	int n = i2d_X509(x509, &der);

	if (n <= 0) {
		ERR_clear_error();
		return bad(cx, "cannot be encoded");
	}
	e = cert_parse(cx, (struct bytes){ der, (size_t)n }, out);
	OPENSSL_free(der);
	return e;
}

const struct err *
cert_read_pem(
    struct ctx *cx, struct bytes pem, struct bytes *ders, size_t max, size_t *n)
{
	enum pem_result r;
	struct bytes der;

	*n = 0;
	if (pem.n > 4 * max * LIMIT_CERT)
		return bad(cx, "PEM text longer than the limit");
	while (
	    (r = pem_next(cx->arena, &pem, "CERTIFICATE", &der)) == PEM_BLOCK) {
		if (*n == max)
			return bad(cx, "too many PEM blocks");
		ders[(*n)++] = der;
	}
	if (r == PEM_BAD || *n == 0)
		return bad(cx, "no CERTIFICATE block, a broken one, or one of "
			       "another kind (RFC 7468)");
	return NULL;
}

const char *
cert_pem(struct ctx *cx, struct bytes der)
{
	return pem_text(cx->arena, "CERTIFICATE", der);
}

const struct err *
cert_check_anchor(struct ctx *cx, const struct cert *c,
    const struct cert *const own[], size_t n)
{
	size_t i;

	if (!c->is_ca || (c->has_ku && !c->ku_cert_sign))
		return fail(cx, &ERR_BAD_ANCHOR,
		    "anchor: not a CA certificate (basicConstraints CA and "
		    "keyCertSign)");
	if (!c->strong_signature)
		return fail(cx, &ERR_BAD_ANCHOR,
		    "anchor: signed with a weak or unknown algorithm");
	if (cx->now < c->not_before || cx->now > c->not_after)
		return fail(
		    cx, &ERR_BAD_ANCHOR, "anchor: expired or not yet valid");
	for (i = 0; i < n; i++)
		if (bytes_eq(
			BYTES_OF(c->key_sha256), BYTES_OF(own[i]->key_sha256)))
			return fail(cx, &ERR_BAD_ANCHOR,
			    "anchor: a CA of this service (A11)");
	return NULL;
}
