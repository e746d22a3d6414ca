#include "domain/certify.h"

#include "base/log.h"
#include "domain/svc.h"
#include "pki/cms.h"
#include "pki/profile.h"
#include "pki/signer.h"

const struct err ERR_NOT_ENROLLED = { KIND_FORBIDDEN, "enrollment-refused",
	"This device may not enroll now; the operator can find the reason by "
	"the request id." };

const struct err *
certify_sign(struct ctx *cx, const char *profile, const struct csr *csr,
    struct issue *io, struct certificate_new *c)
{
	const struct err *e;

	io->profile = profile_get(cx->svc->profiles, profile);
	if (io->profile == NULL)
		return fail(cx, &ERR_INTERNAL,
		    "profile %s is not in the profiles file", profile);
	io->spki = csr->spki;
	io->id = c->device_id;
	io->now = cx->now;
	e = issue_certificate(cx, cx->svc->signer, io);
	c->serial = io->serial;
	c->der = io->der;
	c->not_before = io->not_before;
	c->not_after = io->not_after;
	c->profile = profile;
	c->key_sha256 = csr->key.sha256;
	return e;
}

void
certify_log(struct ctx *cx, const char *event, const struct certificate_new *c)
{
	LOG(cx, event, LOG_S("device", c->device_id),
	    LOG_S("serial", bytes_hex(cx->arena, c->serial)),
	    LOG_I("not_after", c->not_after));
}

const struct err *
certify_answer(struct ctx *cx, struct bytes der, struct est_out *out)
{
	return cms_certs_only(cx, &der, 1, &out->cms);
}
