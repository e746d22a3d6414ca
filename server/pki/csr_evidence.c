#include "pki/csr_evidence.h"

#include "pki/der.h"

#define FORMAT_MAX 32

/* Of the attribute, and of the one type of statement. */
static const uint8_t ATTRIBUTE[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x09, 0x10, 0x02, 0x3b };
static const uint8_t TYPE[] = { 0x69, 0x83, 0xd2, 0xf8, 0x9e, 0xf6, 0xbb, 0x9e,
	0xa2, 0xa9, 0xcb, 0x86, 0x9a, 0xf0, 0x93, 0xeb, 0xe5, 0x86, 0x9a,
	0x21 };

bool
csr_evidence_is(struct bytes oid)
{
	return bytes_eq(oid, BYTES_OF(ATTRIBUTE));
}

/* LatchkeyEvidence. */
static bool
parse_statement(struct arena *arena, struct bytes in, struct csr_evidence *out)
{
	struct bytes format;

	if (!der_take(&in, DER_UTF8, &format) || format.n == 0 ||
	    format.n > FORMAT_MAX ||
	    !der_take(&in, DER_OCTET_STRING, &out->evidence))
		return false;
	if (in.n > 0 && (!der_take(&in, DER_OCTET_STRING, &out->nonce) ||
			    out->nonce.n == 0))
		return false;
	out->format = bytes_to_str(arena, format);
	return in.n == 0 && out->format != NULL;
}

bool
csr_evidence_parse(
    struct arena *arena, struct bytes der, struct csr_evidence *out)
{
	struct bytes bundle, all, one, type, stmt;

	*out = (struct csr_evidence){ .format = NULL };
	return der_take(&der, DER_SEQUENCE, &bundle) && der.n == 0 &&
	       der_take(&bundle, DER_SEQUENCE, &all) && bundle.n == 0 &&
	       der_take(&all, DER_SEQUENCE, &one) && all.n == 0 &&
	       der_take_oid(&one, &type) && bytes_eq(type, BYTES_OF(TYPE)) &&
	       der_take(&one, DER_SEQUENCE, &stmt) && one.n == 0 &&
	       parse_statement(arena, stmt, out);
}
