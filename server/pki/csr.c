#include "pki/csr.h"

#include "base/limits.h"
#include "base/mem.h"
#include "pki/der.h"
#include "pki/der_put.h"
#include "pki/ext.h"
#include "pki/key_internal.h"
#include "pki/name.h"
#include "pki/sigalg.h"

#define MAX_ATTRIBUTES 16

const struct err ERR_BAD_CSR = { KIND_INVALID, "bad-csr",
	"The certificate request is malformed, or its signature is not by its "
	"own key." };
const struct err ERR_CSR_POLICY = { KIND_INVALID, "csr-policy",
	"The certificate request asks for what is not given: a CA, a server, "
	"a wildcard name, a weak hash, or an unknown critical extension." };
const struct err ERR_CSR_KEY = { KIND_FORBIDDEN, "key-not-allowed",
	"Keys of this kind or length are not certified here: use P-256, "
	"P-384, Ed25519, or RSA of 2048 to 4096 bits with exponent 65537." };

/* extensionRequest (RFC 2985 section 5.4.2), and Microsoft's older OID for
 * the same thing. */
static const uint8_t OID_EXTENSION_REQUEST[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
	0x0d, 0x01, 0x09, 0x0e };
static const uint8_t OID_MS_EXTENSION_REQUEST[] = { 0x2b, 0x06, 0x01, 0x04,
	0x01, 0x82, 0x37, 0x02, 0x01, 0x0e };
/* challengePassword (RFC 2985 section 5.4.1). */
static const uint8_t OID_CHALLENGE[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
	0x01, 0x09, 0x07 };

/* id-aa-decryptKeyID and id-aa-asymmDecryptKeyID (RFC 7030 section 4.4.1),
 * smimeCapabilities (RFC 8551 section 2.5.2). */
static const uint8_t OID_SHARED_KEY[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
	0x01, 0x09, 0x10, 0x02, 0x25 };
static const uint8_t OID_CLIENT_KEY[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
	0x01, 0x09, 0x10, 0x02, 0x36 };
static const uint8_t OID_CAPABILITIES[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
	0x01, 0x09, 0x0f };

/* ChangeSubjectName, 1.3.6.1.5.5.7.7.36 (RFC 6402 section 2.8). */
static const uint8_t OID_NAME_WISH[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
	0x07, 0x24 };

/* CertificationRequest (RFC 2986 section 4) as slices. */
struct parts {
	struct bytes info, subject, spki, attributes, algorithm, signature;
};

static bool
split(struct bytes der, struct parts *p)
{
	struct bytes req, info;
	unsigned version;

	if (!der_take(&der, DER_SEQUENCE, &req) || der.n != 0 ||
	    !der_take_whole(&req, DER_SEQUENCE, &p->info) ||
	    !der_take_whole(&req, DER_SEQUENCE, &p->algorithm) ||
	    !der_take_bits(&req, &p->signature) || req.n != 0)
		return false;
	der = p->info;
	return der_take(&der, DER_SEQUENCE, &info) &&
	       der_take_small(&info, &version) && version == 0 &&
	       der_take_whole(&info, DER_SEQUENCE, &p->subject) &&
	       der_take_whole(&info, DER_SEQUENCE, &p->spki) &&
	       der_take(&info, DER_CONTEXT_CONSTRUCTED(0), &p->attributes) &&
	       info.n == 0;
}

static const struct err *
policy(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_CSR_POLICY, "csr: asks for %s", reason);
}

static const struct err *
judge_extension(struct ctx *cx, const struct ext *e)
{
	struct ext_key_usage ku = { .cert_sign = false };
	struct ext_eku eku = { .client = false };
	struct ext_san san = { .n = 0 };
	bool ca = false, ok = true;

	switch (e->id) {
	case EXT_BASIC_CONSTRAINTS:
		ok = ext_basic_constraints(e->value, &ca);
		break;
	case EXT_KEY_USAGE:
		ok = ext_key_usage(e->value, &ku);
		break;
	case EXT_EXTENDED_KEY_USAGE:
		ok = ext_eku(e->value, &eku);
		break;
	case EXT_SUBJECT_ALT_NAME:
		ok = ext_san(e->value, &san);
		break;
	case EXT_SUBJECT_KEY_ID:
		ok = ext_subject_key_id(e->value);
		break;
	case EXT_NS_CERT_TYPE:
		ok = ext_ns_cert_type(e->value);
		break;
	case EXT_POLICIES:
	case EXT_UNKNOWN:
		if (e->critical)
			return policy(cx, "an unknown critical extension");
		break;
	}
	if (!ok)
		return fail(cx, &ERR_BAD_CSR, "csr: malformed extension");
	if (ca || ku.cert_sign)
		return policy(cx, "a CA certificate");
	if (eku.server || eku.any)
		return policy(cx, "serverAuth or anyExtendedKeyUsage");
	return san.wildcard ? policy(cx, "a wildcard name") : NULL;
}

static const struct err *
judge_extensions(struct ctx *cx, struct bytes der, unsigned *asked)
{
	struct ext_list list;
	const struct err *e;
	size_t i;

	if (!ext_list_parse(der, &list))
		return fail(cx, &ERR_BAD_CSR,
		    "csr: extensions malformed or repeated (RFC 2985 "
		    "section 5.4.2)");
	for (i = 0; i < list.n; i++) {
		e = judge_extension(cx, &list.v[i]);
		if (e != NULL)
			return e;
		*asked |= 1u << list.v[i].id;
	}
	return NULL;
}

static bool
is_extension_request(struct bytes oid)
{
	return bytes_eq(oid, BYTES_OF(OID_EXTENSION_REQUEST)) ||
	       bytes_eq(oid, BYTES_OF(OID_MS_EXTENSION_REQUEST));
}

/* Those that are read here: each of them is SINGLE VALUE where it is defined
 * (RFC 2985 section 5.4, RFC 8551 section 2.5.2, RFC 6402 section 2.8). */
static bool
is_read(struct bytes oid)
{
	static const struct bytes single[] = { BYTES_OF(OID_CHALLENGE),
		BYTES_OF(OID_SHARED_KEY), BYTES_OF(OID_CLIENT_KEY),
		BYTES_OF(OID_CAPABILITIES), BYTES_OF(OID_NAME_WISH) };
	size_t i;

	for (i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (bytes_eq(oid, single[i]))
			return true;
	return is_extension_request(oid) || csr_evidence_is(oid);
}

/* One attribute and its first value.  One that nobody here reads may have
 * more of them (RFC 2986 section 4.1). */
static bool
take_attribute(struct bytes *in, struct bytes *oid, struct der_item *value)
{
	struct bytes seq, set;
	struct der_item more;

	if (!der_take(in, DER_SEQUENCE, &seq) || !der_take_oid(&seq, oid) ||
	    !der_take(&seq, DER_SET, &set) || seq.n != 0 ||
	    !der_next(&set, value))
		return false;
	if (set.n > 0 && is_read(*oid))
		return false;
	while (set.n > 0)
		if (!der_next(&set, &more))
			return false;
	return true;
}

static const struct err *
judge_attribute(struct ctx *cx, struct bytes oid, const struct der_item *value,
    struct csr *out)
{
	if (is_extension_request(oid))
		return judge_extensions(cx, value->whole, &out->extensions);
	if (bytes_eq(oid, BYTES_OF(OID_CHALLENGE))) {
		out->has_challenge = true;
		out->challenge = value->content;
	}
	if (bytes_eq(oid, BYTES_OF(OID_SHARED_KEY)))
		out->has_shared_key = true;
	if (bytes_eq(oid, BYTES_OF(OID_CLIENT_KEY))) {
		out->has_client_key = value->tag == DER_OCTET_STRING;
		out->client_key_id = value->content;
		if (!out->has_client_key)
			return fail(cx, &ERR_BAD_CSR,
			    "csr: key identifier is no OCTET STRING");
	}
	if (bytes_eq(oid, BYTES_OF(OID_CAPABILITIES)))
		out->capabilities = value->whole;
	if (bytes_eq(oid, BYTES_OF(OID_NAME_WISH)))
		out->has_name_wish = true;
	if (csr_evidence_is(oid) &&
	    !csr_evidence_parse(cx->arena, value->whole, &out->evidence))
		return fail(cx, &ERR_BAD_CSR,
		    "csr: evidence that is not one statement of our type");
	return NULL;
}

static const struct err *
judge_attributes(struct ctx *cx, struct bytes in, struct csr *out)
{
	struct bytes seen[MAX_ATTRIBUTES];
	struct der_item value;
	const struct err *e;
	size_t n, i;

	for (n = 0; in.n > 0; n++) {
		if (n == MAX_ATTRIBUTES ||
		    !take_attribute(&in, &seen[n], &value))
			return fail(cx, &ERR_BAD_CSR,
			    "csr: attributes malformed (RFC 2986 section "
			    "4.1) or too many");
		for (i = 0; i < n; i++)
			if (bytes_eq(seen[i], seen[n]) ||
			    (is_extension_request(seen[i]) &&
				is_extension_request(seen[n])))
				return fail(cx, &ERR_BAD_CSR,
				    "csr: repeated attribute");
		e = judge_attribute(cx, seen[n], &value, out);
		if (e != NULL)
			return e;
	}
	return NULL;
}

static const struct err *
judge_subject(struct ctx *cx, struct bytes der)
{
	struct name subject;

	if (!name_parse(cx->arena, der, &subject))
		return fail(cx, &ERR_BAD_CSR, "csr: malformed subject");
	if (subject.cn != NULL && strchr(subject.cn, '*') != NULL)
		return policy(cx, "a wildcard name");
	return NULL;
}

/* SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of whatever algorithm. */
static bool
is_spki(struct bytes der)
{
	struct bytes seq, algorithm, oid, bits;

	return der_take(&der, DER_SEQUENCE, &seq) && der.n == 0 &&
	       der_take(&seq, DER_SEQUENCE, &algorithm) &&
	       der_take_oid(&algorithm, &oid) && der_take_bits(&seq, &bits) &&
	       seq.n == 0;
}

/* A key that we do not certify is told from one that nobody can read: the
 * former is policy. */
static const struct err *
judge_key(struct ctx *cx, struct bytes spki, struct key_facts *out)
{
	const struct err *e = key_parse_form(cx, spki, out);

	return e == NULL || !is_spki(spki)
		   ? e
		   : fail(cx, &ERR_CSR_KEY, "csr: %s", cx->reason);
}

static const struct err *
prove_possession(struct ctx *cx, const struct sigalg *alg,
    const struct parts *p, enum key_type type)
{
	AUTO(EVP_PKEY) *key = key_open(p->spki);

	if (key == NULL)
		return fail(cx, &ERR_BAD_KEY,
		    "key: not a point of its curve (RFC 5480 section 2.2)");
	if (!sigalg_verify(alg, type, key, p->info, p->signature))
		return fail(cx, &ERR_BAD_CSR,
		    "csr: signature does not verify: no proof of possession");
	return NULL;
}

static const struct err *
read_parts(struct ctx *cx, struct bytes der, struct csr *out, struct parts *p)
{
	*out = (struct csr){ .der = BYTES_NONE };
	if (der.n > LIMIT_CSR)
		return fail(cx, &ERR_BAD_CSR, "csr: longer than the limit");
	out->der = bytes_dup(cx->arena, der);
	if (!split(out->der, p))
		return fail(cx, &ERR_BAD_CSR,
		    "csr: not one version 1 request in DER (RFC 2986 section "
		    "4)");
	out->spki = p->spki;
	return NULL;
}

const struct err *
csr_parse_keyless(struct ctx *cx, struct bytes der, struct csr *out, bool *wish)
{
	struct parts p;
	const struct err *e = read_parts(cx, der, out, &p);

	if (e == NULL)
		e = judge_subject(cx, p.subject);
	if (e == NULL)
		e = judge_attributes(cx, p.attributes, out);
	if (e == NULL)
		*wish = key_form(p.spki, &out->key);
	return e;
}

const struct err *
csr_parse(struct ctx *cx, struct bytes der, struct csr *out)
{
	const struct sigalg *alg;
	const struct err *e;
	struct parts p;

	e = read_parts(cx, der, out, &p);
	if (e != NULL)
		return e;
	e = judge_key(cx, p.spki, &out->key);
	if (e != NULL)
		return e;
	alg = sigalg_find(p.algorithm);
	if (alg == NULL)
		return policy(cx, "trust in a weak or unknown signature "
				  "algorithm");
	e = judge_subject(cx, p.subject);
	if (e != NULL)
		return e;
	e = judge_attributes(cx, p.attributes, out);
	return e != NULL ? e : prove_possession(cx, alg, &p, out->key.type);
}

struct bytes
csr_make(struct ctx *cx, const struct keypair *kp, const char *cn)
{
	AUTO(X509_REQ) *req = X509_REQ_new();
	unsigned char *der = NULL;
	struct bytes out;
	X509_NAME *name;
	int n;

	must(req != NULL && X509_REQ_set_version(req, 0) == 1);
	name = X509_REQ_get_subject_name(req);
	if (cn != NULL)
		must(X509_NAME_add_entry_by_NID(name, NID_commonName,
			 MBSTRING_UTF8, (const unsigned char *)cn, -1, -1,
			 0) == 1);
	must(X509_REQ_set_pubkey(req, kp->key) == 1);
	must(X509_REQ_sign(req, kp->key, key_digest(kp->key)) > 0);
	n = i2d_X509_REQ(req, &der);
	must(n > 0);
	out = bytes_dup(cx->arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	return out;
}

struct bytes
csr_info(struct ctx *cx, struct bytes spki)
{
	static const uint8_t v1 = 0;
	struct bytes out;
	struct buf b;
	size_t at;

	buf_init(&b, cx->arena, LIMIT_CSR);
	at = der_begin(&b, DER_SEQUENCE);
	der_put(&b, DER_INTEGER, (struct bytes){ &v1, 1 });
	der_put(&b, DER_SEQUENCE, BYTES_NONE);
	buf_put(&b, spki);
	der_put(&b, DER_CONTEXT_CONSTRUCTED(0), BYTES_NONE);
	der_end(&b, at);
	must(buf_bytes(&b, &out));
	return out;
}

struct bytes
csr_joined(struct ctx *cx, struct bytes info, struct bytes signature)
{
	struct bytes out;
	size_t at, algorithm;
	struct buf b;

	buf_init(&b, cx->arena, LIMIT_CSR);
	at = der_begin(&b, DER_SEQUENCE);
	buf_put(&b, info);
	algorithm = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "1.2.840.10045.4.3.2");
	der_end(&b, algorithm);
	der_put_bits(&b, signature);
	der_end(&b, at);
	must(buf_bytes(&b, &out));
	return out;
}
