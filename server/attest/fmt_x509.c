#include "attest/fmt_x509.h"

#include "base/text.h"
#include "pki/chain.h"

static const struct err *
parse_leaf(struct ctx *cx, struct idevid *out)
{
	const char *serial = out->leaf.subject_serial;

	if (out->leaf.is_ca)
		return fail(cx, &ERR_BAD_EVIDENCE, "idevid: leaf is a CA");
	/* IEEE 802.1AR section 8.6: the serialNumber attribute is the
	 * device's own; one outside its alphabet matches no allowlist. */
	if (serial != NULL && !text_is_serial(bytes_str(serial)))
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "idevid: serialNumber is not a serial number (X.680 "
		    "PrintableString, at most 64)");
	out->serial = serial;
	return NULL;
}

const struct err *
idevid_parse(
    struct ctx *cx, const struct bytes *chain, size_t n, struct idevid *out)
{
	struct cert ca, *c = &out->leaf;
	size_t i;

	*out = (struct idevid){ .n = n };
	if (n < 1 || n > LIMIT_CHAIN)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "idevid: %zu certificates, limit %d (E4)", n, LIMIT_CHAIN);
	for (i = 0; i < n; i++) {
		if (cert_parse(cx, chain[i], c) != NULL)
			return fail(cx, &ERR_BAD_EVIDENCE,
			    "idevid: certificate %zu: %s", i, cx->reason);
		out->chain[i] = chain[i];
		out->issuers[i] =
		    bytes_dup(cx->arena, BYTES_OF(c->issuer_sha256));
		c = &ca;
	}
	return parse_leaf(cx, out);
}

const struct err *
idevid_verify(struct ctx *cx, const struct idevid *id, struct anchors *known,
    const struct attest_anchor *anchor)
{
	return chain_verify_anchor(cx, id->chain, id->n, known, anchor->value,
	    anchor->scope_spki_sha256);
}
