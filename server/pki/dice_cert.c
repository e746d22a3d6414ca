#include "pki/dice_cert.h"

#include "base/text.h"
#include "pki/der.h"

#define MODE_MAX 3

/* An element [n] EXPLICIT, which may be absent. */
static bool
take(struct bytes *seq, unsigned n, uint8_t tag, struct bytes *out)
{
	struct bytes outer;

	*out = BYTES_NONE;
	if (!der_at(*seq, (uint8_t)DER_CONTEXT_CONSTRUCTED(n)))
		return true;
	return der_take(seq, (uint8_t)DER_CONTEXT_CONSTRUCTED(n), &outer) &&
	       der_take(&outer, tag, out) && outer.n == 0;
}

bool
dice_cert_input(const struct path_cert *c, struct dice_input *out)
{
	struct bytes v = c->ext[PX_DICE].value, seq, skip, mode;

	*out = (struct dice_input){ .mode = -1 };
	if (v.p == NULL || !der_take(&v, DER_SEQUENCE, &seq) || v.n != 0)
		return false;
	/* Descriptors of code [1] and authority [5], and the hash of the
	 * configuration [2], are passed over. */
	if (!take(&seq, 0, DER_OCTET_STRING, &out->code_hash) ||
	    !take(&seq, 1, DER_OCTET_STRING, &skip) ||
	    !take(&seq, 2, DER_OCTET_STRING, &skip) ||
	    !take(&seq, 3, DER_OCTET_STRING, &out->config) ||
	    !take(&seq, 4, DER_OCTET_STRING, &out->authority_hash) ||
	    !take(&seq, 5, DER_OCTET_STRING, &skip) ||
	    !take(&seq, 6, DER_ENUMERATED, &mode) ||
	    !take(&seq, 7, DER_UTF8, &out->profile) || seq.n != 0)
		return false;
	if (mode.n > 1 || (mode.n == 1 && mode.p[0] > MODE_MAX) ||
	    !text_is_utf8(out->profile))
		return false;
	if (mode.n == 1)
		out->mode = mode.p[0];
	return true;
}

bool
dice_cert_follows(const struct path_cert *c, const struct path_cert *issuer)
{
	return bytes_eq(c->issuer_dn, issuer->subject_dn) && issuer->ca &&
	       (!path_cert_has(issuer, PX_KEY_USAGE) ||
		   (issuer->key_usage & USAGE_CERT_SIGN) != 0);
}

bool
dice_cert_ok(struct ctx *cx, const struct path_cert *c)
{
	return c->version == 3 && !c->unknown_critical &&
	       cx->now >= c->not_before && cx->now <= c->not_after;
}
