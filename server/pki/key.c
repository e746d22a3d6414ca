#include "pki/key.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/digest.h"
#include "pki/key_internal.h"
#include "pki/pem.h"

#define RSA_BITS_MIN 2048

const struct err ERR_BAD_KEY = { KIND_INVALID, "bad-key",
	"The key is not accepted: use P-256, P-384, Ed25519, or RSA of 2048 "
	"to 4096 bits with exponent 65537." };
const struct err ERR_BAD_SIGNATURE = { KIND_INVALID, "bad-signature",
	"The signature does not verify." };

/* An SPKI of a fixed shape: these bytes, then the key (RFC 5480 section 2,
 * uncompressed points only; RFC 8410 section 4).  Comparing whole prefixes
 * leaves no second encoding of a key. */
struct shape {
	enum key_type type;
	int bits;
	struct bytes prefix;
	size_t key_bytes;
};

static const uint8_t P256_PREFIX[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04 };
static const uint8_t P384_PREFIX[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
	0x22, 0x03, 0x62, 0x00, 0x04 };
static const uint8_t ED25519_PREFIX[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
	0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

static const struct shape SHAPES[] = {
	{ KEY_P256, 256, { P256_PREFIX, sizeof(P256_PREFIX) }, 64 },
	{ KEY_P384, 384, { P384_PREFIX, sizeof(P384_PREFIX) }, 96 },
	{ KEY_ED25519, 255, { ED25519_PREFIX, sizeof(ED25519_PREFIX) }, 32 },
};

/* AlgorithmIdentifier rsaEncryption with NULL parameters (RFC 3279 section
 * 2.3.1), and the exponent 65537 that ends the key. */
static const uint8_t RSA_ALGORITHM[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
	0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
static const uint8_t RSA_EXPONENT[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };

#define RSA_HEADER_BYTES (4 + sizeof(RSA_ALGORITHM) + 5 + 4 + 4)

static bool
parse_shape(struct bytes der, struct key_facts *out)
{
	size_t i;

	for (i = 0; i < sizeof(SHAPES) / sizeof(SHAPES[0]); i++) {
		const struct shape *s = &SHAPES[i];

		if (der.n != s->prefix.n + s->key_bytes ||
		    !bytes_eq((struct bytes){ der.p, s->prefix.n }, s->prefix))
			continue;
		out->type = s->type;
		out->bits = s->bits;
		return true;
	}
	return false;
}

/* Appends tag and a length of two bytes. */
static uint8_t *
put_head(uint8_t *p, uint8_t tag, size_t n)
{
	*p++ = tag;
	*p++ = 0x82;
	*p++ = (uint8_t)(n >> 8);
	*p++ = (uint8_t)n;
	return p;
}

/* Builds the one header that an accepted RSA key of this length can have,
 * and compares. */
static bool
parse_rsa(struct bytes der, struct key_facts *out)
{
	uint8_t head[RSA_HEADER_BYTES], *p = head;
	size_t m, key;
	const uint8_t *mod;
	int bits;

	if (der.n < RSA_HEADER_BYTES + RSA_BITS_MIN / 8 + sizeof(RSA_EXPONENT))
		return false;
	m = der.n - RSA_HEADER_BYTES - sizeof(RSA_EXPONENT);
	if (m > LIMIT_RSA_BITS / 8 + 1)
		return false;
	key = 4 + m + sizeof(RSA_EXPONENT);
	p = put_head(p, 0x30, der.n - 4);
	memcpy(p, RSA_ALGORITHM, sizeof(RSA_ALGORITHM));
	p = put_head(p + sizeof(RSA_ALGORITHM), 0x03, 1 + 4 + key);
	*p++ = 0;
	p = put_head(p, 0x30, key);
	(void)put_head(p, 0x02, m);
	mod = der.p + sizeof(head);
	if (!bytes_eq((struct bytes){ der.p, sizeof(head) }, BYTES_OF(head)) ||
	    !bytes_eq((struct bytes){ mod + m, sizeof(RSA_EXPONENT) },
		BYTES_OF(RSA_EXPONENT)))
		return false;
	/* A positive INTEGER without padding, and odd. */
	if ((mod[0] == 0 && mod[1] < 0x80) || mod[0] >= 0x80 ||
	    (mod[m - 1] & 1) == 0)
		return false;
	bits = (int)(m - 1) * 8;
	for (unsigned top = mod[0]; top != 0; top >>= 1)
		bits++;
	out->type = KEY_RSA;
	out->bits = bits;
	return bits >= RSA_BITS_MIN && bits <= LIMIT_RSA_BITS;
}

/* A key without its public half: the curve, prepared once.  Only read from
 * then on, so threads share it. */
static EVP_PKEY *p256_curve;
static pthread_once_t p256_once = PTHREAD_ONCE_INIT;

static void
make_p256_curve(void)
{
	AUTO(EVP_PKEY_CTX) *pc = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

	must(pc != NULL && EVP_PKEY_paramgen_init(pc) == 1 &&
	     EVP_PKEY_CTX_set_group_name(pc, SN_X9_62_prime256v1) == 1 &&
	     EVP_PKEY_paramgen(pc, &p256_curve) == 1);
}

/* The decoder of OpenSSL 3.0 takes 106 us for a P-256 key, a key made from
 * the curve's name and the point 17, this 5.  It refuses points off the curve
 * as well. */
static EVP_PKEY *
open_p256(struct bytes point)
{
	AUTO(EVP_PKEY) *key = EVP_PKEY_new();

	must(pthread_once(&p256_once, make_p256_curve) == 0);
	must(key != NULL && EVP_PKEY_copy_parameters(key, p256_curve) == 1);
	if (EVP_PKEY_set1_encoded_public_key(key, point.p, point.n) != 1)
		return NULL;
	return TAKE(key);
}

EVP_PKEY *
key_open(struct bytes spki)
{
	const unsigned char *p = spki.p;
	struct key_facts facts;
	EVP_PKEY *key;

	if (parse_shape(spki, &facts) && facts.type == KEY_P256)
		/* The point begins with the last byte of the prefix, 04. */
		key = open_p256(
		    (struct bytes){ spki.p + sizeof(P256_PREFIX) - 1, 65 });
	else
		key = d2i_PUBKEY(NULL, &p, (long)spki.n);
	if (key == NULL)
		ERR_clear_error();
	return key;
}

bool
key_form(struct bytes der, struct key_facts *out)
{
	return parse_shape(der, out) || parse_rsa(der, out);
}

const struct err *
key_parse_form(struct ctx *cx, struct bytes der, struct key_facts *out)
{
	if (!key_form(der, out))
		return fail(cx, &ERR_BAD_KEY,
		    "key: none of the accepted forms (E4), %zu bytes", der.n);
	digest_sha256(der, out->sha256);
	return NULL;
}

const struct err *
key_parse_spki(struct ctx *cx, struct bytes der, struct key_facts *out)
{
	AUTO(EVP_PKEY) *key = NULL;
	const struct err *e = key_parse_form(cx, der, out);

	if (e != NULL)
		return e;
	key = key_open(der);
	if (key == NULL)
		return fail(cx, &ERR_BAD_KEY,
		    "key: not a point of its curve (RFC 5480 section 2.2)");
	return NULL;
}

const struct err *
key_read_pem(struct ctx *cx, struct bytes pem, struct bytes *spki_der,
    struct key_facts *facts)
{
	struct bytes more;

	if (pem.n > LIMIT_BODY_SMALL ||
	    pem_next(cx->arena, &pem, "PUBLIC KEY", spki_der) != PEM_BLOCK ||
	    pem_next(cx->arena, &pem, "PUBLIC KEY", &more) != PEM_END)
		return fail(cx, &ERR_BAD_KEY, "key: not one PUBLIC KEY block");
	return key_parse_spki(cx, *spki_der, facts);
}

const char *
key_pem(struct ctx *cx, struct bytes spki_der)
{
	return pem_text(cx->arena, "PUBLIC KEY", spki_der);
}

const struct err *
key_parse_pem(struct ctx *cx, struct bytes pem, struct bytes *spki_der)
{
	struct key_facts facts;
	const struct err *e = key_read_pem(cx, pem, spki_der, &facts);

	if (e != NULL)
		return e;
	if (facts.type != KEY_P256)
		return fail(cx, &ERR_BAD_KEY, "key: ES256 needs P-256");
	return NULL;
}

const struct err *
key_point_p256(
    struct ctx *cx, struct bytes spki, struct bytes *x, struct bytes *y)
{
	struct key_facts facts;
	const struct err *e = key_parse_spki(cx, spki, &facts);

	if (e != NULL)
		return e;
	if (facts.type != KEY_P256)
		return fail(cx, &ERR_BAD_KEY, "key: not P-256");
	*x = bytes_dup(
	    cx->arena, (struct bytes){ spki.p + sizeof(P256_PREFIX), 32 });
	*y = bytes_dup(
	    cx->arena, (struct bytes){ spki.p + sizeof(P256_PREFIX) + 32, 32 });
	return NULL;
}

/* DER of an ECDSA signature from r || s; the caller frees with OPENSSL_free. */
static unsigned char *
sig_to_der(struct bytes rs, int *n)
{
	AUTO(ECDSA_SIG) *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(rs.p, 32, NULL);
	BIGNUM *s = BN_bin2bn(rs.p + 32, 32, NULL);
	unsigned char *der = NULL;

	must(sig != NULL && r != NULL && s != NULL);
	must(ECDSA_SIG_set0(sig, r, s) == 1);
	*n = i2d_ECDSA_SIG(sig, &der);
	must(*n > 0);
	return der;
}

bool
key_verify_es256(
    struct ctx *cx, struct bytes spki, struct bytes msg, struct bytes sig_rs64)
{
	AUTO(EVP_PKEY) *key = NULL;
	AUTO(EVP_MD_CTX) *md = EVP_MD_CTX_new();
	struct key_facts facts;
	unsigned char *der;
	bool ok;
	int n;

	must(md != NULL);
	if (sig_rs64.n != 64 || key_parse_spki(cx, spki, &facts) != NULL ||
	    facts.type != KEY_P256)
		return false;
	key = key_open(spki);
	der = sig_to_der(sig_rs64, &n);
	ok = EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
	     EVP_DigestVerify(md, der, (size_t)n, msg.p, msg.n) == 1;
	OPENSSL_free(der);
	if (!ok)
		ERR_clear_error();
	return ok;
}
