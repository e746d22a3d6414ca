#include "domain/est.h"

#include "base/arena.h"
#include "domain/certify.h"
#include "domain/svc.h"
#include "pki/cms.h"
#include "pki/digest.h"
#include "pki/signers.h"

/* The CA, with the main one the one before or after it, and the roots, each
 * once: how many. */
static size_t
ca_certs(const struct svc *svc, const struct signer *ca,
    struct bytes out[2 + ROOT_CERTS])
{
	const int also = signers_find(svc->signers, svc->set.issuing_also);
	size_t i, n = 0;

	out[n++] = signer_cert(ca);
	if (ca == svc->signer && also > 0)
		out[n++] = signer_cert(signers_at(svc->signers, (size_t)also));
	for (i = 0; i < svc->roots; i++)
		if (!bytes_eq(svc->root_cert[i], out[0]))
			out[n++] = svc->root_cert[i];
	return n;
}

const struct err *
est_cacerts(struct ctx *cx, const char *label, struct est_cacerts *out)
{
	const struct signer *ca = cx->svc->signer;
	uint8_t hash[SHA256_BYTES];
	struct bytes ders[2 + ROOT_CERTS];
	const struct err *e = NULL;
	struct label l;
	size_t n;

	if (label != NULL)
		e = label_get(cx, label, &l);
	if (e == NULL && label != NULL)
		e = certify_issuer(cx, &l, &ca);
	if (e != NULL)
		return e;
	n = ca_certs(cx->svc, ca, ders);
	e = cms_certs_only(cx, ders, n, &out->cms);
	if (e != NULL)
		return e;
	digest_sha256(out->cms, hash);
	out->etag = arena_printf(
	    cx->arena, "\"%s\"", bytes_hex(cx->arena, BYTES_OF(hash)));
	return NULL;
}
