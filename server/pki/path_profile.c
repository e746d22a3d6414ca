#include "pki/der.h"
#include "pki/path_internal.h"
#include "pki/signed.h"

const struct err ERR_PATH_PROFILE = { KIND_FORBIDDEN, "path-profile",
	"A certificate of the chain is not made as RFC 5280 asks." };

#define SERIAL_BYTES 20

/* Key purposes (section 4.2.1.12): any, and those that a TLS certificate
 * must not have beside its own (CA/Browser Forum BR 7.1.2.7.10). */
static const uint8_t EKU_ANY[] = { 0x55, 0x1d, 0x25, 0x00 };
static const uint8_t EKU_PKIX[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03 };
static const uint8_t EKU_PRECERTIFICATE[] = { 0x2b, 0x06, 0x01, 0x04, 0x01,
	0xd6, 0x79, 0x02, 0x04, 0x04 };

static const struct err *
against(struct ctx *cx, const char *what)
{
	return fail(cx, &ERR_PATH_PROFILE, "path: profile: %s", what);
}

/* Section 4.1.2.2: positive, at most 20 octets. */
static bool
serial_ok(struct bytes serial)
{
	return serial.p[0] < 0x80 && serial.n <= SERIAL_BYTES &&
	       !(serial.n == 1 && serial.p[0] == 0);
}

/* Signed by its own key, and not by another of the same name. */
static bool
self_signed(const struct path_cert *c)
{
	if (!path_cert_self_issued(c))
		return false;
	return c->authority_key_id.n == 0 ||
	       bytes_eq(c->authority_key_id, c->key_id) ||
	       signed_by(c->spki, c->algorithm, c->tbs, c->signature, false);
}

/* Section 4.2.1.1: there unless self-signed, and then with a key's identifier;
 * in a self-signed one it is its own and nothing else. */
static bool
authority_ok(const struct path_cert *c, bool may_lack)
{
	if (!path_cert_has(c, PX_AUTHORITY_KEY_ID))
		return may_lack || path_cert_self_issued(c);
	if (c->ext[PX_AUTHORITY_KEY_ID].critical || c->authority_key_id.n == 0)
		return false;
	return !self_signed(c) ||
	       (!c->authority_named &&
		   (c->key_id.n == 0 ||
		       bytes_eq(c->authority_key_id, c->key_id)));
}

/* AuthorityInfoAccessSyntax (section 4.2.2.1). */
static bool
access_ok(const struct path_ext_value *x)
{
	struct bytes v = x->value, seq, one, oid;
	struct der_item where;

	if (v.p == NULL)
		return true;
	if (x->critical || !der_take(&v, DER_SEQUENCE, &seq))
		return false;
	while (seq.n > 0)
		if (!der_take(&seq, DER_SEQUENCE, &one) ||
		    !der_take_oid(&one, &oid) || !der_next(&one, &where) ||
		    one.n != 0)
			return false;
	return true;
}

/* GeneralNames whose text is ASCII; a domain name is none of spaces and the
 * like. */
static bool
san_ok(const struct path_cert *c)
{
	const struct path_ext_value *x = &c->ext[PX_SAN];
	struct bytes v = x->value, seq;
	struct der_item it;
	size_t i;

	if (v.p == NULL)
		return c->subject_dn.n > 0;
	if (!der_take(&v, DER_SEQUENCE, &seq) || seq.n == 0)
		return false;
	while (seq.n > 0) {
		if (!der_next(&seq, &it))
			return false;
		if (it.tag != DER_CONTEXT(1) && it.tag != DER_CONTEXT(2) &&
		    it.tag != DER_CONTEXT(6))
			continue;
		for (i = 0; i < it.content.n; i++)
			if (it.content.p[i] <= ' ' || it.content.p[i] >= 0x7f)
				return false;
		if (it.content.n == 0)
			return false;
	}
	/* Section 4.2.1.6: critical where there is no other name. */
	return c->subject_dn.n > 0 || x->critical;
}

static const struct err *
profile_ca(struct ctx *cx, const struct path_cert *c)
{
	if (c->subject_dn.n == 0)
		return against(cx, "a CA without a name (section 4.1.2.6)");
	if (!path_cert_has(c, PX_SUBJECT_KEY_ID))
		return against(cx, "a CA without subjectKeyIdentifier "
				   "(section 4.2.1.2)");
	if (!c->ext[PX_BASIC_CONSTRAINTS].critical)
		return against(cx, "basicConstraints of a CA is not critical "
				   "(section 4.2.1.9)");
	if (c->path_length >= 0 && path_cert_has(c, PX_KEY_USAGE) &&
	    !(c->key_usage & USAGE_CERT_SIGN))
		return against(cx, "pathLenConstraint without keyCertSign "
				   "(section 4.2.1.9)");
	return NULL;
}

static const struct err *
profile_user(struct ctx *cx, const struct path_cert *c)
{
	if (c->path_length >= 0)
		return against(cx, "pathLenConstraint of what is no CA "
				   "(section 4.2.1.9)");
	if (path_cert_has(c, PX_KEY_USAGE) && (c->key_usage & USAGE_CERT_SIGN))
		return against(cx, "keyCertSign of what is no CA "
				   "(section 4.2.1.9)");
	if (path_cert_has(c, PX_NAME_CONSTRAINTS))
		return against(cx, "nameConstraints of what is no CA "
				   "(section 4.2.1.10)");
	return NULL;
}

/* There and not critical, or there and critical. */
static bool
stands(const struct path_cert *c, enum path_ext x, bool critical)
{
	return path_cert_has(c, x) && c->ext[x].critical == critical;
}

const struct err *
path_profile(struct ctx *cx, const struct path_rules *rules,
    const struct path_cert *c, bool anchor)
{
	if (c->version != 3 || !serial_ok(c->serial))
		return against(cx, "version or serial number (section 4.1.2)");
	if (c->issuer_dn.n == 0)
		return against(cx, "no issuer's name (section 4.1.2.4)");
	if (!san_ok(c))
		return against(cx, "subjectAltName (section 4.2.1.6)");
	if (!authority_ok(c, anchor && !rules->pedantic))
		return against(cx, "authorityKeyIdentifier (section 4.2.1.1)");
	if (!access_ok(&c->ext[PX_AIA]))
		return against(cx, "authorityInfoAccess (section 4.2.2.1)");
	if (stands(c, PX_SUBJECT_KEY_ID, true) ||
	    stands(c, PX_NAME_CONSTRAINTS, false) ||
	    stands(c, PX_POLICY_CONSTRAINTS, false) ||
	    stands(c, PX_INHIBIT_ANY, false) ||
	    stands(c, PX_FRESHEST_CRL, true))
		return against(cx, "what is critical (section 4.2)");
	return c->ca ? profile_ca(cx, c) : profile_user(cx, c);
}

/* codeSigning 3, emailProtection 4, timeStamping 8, OCSPSigning 9. */
static bool
is_foreign(struct bytes oid)
{
	uint8_t last = oid.p[oid.n - 1];

	if (bytes_eq(oid, BYTES_OF(EKU_ANY)) ||
	    bytes_eq(oid, BYTES_OF(EKU_PRECERTIFICATE)))
		return true;
	return oid.n == sizeof(EKU_PKIX) + 1 &&
	       bytes_eq((struct bytes){ oid.p, sizeof(EKU_PKIX) },
		   BYTES_OF(EKU_PKIX)) &&
	       (last == 3 || last == 4 || last == 8 || last == 9);
}

struct purposes {
	bool wanted, any, foreign;
};

static struct purposes
read_purposes(struct bytes v, struct bytes wanted)
{
	struct purposes p = { .wanted = false };
	struct bytes seq, oid;

	if (!der_take(&v, DER_SEQUENCE, &seq))
		return p;
	while (seq.n > 0 && der_take_oid(&seq, &oid)) {
		p.wanted = p.wanted || bytes_eq(oid, wanted);
		p.any = p.any || bytes_eq(oid, BYTES_OF(EKU_ANY));
		p.foreign = p.foreign || is_foreign(oid);
	}
	return p;
}

/* A purpose asked for strictly: it must be said, and none that belongs to
 * certificates of another kind beside it. */
static const struct err *
purpose_strict(struct ctx *cx, const struct path_cert *c,
    const struct purposes *p, bool leaf, bool anchor)
{
	bool has = path_cert_has(c, PX_EKU);

	if (anchor ? has : !p->wanted)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: extKeyUsage does not stand where it must, or "
		    "stands where it must not");
	if (leaf && (p->foreign || c->ext[PX_EKU].critical))
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: the leaf has purposes of other kinds");
	return NULL;
}

const struct err *
path_purpose(struct ctx *cx, const struct path_rules *rules,
    const struct path_cert *c, bool leaf, bool anchor)
{
	struct purposes p = { .wanted = false };

	if (rules->purpose.n == 0)
		return NULL;
	if (path_cert_has(c, PX_EKU))
		p = read_purposes(c->ext[PX_EKU].value, rules->purpose);
	if (rules->purpose_strict)
		return purpose_strict(cx, c, &p, leaf, anchor);
	if (path_cert_has(c, PX_EKU) && !p.wanted && !p.any)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: extKeyUsage is for other purposes");
	return NULL;
}
