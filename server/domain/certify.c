#include "domain/certify.h"

#include "base/log.h"
#include "domain/lineage.h"
#include "domain/metrics.h"
#include "domain/svc.h"
#include "pki/cms.h"
#include "pki/signers.h"

const struct err ERR_NOT_ENROLLED = { KIND_FORBIDDEN, "enrollment-refused",
	"This device may not enroll now; the operator can find the reason by "
	"the request id." };

static const struct err ERR_KEY_TYPE = { KIND_FORBIDDEN, "key-type-refused",
	"Keys of this type or size are not certified here; see csrattrs." };
static const struct err ERR_ISSUER = { KIND_UNAVAILABLE, "issuer-missing",
	"The issuing CA of this label is not here now; try again later." };

const struct err *
certify_key(struct ctx *cx, const struct label *l, const struct key_facts *key)
{
	if ((l->key_types & 1u << key->type) == 0 ||
	    (key->type == KEY_RSA && key->bits < l->rsa_bits))
		return fail(cx, &ERR_KEY_TYPE,
		    "label %s takes no such key (type %d, %d bits)", l->name,
		    (int)key->type, key->bits);
	return NULL;
}

const struct err *
certify_issuer(struct ctx *cx, const struct label *l, const struct signer **out)
{
	*out = signers_get(cx->svc->signers, l->issuer);
	if (*out == NULL)
		return fail(cx, &ERR_ISSUER, "no issuing CA %s on this node",
		    l->issuer);
	return NULL;
}

const struct err *
certify_sign(struct ctx *cx, const struct label *l, const struct csr *csr,
    struct issue *io, struct certificate_new *c)
{
	const struct signer *ca;
	const struct err *e;

	e = certify_key(cx, l, &csr->key);
	if (e == NULL)
		e = certify_issuer(cx, l, &ca);
	if (e != NULL)
		return e;
	io->profile = &l->cert;
	io->spki = csr->spki;
	io->id = c->device_id;
	io->now = cx->now;
	io->earliest = lineage_earliest(cx);
	e = issue_certificate(cx, ca, io);
	c->serial = io->serial;
	c->der = io->der;
	c->not_before = io->not_before;
	c->not_after = io->not_after;
	c->profile = l->name;
	c->key_sha256 = csr->key.sha256;
	return e;
}

void
certify_log(struct ctx *cx, const char *event, const char *model,
    const struct certificate_new *c)
{
	metrics_certificate(cx, strchr(event, '.') + 1, model);
	LOG(cx, event, LOG_S("device", c->device_id),
	    LOG_S("serial", bytes_hex(cx->arena, c->serial)),
	    LOG_I("not_after", c->not_after));
	lineage_issued(cx, c);
}

const struct err *
certify_answer(struct ctx *cx, struct bytes der, struct est_out *out)
{
	return cms_certs_only(cx, &der, 1, &out->cms);
}
