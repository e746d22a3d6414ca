#include "domain/est.h"

#include "base/arena.h"
#include "domain/certify.h"
#include "domain/svc.h"
#include "pki/cms.h"
#include "pki/digest.h"
#include "pki/signers.h"

const struct err *
est_cacerts(struct ctx *cx, const char *label, struct est_cacerts *out)
{
	const struct signer *ca = cx->svc->signer;
	uint8_t hash[SHA256_BYTES];
	struct bytes ders[2];
	const struct err *e = NULL;
	struct label l;
	bool is_root;

	if (label != NULL)
		e = label_get(cx, label, &l);
	if (e == NULL && label != NULL)
		e = certify_issuer(cx, &l, &ca);
	if (e != NULL)
		return e;
	ders[0] = signer_cert(ca);
	ders[1] = cx->svc->root_cert;
	is_root = bytes_eq(ders[0], ders[1]);
	e = cms_certs_only(cx, ders, is_root ? 1 : 2, &out->cms);
	if (e != NULL)
		return e;
	digest_sha256(out->cms, hash);
	out->etag = arena_printf(
	    cx->arena, "\"%s\"", bytes_hex(cx->arena, BYTES_OF(hash)));
	return NULL;
}
