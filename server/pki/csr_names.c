#include "pki/csr_names.h"

#include "base/limits.h"
#include "base/text.h"
#include "pki/der.h"
#include "pki/ext.h"

#define SAN_URI DER_CONTEXT(6)
#define ID_BYTES 36

static const uint8_t OID_EXTENSION_REQUEST[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
	0x0d, 0x01, 0x09, 0x0e };
static const uint8_t OID_MS_EXTENSION_REQUEST[] = { 0x2b, 0x06, 0x01, 0x04,
	0x01, 0x82, 0x37, 0x02, 0x01, 0x0e };
/* 1.3.6.1.5.5.7.7.36 */
static const uint8_t OID_CHANGE_SUBJECT_NAME[] = { 0x2b, 0x06, 0x01, 0x05, 0x05,
	0x07, 0x07, 0x24 };

/* What names there are; each empty if none is said. */
struct names {
	struct bytes subject; /* the RDNs */
	struct bytes san;     /* the GeneralNames, without their header */
};

/* Well-formed, since within() reads them without a second look, and so few
 * that comparing each with each costs nothing. */
static bool
names_ok(struct bytes san)
{
	struct der_item it;
	size_t n;

	for (n = 0; san.n > 0; n++)
		if (n == LIMIT_SAN || !der_next(&san, &it))
			return false;
	return true;
}

/* The value of one Extensions' subjectAltName, if it is there. */
static bool
take_san(struct bytes extensions, struct bytes *san)
{
	struct ext_list list;
	const struct ext *e;
	struct bytes value;

	if (!ext_list_parse(extensions, &list))
		return false;
	e = ext_find(&list, EXT_SUBJECT_ALT_NAME);
	if (e == NULL)
		return true;
	value = e->value;
	return der_take(&value, DER_SEQUENCE, san) && value.n == 0 &&
	       names_ok(*san);
}

/* ChangeSubjectName as RFC 6402 has it, untagged, and as its erratum tags
 * the SAN: [1], implicit or explicit.  RDNs are SETs, names are tagged. */
static bool
take_change(struct bytes value, struct names *out)
{
	struct bytes seq, part, inner;

	if (!der_take(&value, DER_SEQUENCE, &seq) || value.n != 0 || seq.n == 0)
		return false;
	while (seq.n > 0) {
		bool tagged = der_at(seq, DER_CONTEXT_CONSTRUCTED(1));

		if (!der_take(&seq,
			tagged ? DER_CONTEXT_CONSTRUCTED(1) : DER_SEQUENCE,
			&part) ||
		    out->san.n > 0)
			return false;
		inner = part;
		if (tagged && der_at(part, DER_SEQUENCE) &&
		    (!der_take(&inner, DER_SEQUENCE, &part) || inner.n != 0))
			return false;
		if (!tagged && der_at(part, DER_SET)) {
			if (out->subject.n > 0)
				return false;
			out->subject = part;
		} else {
			out->san = part;
		}
	}
	return names_ok(out->san);
}

static bool
take_attribute(struct bytes *in, struct names *asked, struct names *wished)
{
	struct bytes seq, oid, set;
	struct der_item it;

	if (!der_take(in, DER_SEQUENCE, &seq) || !der_take_oid(&seq, &oid) ||
	    !der_take(&seq, DER_SET, &set) || !der_next(&set, &it))
		return false;
	if (bytes_eq(oid, BYTES_OF(OID_EXTENSION_REQUEST)) ||
	    bytes_eq(oid, BYTES_OF(OID_MS_EXTENSION_REQUEST)))
		return take_san(it.whole, &asked->san);
	if (bytes_eq(oid, BYTES_OF(OID_CHANGE_SUBJECT_NAME)))
		return take_change(it.whole, wished);
	return true;
}

/* Of a request that csr_parse accepted: two attributes of one kind are not
 * there. */
static bool
read_request(struct bytes der, struct names *asked, struct names *wished)
{
	struct bytes req, info, spki, attributes;
	unsigned version;

	if (!der_take(&der, DER_SEQUENCE, &req) ||
	    !der_take(&req, DER_SEQUENCE, &info) ||
	    !der_take_small(&info, &version) ||
	    !der_take(&info, DER_SEQUENCE, &asked->subject) ||
	    !der_take(&info, DER_SEQUENCE, &spki) ||
	    !der_take(&info, DER_CONTEXT_CONSTRUCTED(0), &attributes))
		return false;
	while (attributes.n > 0)
		if (!take_attribute(&attributes, asked, wished))
			return false;
	return true;
}

/* Of a certificate (RFC 5280 section 4.1). */
static bool
read_certificate(struct bytes der, struct names *out)
{
	struct bytes cert, tbs, extensions;
	struct der_item it;
	int i;

	if (!der_take(&der, DER_SEQUENCE, &cert) ||
	    !der_take(&cert, DER_SEQUENCE, &tbs))
		return false;
	/* version, serialNumber, signature, issuer, validity */
	for (i = 0; i < 5; i++)
		if (!der_next(&tbs, &it))
			return false;
	if (!der_take(&tbs, DER_SEQUENCE, &out->subject) ||
	    !der_next(&tbs, &it))
		return false;
	if (tbs.n == 0)
		return true;
	return der_take(&tbs, DER_CONTEXT_CONSTRUCTED(3), &extensions) &&
	       take_san(extensions, &out->san);
}

static bool
is_ascii_string(uint8_t tag)
{
	return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_IA5;
}

/* One AttributeTypeAndValue of each, off the front. */
static bool
same_attribute(struct bytes *a, struct bytes *b)
{
	struct bytes sa, sb, oa, ob;
	struct der_item va, vb;

	return der_take(a, DER_SEQUENCE, &sa) &&
	       der_take(b, DER_SEQUENCE, &sb) && der_take_oid(&sa, &oa) &&
	       der_take_oid(&sb, &ob) && der_next(&sa, &va) &&
	       der_next(&sb, &vb) && bytes_eq(oa, ob) &&
	       bytes_eq(va.content, vb.content) &&
	       (va.tag == vb.tag ||
		   (is_ascii_string(va.tag) && is_ascii_string(vb.tag)));
}

static bool
same_subject(struct bytes a, struct bytes b)
{
	struct bytes ra, rb;

	while (a.n > 0 && b.n > 0) {
		if (!der_take(&a, DER_SET, &ra) || !der_take(&b, DER_SET, &rb))
			return false;
		while (ra.n > 0 && rb.n > 0)
			if (!same_attribute(&ra, &rb))
				return false;
		if (ra.n != rb.n)
			return false;
	}
	return a.n == b.n;
}

/* Whether each name of a is one of b. */
static bool
within(struct bytes a, struct bytes b)
{
	struct der_item want, have;
	struct bytes rest;
	bool found;

	while (a.n > 0) {
		if (!der_next(&a, &want))
			return false;
		for (found = false, rest = b; rest.n > 0 && !found;)
			found = der_next(&rest, &have) &&
				bytes_eq(want.whole, have.whole);
		if (!found)
			return false;
	}
	return true;
}

static bool
asks_for(const struct names *asked, const struct names *own)
{
	return (asked->subject.n == 0 ||
		   same_subject(asked->subject, own->subject)) &&
	       (asked->san.n == 0 || (within(asked->san, own->san) &&
					 within(own->san, asked->san)));
}

const struct err *
csr_names_match(
    struct ctx *cx, const struct csr *csr, struct bytes cert_der, bool *same)
{
	struct names asked = { BYTES_NONE, BYTES_NONE };
	struct names wished = { BYTES_NONE, BYTES_NONE };
	struct names own = { BYTES_NONE, BYTES_NONE };

	if (!read_request(csr->der, &asked, &wished))
		return fail(cx, &ERR_BAD_CSR,
		    "csr: malformed ChangeSubjectName (RFC 6402 section 2.8)");
	if (!read_certificate(cert_der, &own))
		return fail(cx, &ERR_INTERNAL, "names of our certificate");
	*same = asks_for(&asked, &own) && asks_for(&wished, &own);
	return NULL;
}

/* The UUID at the end of a name, if there is one. */
static struct bytes
ending_id(struct bytes name)
{
	struct bytes id = BYTES_NONE;

	if (name.n >= ID_BYTES)
		id = (struct bytes){ name.p + name.n - ID_BYTES, ID_BYTES };
	return text_is_uuid(id) ? id : BYTES_NONE;
}

static struct bytes
id_of_subject(struct bytes rdns)
{
	struct bytes rdn, seq, oid, id = BYTES_NONE;
	struct der_item it;

	while (id.n == 0 && rdns.n > 0 && der_take(&rdns, DER_SET, &rdn) &&
	       der_take(&rdn, DER_SEQUENCE, &seq) && der_take_oid(&seq, &oid) &&
	       der_next(&seq, &it))
		if (it.content.n == ID_BYTES)
			id = ending_id(it.content);
	return id;
}

static struct bytes
id_of_san(struct bytes san)
{
	struct bytes id = BYTES_NONE;
	struct der_item it;

	while (id.n == 0 && san.n > 0 && der_next(&san, &it))
		if (it.tag == SAN_URI)
			id = ending_id(it.content);
	return id;
}

const char *
csr_names_device(struct ctx *cx, const struct csr *csr)
{
	struct names asked = { BYTES_NONE, BYTES_NONE };
	struct names wished = { BYTES_NONE, BYTES_NONE };
	struct bytes id;

	if (!read_request(csr->der, &asked, &wished))
		return NULL;
	id = id_of_subject(asked.subject);
	if (id.n == 0)
		id = id_of_san(asked.san);
	return id.n == 0 ? NULL : bytes_to_str(cx->arena, id);
}
