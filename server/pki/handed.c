#include "pki/handed.h"

#include "pki/ossl.h"

const struct err *
cert_take_x509(struct ctx *cx, void *x509, struct cert *out)
{
	AUTO(X509) *owned = x509;

	return cert_parse_x509(cx, owned, out);
}
