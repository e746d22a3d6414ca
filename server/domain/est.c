#include "domain/est.h"

#include "domain/svc.h"
#include "pki/cms.h"
#include "pki/signer.h"

const struct err *
est_cacerts(struct ctx *cx, struct bytes *cms)
{
	struct bytes ders[] = { signer_cert(cx->svc->signer),
		cx->svc->root_cert };

	return cms_certs_only(cx, ders, 2, cms);
}
