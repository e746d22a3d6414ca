#include "pki/cms.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/der.h"
#include "pki/ossl.h"

const struct err ERR_BAD_CMS = { KIND_INVALID, "bad-cms",
	"This is no certs-only CMS message." };

/* id-signedData. */
static const uint8_t OID_SIGNED_DATA[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x07, 0x02 };
/* What stands before the certificates of a degenerate SignedData (RFC 5652
 * section 5.1): version 1, no digests, id-data without content. */
static const uint8_t HEAD[] = { 0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0b, 0x06,
	0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
static const uint8_t NO_SIGNERS[] = { 0x31, 0x00 };

/* A DER item around the parts. */
static struct bytes
wrap(struct arena *a, uint8_t tag, const struct bytes *parts, size_t n)
{
	size_t i, sum = 0, len = 1;
	uint8_t *whole, *p;

	for (i = 0; i < n; i++)
		sum += parts[i].n;
	for (i = sum; sum > 0x7f && i > 0; i >>= 8)
		len++;
	p = whole = arena_alloc(a, 1 + len + sum);
	*p++ = tag;
	*p++ = (uint8_t)(len == 1 ? sum : 0x80 | (len - 1));
	for (i = len - 1; i-- > 0;)
		*p++ = (uint8_t)(sum >> 8 * i);
	for (i = 0; i < n; i++) {
		memcpy(p, parts[i].p, parts[i].n);
		p += parts[i].n;
	}
	return (struct bytes){ whole, 1 + len + sum };
}

/* Written by hand: the library would decode each certificate first, and its
 * key with it, which costs more than the signature (docs/performance.md). */
const struct err *
cms_certs_only(
    struct ctx *cx, const struct bytes *ders, size_t n, struct bytes *out)
{
	struct bytes body[] = { BYTES_OF(HEAD), BYTES_NONE,
		BYTES_OF(NO_SIGNERS) };
	struct bytes message[] = { BYTES_OF(OID_SIGNED_DATA), BYTES_NONE };
	struct bytes rest, one, data;
	size_t i;

	for (i = 0; i < n; i++) {
		rest = ders[i];
		if (!der_take(&rest, DER_SEQUENCE, &one) || rest.n > 0)
			return fail(cx, &ERR_BAD_CMS,
			    "cms: certificate %zu is not DER", i);
	}
	body[1] = wrap(cx->arena, DER_CONTEXT_CONSTRUCTED(0), ders, n);
	data = wrap(cx->arena, DER_SEQUENCE, body, 3);
	message[1] = wrap(cx->arena, DER_CONTEXT_CONSTRUCTED(0), &data, 1);
	*out = wrap(cx->arena, DER_SEQUENCE, message, 2);
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
