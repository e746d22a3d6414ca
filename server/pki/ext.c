#include "pki/ext.h"

#include "pki/der.h"

#define OID(...)                                             \
	{                                                    \
		(const uint8_t[]){ __VA_ARGS__ },            \
		    sizeof((const uint8_t[]){ __VA_ARGS__ }) \
	}

static const struct {
	enum ext_id id;
	struct bytes oid;
} KNOWN[] = {
	{ EXT_BASIC_CONSTRAINTS, OID(0x55, 0x1d, 0x13) },
	{ EXT_KEY_USAGE, OID(0x55, 0x1d, 0x0f) },
	{ EXT_EXTENDED_KEY_USAGE, OID(0x55, 0x1d, 0x25) },
	{ EXT_SUBJECT_ALT_NAME, OID(0x55, 0x1d, 0x11) },
	{ EXT_POLICIES, OID(0x55, 0x1d, 0x20) },
	{ EXT_SUBJECT_KEY_ID, OID(0x55, 0x1d, 0x0e) },
	{ EXT_NS_CERT_TYPE,
	    OID(0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01) },
};

static const struct bytes EKU_CLIENT =
    OID(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02);
static const struct bytes EKU_SERVER =
    OID(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01);
/* RFC 6402 section 2.10. */
static const struct bytes EKU_CMC_RA =
    OID(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x1c);
/* tcg-kp-EKCertificate (TCG EK Credential Profile 2.5, section 3.2.16). */
static const struct bytes EKU_EK = OID(0x67, 0x81, 0x05, 0x08, 0x01);
static const struct bytes EKU_ANY = OID(0x55, 0x1d, 0x25, 0x00);

static enum ext_id
ext_id_of(struct bytes oid)
{
	size_t i;

	for (i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++)
		if (bytes_eq(oid, KNOWN[i].oid))
			return KNOWN[i].id;
	return EXT_UNKNOWN;
}

static bool
ext_parse(struct bytes *in, struct ext *out)
{
	struct bytes seq;

	if (!der_take(in, DER_SEQUENCE, &seq) || !der_take_oid(&seq, &out->oid))
		return false;
	out->critical = false;
	/* DER leaves out a value that is the default, FALSE; some encoders
	 * write it all the same, which does no harm. */
	if (der_at(seq, DER_BOOLEAN) && !der_take_bool(&seq, &out->critical))
		return false;
	out->id = ext_id_of(out->oid);
	return der_take(&seq, DER_OCTET_STRING, &out->value) && seq.n == 0;
}

bool
ext_list_parse(struct bytes der, struct ext_list *out)
{
	struct bytes seq;
	size_t i;

	out->n = 0;
	if (!der_take(&der, DER_SEQUENCE, &seq) || der.n != 0 || seq.n == 0)
		return false;
	while (seq.n > 0) {
		struct ext *e = &out->v[out->n];

		if (out->n == LIMIT_EXTENSIONS || !ext_parse(&seq, e))
			return false;
		for (i = 0; i < out->n; i++)
			if (bytes_eq(out->v[i].oid, e->oid))
				return false;
		out->n++;
	}
	return true;
}

const struct ext *
ext_find(const struct ext_list *l, enum ext_id id)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].id == id)
			return &l->v[i];
	return NULL;
}

bool
ext_basic_constraints(struct bytes value, bool *ca)
{
	struct bytes seq;
	unsigned pathlen;

	*ca = false;
	if (!der_take(&value, DER_SEQUENCE, &seq) || value.n != 0)
		return false;
	if (der_at(seq, DER_BOOLEAN) && !der_take_bool(&seq, ca))
		return false;
	if (seq.n > 0 && !der_take_small(&seq, &pathlen))
		return false;
	return seq.n == 0;
}

/* Reads a named BIT STRING (X.690 section 11.2) into its first byte. */
static bool
named_bits(struct bytes value, uint8_t *first)
{
	struct bytes bits;

	if (!der_take(&value, DER_BIT_STRING, &bits) || value.n != 0 ||
	    bits.n < 1 || bits.n > 3 || bits.p[0] > 7 ||
	    (bits.n == 1 && bits.p[0] != 0))
		return false;
	*first = bits.n > 1 ? bits.p[1] : 0;
	return true;
}

bool
ext_key_usage(struct bytes value, struct ext_key_usage *out)
{
	uint8_t bits;

	if (!named_bits(value, &bits))
		return false;
	out->digital_signature = (bits & 0x80) != 0;
	out->key_encipherment = (bits & 0x20) != 0;
	out->key_agreement = (bits & 0x08) != 0;
	out->cert_sign = (bits & 0x04) != 0;
	return true;
}

bool
ext_ns_cert_type(struct bytes value)
{
	uint8_t bits;

	return named_bits(value, &bits);
}

bool
ext_eku(struct bytes value, struct ext_eku *out)
{
	struct bytes seq, oid;

	*out = (struct ext_eku){ .client = false };
	if (!der_take(&value, DER_SEQUENCE, &seq) || value.n != 0 || seq.n == 0)
		return false;
	while (seq.n > 0) {
		if (!der_take_oid(&seq, &oid))
			return false;
		if (bytes_eq(oid, EKU_CLIENT))
			out->client = true;
		else if (bytes_eq(oid, EKU_SERVER))
			out->server = true;
		else if (bytes_eq(oid, EKU_CMC_RA))
			out->cmc_ra = true;
		else if (bytes_eq(oid, EKU_ANY))
			out->any = true;
		else
			out->other = true;
		if (bytes_eq(oid, EKU_EK))
			out->ek = true;
	}
	return true;
}

/* Visible ASCII alone: what an IA5String of a name may hold here. */
static bool
is_visible(struct bytes s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.n > 0;
}

bool
ext_san(struct bytes value, struct ext_san *out)
{
	struct der_item it;
	struct bytes seq;

	*out = (struct ext_san){ .n = 0 };
	if (!der_take(&value, DER_SEQUENCE, &seq) || value.n != 0 || seq.n == 0)
		return false;
	while (seq.n > 0) {
		if (out->n == LIMIT_SAN || !der_next(&seq, &it))
			return false;
		out->n++;
		/* GeneralName (section 4.2.1.6): rfc822Name [1], dNSName [2]
		 * and URI [6] are text; a NUL would cut it for a C reader. */
		if (it.tag == DER_CONTEXT(1) || it.tag == DER_CONTEXT(2) ||
		    it.tag == DER_CONTEXT(6)) {
			if (!is_visible(it.content))
				return false;
		} else if ((it.tag & 0xc0) != 0x80 || (it.tag & 0x1f) > 8) {
			return false;
		}
		if (it.tag == DER_CONTEXT(2)) {
			out->n_dns++;
			if (memchr(it.content.p, '*', it.content.n) != NULL)
				out->wildcard = true;
		}
		if (it.tag == DER_CONTEXT(6)) {
			out->n_uri++;
			out->uri = it.content;
		}
	}
	return true;
}

bool
ext_policies(struct bytes value)
{
	struct bytes seq, info, oid;

	if (!der_take(&value, DER_SEQUENCE, &seq) || value.n != 0 || seq.n == 0)
		return false;
	while (seq.n > 0) {
		if (!der_take(&seq, DER_SEQUENCE, &info) ||
		    !der_take_oid(&info, &oid))
			return false;
		if (info.n > 0 &&
		    (!der_take(&info, DER_SEQUENCE, &(struct bytes){ 0 }) ||
			info.n != 0))
			return false;
	}
	return true;
}

bool
ext_subject_key_id(struct bytes value)
{
	struct bytes id;

	return der_take(&value, DER_OCTET_STRING, &id) && value.n == 0 &&
	       id.n > 0;
}
