#include "pki/path_cert.h"

#include "pki/der.h"
#include "pki/dn.h"
#include "pki/ext.h"

const struct err ERR_PATH_CERT = { KIND_INVALID, "path-certificate",
	"A certificate of the chain is malformed." };

#define OID(...)                                             \
	{                                                    \
		(const uint8_t[]){ __VA_ARGS__ },            \
		    sizeof((const uint8_t[]){ __VA_ARGS__ }) \
	}

static const struct bytes OIDS[PX_COUNT] = {
	[PX_BASIC_CONSTRAINTS] = OID(0x55, 0x1d, 0x13),
	[PX_KEY_USAGE] = OID(0x55, 0x1d, 0x0f),
	[PX_EKU] = OID(0x55, 0x1d, 0x25),
	[PX_SAN] = OID(0x55, 0x1d, 0x11),
	[PX_SUBJECT_KEY_ID] = OID(0x55, 0x1d, 0x0e),
	[PX_AUTHORITY_KEY_ID] = OID(0x55, 0x1d, 0x23),
	[PX_NAME_CONSTRAINTS] = OID(0x55, 0x1d, 0x1e),
	[PX_POLICIES] = OID(0x55, 0x1d, 0x20),
	[PX_MAPPINGS] = OID(0x55, 0x1d, 0x21),
	[PX_POLICY_CONSTRAINTS] = OID(0x55, 0x1d, 0x24),
	[PX_INHIBIT_ANY] = OID(0x55, 0x1d, 0x36),
	[PX_CRL_POINTS] = OID(0x55, 0x1d, 0x1f),
	[PX_FRESHEST_CRL] = OID(0x55, 0x1d, 0x2e),
	/* Open Profile for DICE, "X.509 CDI Certificates". */
	[PX_DICE] =
	    OID(0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x01, 0x18),
	[PX_AIA] = OID(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01),
};

/* Microsoft's application policies say in other words what extKeyUsage says,
 * and count for nothing where that stands beside them. */
static const uint8_t OID_APPLICATION_POLICIES[] = { 0x2b, 0x06, 0x01, 0x04,
	0x01, 0x82, 0x37, 0x15, 0x0a };

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_PATH_CERT, "path: certificate: %s", reason);
}

/* version [0] DEFAULT v1 (section 4.1.2.1). */
static bool
take_version(struct bytes *tbs, int *version)
{
	struct bytes v;
	unsigned n;

	*version = 1;
	if (!der_at(*tbs, DER_CONTEXT_CONSTRUCTED(0)))
		return true;
	if (!der_take(tbs, DER_CONTEXT_CONSTRUCTED(0), &v) ||
	    !der_take_small(&v, &n) || v.n != 0 || n > 2)
		return false;
	*version = (int)n + 1;
	return true;
}

/* An INTEGER in its shortest form (X.690 section 8.3.2); whether it may be
 * negative or long is the rules'. */
static bool
take_serial(struct bytes *tbs, struct bytes *serial)
{
	if (!der_take(tbs, DER_INTEGER, serial) || serial->n < 1)
		return false;
	if (serial->n == 1)
		return true;
	return !(serial->p[0] == 0x00 && serial->p[1] < 0x80) &&
	       !(serial->p[0] == 0xff && serial->p[1] >= 0x80);
}

/* A time as pki/der reads it, or a GeneralizedTime before 1970, of which it
 * is enough to know that it is past. */
static bool
take_time(struct bytes *in, int64_t *t)
{
	struct bytes rest = *in, digits;
	size_t i;

	if (der_take_time(in, t))
		return true;
	if (!der_take(&rest, DER_GENERALIZED_TIME, &digits) || digits.n != 15 ||
	    digits.p[14] != 'Z')
		return false;
	for (i = 0; i < 14; i++)
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
	*in = rest;
	*t = INT64_MIN;
	return strncmp((const char *)digits.p, "1970", 4) < 0;
}

static bool
take_validity(struct bytes *tbs, struct path_cert *c)
{
	struct bytes seq;

	return der_take(tbs, DER_SEQUENCE, &seq) &&
	       take_time(&seq, &c->not_before) &&
	       take_time(&seq, &c->not_after) && seq.n == 0;
}

static bool
take_tail(struct bytes *tbs, const struct path_cert *c, struct bytes *exts)
{
	struct bytes skip;

	*exts = BYTES_NONE;
	if (der_at(*tbs, DER_CONTEXT(1)) &&
	    !der_take(tbs, DER_CONTEXT(1), &skip))
		return false;
	if (der_at(*tbs, DER_CONTEXT(2)) &&
	    !der_take(tbs, DER_CONTEXT(2), &skip))
		return false;
	if (tbs->n > 0 && (c->version != 3 ||
			      !der_take(tbs, DER_CONTEXT_CONSTRUCTED(3), exts)))
		return false;
	return tbs->n == 0;
}

static bool
split(struct bytes der, struct path_cert *c, struct bytes *exts)
{
	struct bytes cert, tbs, algorithm;

	c->der = der;
	if (!der_take(&der, DER_SEQUENCE, &cert) || der.n != 0 ||
	    !der_take_whole(&cert, DER_SEQUENCE, &c->tbs) ||
	    !der_take_whole(&cert, DER_SEQUENCE, &c->algorithm) ||
	    !der_take_bits(&cert, &c->signature) || cert.n != 0)
		return false;
	tbs = c->tbs;
	/* The signed and the unsigned algorithm agree (section 4.1.1.2). */
	return der_take(&tbs, DER_SEQUENCE, &tbs) &&
	       take_version(&tbs, &c->version) &&
	       take_serial(&tbs, &c->serial) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &algorithm) &&
	       bytes_eq(algorithm, c->algorithm) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &c->issuer) &&
	       take_validity(&tbs, c) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &c->subject) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &c->spki) &&
	       take_tail(&tbs, c, exts);
}

static bool
read_basic_constraints(struct bytes v, struct path_cert *c)
{
	struct bytes seq;
	unsigned n;

	if (!der_take(&v, DER_SEQUENCE, &seq) || v.n != 0 ||
	    (der_at(seq, DER_BOOLEAN) && !der_take_bool(&seq, &c->ca)))
		return false;
	if (seq.n == 0)
		return true;
	if (!der_take_small(&seq, &n) || seq.n != 0)
		return false;
	c->path_length = (int)n;
	return true;
}

static bool
read_key_usage(struct bytes v, struct path_cert *c)
{
	struct bytes bits;

	if (!der_take(&v, DER_BIT_STRING, &bits) || v.n != 0 || bits.n < 1 ||
	    bits.n > 3 || bits.p[0] > 7 || (bits.n == 1 && bits.p[0] != 0))
		return false;
	c->key_usage = bits.n > 1 ? bits.p[1] : 0;
	return true;
}

static bool
read_key_id(struct bytes v, struct path_cert *c)
{
	return der_take(&v, DER_OCTET_STRING, &c->key_id) && v.n == 0 &&
	       c->key_id.n > 0;
}

/* Section 4.2.1.1: keyIdentifier [0], issuer [1] and serial [2]. */
static bool
read_authority(struct bytes v, struct path_cert *c)
{
	struct bytes seq, skip;

	if (!der_take(&v, DER_SEQUENCE, &seq) || v.n != 0)
		return false;
	if (der_at(seq, DER_CONTEXT(0)) &&
	    !der_take(&seq, DER_CONTEXT(0), &c->authority_key_id))
		return false;
	c->authority_named = seq.n > 0;
	if (der_at(seq, DER_CONTEXT_CONSTRUCTED(1)) &&
	    !der_take(&seq, DER_CONTEXT_CONSTRUCTED(1), &skip))
		return false;
	return seq.n == 0 ||
	       (der_take(&seq, DER_CONTEXT(2), &skip) && seq.n == 0);
}

/* SkipCerts [n] of policyConstraints (section 4.2.1.11). */
static bool
take_skip(struct bytes *seq, uint8_t tag, int *out)
{
	struct bytes v;

	if (!der_at(*seq, tag))
		return true;
	if (!der_take(seq, tag, &v) || v.n < 1 || v.n > 2 || v.p[0] >= 0x80)
		return false;
	*out = v.n == 1 ? v.p[0] : v.p[0] << 8 | v.p[1];
	return true;
}

static bool
read_policy_constraints(struct bytes v, struct path_cert *c)
{
	struct bytes seq;

	return der_take(&v, DER_SEQUENCE, &seq) && v.n == 0 && seq.n > 0 &&
	       take_skip(&seq, DER_CONTEXT(0), &c->require_explicit) &&
	       take_skip(&seq, DER_CONTEXT(1), &c->inhibit_mapping) &&
	       seq.n == 0;
}

static bool
read_inhibit_any(struct bytes v, struct path_cert *c)
{
	unsigned n;

	if (!der_take_small(&v, &n) || v.n != 0)
		return false;
	c->inhibit_any = (int)n;
	return true;
}

/* The form that what uses it later relies on: a SEQUENCE, not empty. */
static bool
read_list(struct bytes v)
{
	struct bytes seq;

	return der_take(&v, DER_SEQUENCE, &seq) && v.n == 0 && seq.n > 0;
}

static bool
read_value(enum path_ext x, struct bytes v, struct path_cert *c)
{
	struct ext_eku eku;

	switch (x) {
	case PX_BASIC_CONSTRAINTS:
		return read_basic_constraints(v, c);
	case PX_KEY_USAGE:
		return read_key_usage(v, c);
	case PX_EKU:
		return ext_eku(v, &eku);
	case PX_SUBJECT_KEY_ID:
		return read_key_id(v, c);
	case PX_AUTHORITY_KEY_ID:
		return read_authority(v, c);
	case PX_POLICIES:
		return ext_policies(v);
	case PX_POLICY_CONSTRAINTS:
		return read_policy_constraints(v, c);
	case PX_INHIBIT_ANY:
		return read_inhibit_any(v, c);
	case PX_SAN:
	case PX_NAME_CONSTRAINTS:
	case PX_MAPPINGS:
	case PX_CRL_POINTS:
	case PX_FRESHEST_CRL:
	case PX_AIA:
	case PX_DICE:
	case PX_COUNT:
		break;
	}
	return read_list(v);
}

static bool
read_extension(const struct ext *e, struct path_cert *c)
{
	size_t i;

	for (i = 0; i < PX_COUNT; i++)
		if (bytes_eq(e->oid, OIDS[i])) {
			c->ext[i].value = e->value;
			c->ext[i].critical = e->critical;
			return read_value((enum path_ext)i, e->value, c);
		}
	if (!e->critical)
		return true;
	if (bytes_eq(e->oid, BYTES_OF(OID_APPLICATION_POLICIES)))
		c->application_policies = true;
	else
		c->unknown_critical = true;
	return true;
}

static const struct err *
read_extensions(struct ctx *cx, struct bytes der, struct path_cert *c)
{
	struct ext_list list;
	size_t i;

	if (der.p == NULL)
		return NULL;
	if (!ext_list_parse(der, &list))
		return bad(cx, "extensions malformed or repeated "
			       "(RFC 5280 section 4.2)");
	for (i = 0; i < list.n; i++)
		if (!read_extension(&list.v[i], c))
			return bad(cx, "a malformed extension");
	if (c->application_policies && !path_cert_has(c, PX_EKU))
		c->unknown_critical = true;
	return NULL;
}

const struct err *
path_cert_parse(struct ctx *cx, struct bytes der, struct path_cert *out)
{
	struct bytes exts;

	*out = (struct path_cert){ .path_length = -1,
		.require_explicit = -1,
		.inhibit_mapping = -1,
		.inhibit_any = -1 };
	if (!split(der, out, &exts))
		return bad(cx, "not one certificate in DER "
			       "(RFC 5280 section 4.1)");
	if (!dn_canon(cx->arena, out->issuer, &out->issuer_dn) ||
	    !dn_canon(cx->arena, out->subject, &out->subject_dn))
		return bad(cx, "a malformed name");
	return read_extensions(cx, exts, out);
}

bool
path_cert_self_issued(const struct path_cert *c)
{
	return bytes_eq(c->subject_dn, c->issuer_dn);
}
