#include "pki/cms.h"

#include "base/limits.h"
#include "base/mem.h"
#include "pki/ossl.h"

const struct err ERR_BAD_CMS = { KIND_INVALID, "bad-cms",
	"This is no certs-only CMS message." };

/* An empty SignedData without content and signers, version 1 (RFC 5652
 * section 5.1). */
static PKCS7 *
degenerate(void)
{
	PKCS7 *p7 = PKCS7_new();

	must(p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1);
	must(PKCS7_content_new(p7, NID_pkcs7_data) == 1);
	must(PKCS7_set_detached(p7, 1) == 1);
	return p7;
}

const struct err *
cms_certs_only(
    struct ctx *cx, const struct bytes *ders, size_t n, struct bytes *out)
{
	AUTO(PKCS7) *p7 = degenerate();
	unsigned char *der = NULL;
	size_t i;
	int len;

	for (i = 0; i < n; i++) {
		const unsigned char *p = ders[i].p;
		AUTO(X509) *x = d2i_X509(NULL, &p, (long)ders[i].n);

		if (x == NULL) {
			ERR_clear_error();
			return fail(cx, &ERR_BAD_CMS,
			    "cms: certificate %zu does not decode", i);
		}
		must(PKCS7_add_certificate(p7, x) == 1);
	}
	len = i2d_PKCS7(p7, &der);
	must(len > 0);
	*out = bytes_dup(cx->arena, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return NULL;
}

static PKCS7 *
decode(struct bytes der)
{
	const unsigned char *p = der.p;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)der.n);

	ERR_clear_error();
	if (p7 != NULL && p == der.p + der.n && PKCS7_type_is_signed(p7) &&
	    p7->d.sign != NULL &&
	    sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info) == 0 &&
	    PKCS7_get_detached(p7))
		return p7;
	PKCS7_free(p7);
	return NULL;
}

const struct err *
cms_read_certs(
    struct ctx *cx, struct bytes der, struct bytes *ders, size_t max, size_t *n)
{
	AUTO(PKCS7) *p7 = NULL;
	STACK_OF(X509) * certs;
	int i, count;

	*n = 0;
	if (der.n > max * LIMIT_CERT + KIB)
		return fail(cx, &ERR_BAD_CMS, "cms: longer than the limit");
	p7 = decode(der);
	if (p7 == NULL)
		return fail(cx, &ERR_BAD_CMS,
		    "cms: not one degenerate SignedData (RFC 5272 section "
		    "4.1)");
	certs = p7->d.sign->cert;
	count = certs == NULL ? 0 : sk_X509_num(certs);
	if (count < 1 || (size_t)count > max)
		return fail(cx, &ERR_BAD_CMS, "cms: %d certificates", count);
	for (i = 0; i < count; i++) {
		unsigned char *p = NULL;
		int len = i2d_X509(sk_X509_value(certs, i), &p);

		must(len > 0);
		ders[(*n)++] =
		    bytes_dup(cx->arena, (struct bytes){ p, (size_t)len });
		OPENSSL_free(p);
	}
	return NULL;
}
