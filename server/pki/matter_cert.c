#include "pki/matter_cert.h"

#include "base/mem.h"
#include "pki/der.h"
#include "pki/ext.h"
#include "pki/key_internal.h"
#include "pki/sigalg.h"

const struct err ERR_MATTER_CERT = { KIND_INVALID, "matter-certificate",
	"This is no certificate of Matter's device attestation." };

#define KEY_ID_BYTES 20

static const uint8_t OID_AKID[] = { 0x55, 0x1d, 0x23 };
static const uint8_t OID_CN[] = { 0x55, 0x04, 0x03 };
/* 1.3.6.1.4.1.37244.2.1 and .2.2 */
static const uint8_t OID_VID[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xa2,
	0x7c, 0x02, 0x01 };
static const uint8_t OID_PID[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xa2,
	0x7c, 0x02, 0x02 };
/* 1.3.6.1.4.1.37244.1: what follows names nodes and fabrics, in certificates
 * that operators of a fabric issue. */
static const uint8_t OID_OPERATIONAL[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82,
	0xa2, 0x7c, 0x01 };
/* AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 section 3.2). */
static const uint8_t ECDSA_SHA256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
	0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };

/* Bits of KeyUsage (RFC 5280 section 4.2.1.3) in its first byte. */
#define KU_SIGN 0x80u
#define KU_CERT 0x04u
#define KU_CRL 0x02u

static const struct err *
bad(struct ctx *cx, enum matter_role role, const char *why)
{
	static const char *const names[] = { "DAC", "PAI", "PAA", "signer" };

	return fail(cx, &ERR_MATTER_CERT, "matter: %s: %s", names[role], why);
}

/* What cert_parse does not keep of a certificate that it accepted. */
static bool
split(struct bytes der, enum matter_role role, struct matter_cert *out,
    struct bytes *extensions)
{
	struct bytes cert, tbs, algorithm, skip;

	if (!der_take(&der, DER_SEQUENCE, &cert) ||
	    !der_take_whole(&cert, DER_SEQUENCE, &out->tbs) ||
	    !der_take_whole(&cert, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&cert, &out->signature))
		return false;
	/* What a PAA says of itself proves nothing, and is not verified: some
	 * of the field write the algorithm with parameters. */
	if (role < MATTER_PAA && !bytes_eq(algorithm, BYTES_OF(ECDSA_SHA256)))
		return false;
	skip = out->tbs;
	return der_take(&skip, DER_SEQUENCE, &tbs) &&
	       der_take(&tbs, DER_CONTEXT_CONSTRUCTED(0), &skip) &&
	       der_take(&tbs, DER_INTEGER, &skip) &&
	       der_take(&tbs, DER_SEQUENCE, &skip) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &out->issuer) &&
	       der_take(&tbs, DER_SEQUENCE, &skip) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &out->subject) &&
	       der_take(&tbs, DER_SEQUENCE, &skip) &&
	       /* No unique identifiers: the extensions come next. */
	       der_take(&tbs, DER_CONTEXT_CONSTRUCTED(3), extensions);
}

/* Exactly four upper-case hex digits at the start. */
static bool
hex4(struct bytes text, uint16_t *v)
{
	size_t i;

	if (text.n < 4)
		return false;
	for (*v = 0, i = 0; i < 4; i++) {
		int digit = bytes_hex_digit(text.p[i]);

		if (digit < 0 || (text.p[i] >= 'a' && text.p[i] <= 'f'))
			return false;
		*v = (uint16_t)(*v << 4 | digit);
	}
	return true;
}

/* The four digits behind a prefix within the common name (section 6.2.2.2),
 * whatever stands around them.  A second occurrence would mean that two
 * readers may see two values. */
static bool
from_cn(struct bytes cn, const char *prefix, bool *has, uint16_t *v)
{
	const uint8_t *at;

	for (;;) {
		at = memmem(cn.p, cn.n, prefix, 5);
		if (at == NULL)
			return true;
		cn.n -= (size_t)(at - cn.p) + 5;
		cn.p = at + 5;
		if (*has || !hex4(cn, v))
			return false;
		*has = true;
	}
}

static bool
from_attribute(const struct der_item *it, bool *has, uint16_t *v)
{
	if (*has || (it->tag != DER_UTF8 && it->tag != DER_PRINTABLE) ||
	    it->content.n != 4)
		return false;
	*has = true;
	return hex4(it->content, v);
}

static bool
is_operational(struct bytes oid)
{
	const size_t n = sizeof(OID_OPERATIONAL);

	return oid.n > n &&
	       bytes_eq((struct bytes){ oid.p, n }, BYTES_OF(OID_OPERATIONAL));
}

/* One attribute of a subject. */
static bool
read_attribute(struct bytes *set, struct matter_cert *out, struct bytes *cn)
{
	struct bytes attr, oid;
	struct der_item it;

	if (!der_take(set, DER_SEQUENCE, &attr) || !der_take_oid(&attr, &oid) ||
	    !der_next(&attr, &it) || is_operational(oid))
		return false;
	if (bytes_eq(oid, BYTES_OF(OID_CN)))
		*cn = it.content;
	if (bytes_eq(oid, BYTES_OF(OID_VID)))
		return from_attribute(&it, &out->has_vid, &out->vid);
	if (bytes_eq(oid, BYTES_OF(OID_PID)))
		return from_attribute(&it, &out->has_pid, &out->pid);
	return true;
}

/* Vendor and product of a subject: from their own attributes, or, where it
 * has none of these, from the common name; never a mix. */
static bool
read_ids(struct bytes subject, struct matter_cert *out)
{
	struct bytes seq, set, cn = BYTES_NONE;

	if (!der_take(&subject, DER_SEQUENCE, &seq))
		return false;
	while (seq.n > 0) {
		if (!der_take(&seq, DER_SET, &set))
			return false;
		while (set.n > 0)
			if (!read_attribute(&set, out, &cn))
				return false;
	}
	if (out->has_vid || out->has_pid || cn.n == 0)
		return true;
	return from_cn(cn, "Mvid:", &out->has_vid, &out->vid) &&
	       from_cn(cn, "Mpid:", &out->has_pid, &out->pid);
}

/* CA is TRUE but for a DAC, and there is no path length but for a PAI's, 0,
 * and a PAA's, 1 or none. */
static bool
basic_constraints(const struct ext *e, enum matter_role role)
{
	struct bytes seq, value = e->value;
	bool ca = false, has_pathlen;
	unsigned pathlen = 0;

	if (!e->critical || !der_take(&value, DER_SEQUENCE, &seq) ||
	    (der_at(seq, DER_BOOLEAN) && !der_take_bool(&seq, &ca)))
		return false;
	has_pathlen = seq.n > 0;
	if (has_pathlen && !der_take_small(&seq, &pathlen))
		return false;
	switch (role) {
	case MATTER_DAC:
		return !ca && !has_pathlen;
	case MATTER_PAI:
		return ca && has_pathlen && pathlen == 0;
	case MATTER_PAA:
		return ca && (!has_pathlen || pathlen == 1);
	case MATTER_SIGNER:
		break;
	}
	return false;
}

/* A DAC signs data and no more; the others sign certificates and CRLs, and
 * may sign data. */
static bool
key_usage(const struct ext *e, enum matter_role role)
{
	struct bytes bits, value = e->value;
	unsigned use;

	if (!e->critical || !der_take(&value, DER_BIT_STRING, &bits) ||
	    value.n != 0 || bits.n != 2 || bits.p[0] > 7)
		return false;
	use = bits.p[1];
	if (role == MATTER_DAC)
		return use == KU_SIGN;
	return (use & ~KU_SIGN) == (KU_CERT | KU_CRL);
}

static bool
subject_key_id(const struct ext *e, struct bytes *id)
{
	struct bytes value = e->value;

	return der_take(&value, DER_OCTET_STRING, id) && value.n == 0 &&
	       id->n == KEY_ID_BYTES;
}

/* The key identifier alone, without issuer and serial number. */
static bool
authority_key_id(const struct ext *e, struct bytes *id)
{
	struct bytes seq, value = e->value;

	return der_take(&value, DER_SEQUENCE, &seq) && value.n == 0 &&
	       der_take(&seq, DER_CONTEXT(0), id) && seq.n == 0 &&
	       id->n == KEY_ID_BYTES;
}

static bool
authority(const struct ext_list *list, struct bytes *id)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (bytes_eq(list->v[i].oid, BYTES_OF(OID_AKID)))
			return authority_key_id(&list->v[i], id);
	return true;
}

static bool
unknown_critical(const struct ext_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->v[i].critical && list->v[i].id == EXT_UNKNOWN)
			return true;
	return false;
}

static const struct err *
judge_extensions(struct ctx *cx, struct bytes der, enum matter_role role,
    struct matter_cert *out)
{
	const struct ext *basic, *usage, *id;
	struct ext_list list;

	if (!ext_list_parse(der, &list))
		return bad(cx, role, "extensions");
	basic = ext_find(&list, EXT_BASIC_CONSTRAINTS);
	usage = ext_find(&list, EXT_KEY_USAGE);
	id = ext_find(&list, EXT_SUBJECT_KEY_ID);
	if (id == NULL || !subject_key_id(id, &out->key_id))
		return bad(cx, role, "subjectKeyIdentifier");
	if (role == MATTER_SIGNER)
		return NULL;
	if (basic == NULL || !basic_constraints(basic, role))
		return bad(cx, role, "basicConstraints");
	if (usage == NULL || !key_usage(usage, role))
		return bad(cx, role, "keyUsage");
	if (!authority(&list, &out->issuer_key_id))
		return bad(cx, role, "authorityKeyIdentifier");
	/* A PAA signed itself, and may leave it out. */
	if (role < MATTER_PAA && out->issuer_key_id.n == 0)
		return bad(cx, role, "no authorityKeyIdentifier");
	if (unknown_critical(&list))
		return bad(cx, role, "an unknown critical extension");
	return NULL;
}

static const struct err *
judge_ids(struct ctx *cx, enum matter_role role, const struct matter_cert *c)
{
	if (role < MATTER_PAA && !c->has_vid)
		return bad(cx, role, "no vendor id");
	if (role == MATTER_DAC && !c->has_pid)
		return bad(cx, role, "no product id");
	if (role == MATTER_PAA && c->has_pid)
		return bad(cx, role, "a product id");
	return NULL;
}

const struct err *
matter_cert_parse(struct ctx *cx, struct bytes der, enum matter_role role,
    struct matter_cert *out)
{
	struct key_facts key;
	struct bytes extensions;
	const struct err *e;

	*out = (struct matter_cert){ .has_vid = false };
	e = cert_parse(cx, der, &out->cert);
	if (e != NULL)
		return e;
	if (!split(out->cert.der, role, out, &extensions))
		return bad(cx, role,
		    "not signed with ecdsa-with-SHA256, or "
		    "without extensions");
	if (!key_form(out->cert.spki, &key) || key.type != KEY_P256)
		return bad(cx, role, "the key is not P-256");
	if (!read_ids(out->subject, out))
		return bad(cx, role, "vendor or product id");
	e = judge_ids(cx, role, out);
	if (e != NULL)
		return e;
	return judge_extensions(cx, extensions, role, out);
}

const struct err *
matter_cert_issued(struct ctx *cx, const struct matter_cert *c,
    const struct matter_cert *issuer)
{
	const struct sigalg *alg = sigalg_find(BYTES_OF(ECDSA_SHA256));
	AUTO(EVP_PKEY) *key = NULL;

	if (!bytes_eq(c->issuer, issuer->subject) ||
	    !bytes_eq(c->issuer_key_id, issuer->key_id))
		return fail(cx, &ERR_MATTER_CERT,
		    "matter: issued by another name or key");
	key = key_open(issuer->cert.spki);
	if (key == NULL ||
	    !sigalg_verify(alg, KEY_P256, key, c->tbs, c->signature))
		return fail(
		    cx, &ERR_MATTER_CERT, "matter: signature does not verify");
	return NULL;
}
