#include "domain/link.h"

static const struct err ERR_LINK = { KIND_FORBIDDEN, "link-failed",
	"The challengePassword is not the base64 of this connection's "
	"tls-unique (TLS 1.2) or tls-exporter (TLS 1.3): make the request "
	"anew for each connection." };
static const struct err ERR_NO_LINK = { KIND_FORBIDDEN, "link-missing",
	"This label wants the connection's channel binding as "
	"challengePassword (RFC 7030 section 3.5)." };

const struct err *
link_check(struct ctx *cx, const struct label *l, const struct csr *csr,
    struct bytes binding)
{
	if (!csr->has_challenge && l->binding_required)
		return fail(cx, &ERR_NO_LINK, "label %s", l->name);
	if (!csr->has_challenge)
		return NULL;
	if (binding.n == 0)
		return fail(cx, &ERR_LINK, "the connection has no binding");
	if (!bytes_eq(csr->challenge, bytes_str(bytes_b64(cx->arena, binding))))
		return fail(cx, &ERR_LINK, "it is of another connection");
	return NULL;
}
