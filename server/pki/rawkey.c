#include "pki/rawkey.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/der.h"
#include "pki/der_put.h"
#include "pki/digest_internal.h"
#include "pki/key.h"
#include "pki/key_internal.h"

#define SPKI_MAX 1024

/* A positive INTEGER: no leading zeros, and one where the top bit is set. */
static void
put_unsigned(struct buf *b, struct bytes be)
{
	size_t at = der_begin(b, DER_INTEGER);

	while (be.n > 1 && be.p[0] == 0) {
		be.p++;
		be.n--;
	}
	if (be.n > 0 && be.p[0] >= 0x80)
		buf_put(b, (struct bytes){ (const uint8_t *)"", 1 });
	buf_put(b, be);
	der_end(b, at);
}

static void
put_rsa_key(struct buf *b, struct bytes modulus)
{
	static const uint8_t exponent[] = { 1, 0, 1 };
	size_t bits = der_begin(b, DER_BIT_STRING), seq;

	buf_put(b, (struct bytes){ (const uint8_t *)"", 1 });
	seq = der_begin(b, DER_SEQUENCE);
	put_unsigned(b, modulus);
	put_unsigned(b, BYTES_OF(exponent));
	der_end(b, seq);
	der_end(b, bits);
}

const struct err *
rawkey_rsa(struct ctx *cx, struct bytes modulus, struct bytes *spki)
{
	struct key_facts facts;
	struct buf b;
	size_t seq, alg;

	buf_init(&b, cx->arena, SPKI_MAX);
	seq = der_begin(&b, DER_SEQUENCE);
	alg = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "1.2.840.113549.1.1.1");
	der_put(&b, DER_NULL, BYTES_NONE);
	der_end(&b, alg);
	put_rsa_key(&b, modulus);
	der_end(&b, seq);
	if (!buf_bytes(&b, spki))
		return fail(cx, &ERR_BAD_KEY, "key: modulus over the limit");
	return key_parse_spki(cx, *spki, &facts);
}

const struct err *
rawkey_ec(struct ctx *cx, struct bytes x, struct bytes y, struct bytes *spki)
{
	struct key_facts facts;
	struct buf b;
	size_t seq, alg, bits;

	buf_init(&b, cx->arena, SPKI_MAX);
	seq = der_begin(&b, DER_SEQUENCE);
	alg = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "1.2.840.10045.2.1");
	der_put_oid(&b, x.n == 32 ? "1.2.840.10045.3.1.7" : "1.3.132.0.34");
	der_end(&b, alg);
	bits = der_begin(&b, DER_BIT_STRING);
	/* No unused bits, and the point is not compressed. */
	buf_put(&b, (struct bytes){ (const uint8_t *)"\0\4", 2 });
	buf_put(&b, x);
	buf_put(&b, y);
	der_end(&b, bits);
	der_end(&b, seq);
	if (!buf_bytes(&b, spki))
		return fail(cx, &ERR_BAD_KEY, "key: point over the limit");
	return key_parse_spki(cx, *spki, &facts);
}

const struct err *
rawkey_ed25519(struct ctx *cx, struct bytes x, struct bytes *spki)
{
	struct key_facts facts;
	struct buf b;
	size_t seq, alg, bits;

	buf_init(&b, cx->arena, SPKI_MAX);
	seq = der_begin(&b, DER_SEQUENCE);
	alg = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "1.3.101.112");
	der_end(&b, alg);
	bits = der_begin(&b, DER_BIT_STRING);
	buf_put(&b, (struct bytes){ (const uint8_t *)"", 1 });
	buf_put(&b, x);
	der_end(&b, bits);
	der_end(&b, seq);
	if (!buf_bytes(&b, spki))
		return fail(cx, &ERR_BAD_KEY, "key: point over the limit");
	return key_parse_spki(cx, *spki, &facts);
}

/* The key if it is of the family, "RSA" or "EC". */
static EVP_PKEY *
open_family(struct bytes spki, const char *family)
{
	EVP_PKEY *key = key_open(spki);

	if (key != NULL && !EVP_PKEY_is_a(key, family)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static bool
verify(EVP_PKEY *key, size_t hash, struct bytes msg, struct bytes sig)
{
	AUTO(EVP_MD_CTX) *c = EVP_MD_CTX_new();
	const EVP_MD *md = digest_md(hash);
	bool ok;

	must(c != NULL);
	ok = md != NULL && EVP_DigestVerifyInit(c, NULL, md, NULL, key) == 1 &&
	     EVP_DigestVerify(c, sig.p, sig.n, msg.p, msg.n) == 1;
	if (!ok)
		ERR_clear_error();
	return ok;
}

bool
rawkey_verify_rsa(
    struct bytes spki, size_t hash, struct bytes msg, struct bytes sig)
{
	AUTO(EVP_PKEY) *key = open_family(spki, "RSA");

	return key != NULL && verify(key, hash, msg, sig);
}

bool
rawkey_verify_ec(
    struct bytes spki, size_t hash, struct bytes msg, const struct bytes rs[2])
{
	AUTO(EVP_PKEY) *key = open_family(spki, "EC");
	AUTO(ECDSA_SIG) *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	BIGNUM *r, *s;
	bool ok;
	int n;

	must(sig != NULL);
	if (key == NULL || rs[0].n > LIMIT_CERT || rs[1].n > LIMIT_CERT)
		return false;
	r = BN_bin2bn(rs[0].p, (int)rs[0].n, NULL);
	s = BN_bin2bn(rs[1].p, (int)rs[1].n, NULL);
	must(r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1);
	n = i2d_ECDSA_SIG(sig, &der);
	must(n > 0);
	ok = verify(key, hash, msg, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	return ok;
}
