#include "pki/credential.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "pki/credential_internal.h"
#include "pki/digest_internal.h"
#include "pki/key.h"
#include "pki/key_internal.h"

#define POINT_MAX 48 /* bytes of a coordinate */
#define OUT_MAX (2 * KIB)

static void
put16(struct buf *b, size_t v)
{
	uint8_t be[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	buf_put(b, BYTES_OF(be));
}

static void
put32(struct buf *b, size_t v)
{
	put16(b, v >> 16);
	put16(b, v & 0xffff);
}

static void
put_2b(struct buf *b, struct bytes content)
{
	put16(b, content.n);
	buf_put(b, content);
}

static struct bytes
built(const struct buf *b)
{
	struct bytes out = BYTES_NONE;

	must(buf_bytes(b, &out));
	return out;
}

static void
hmac(size_t hash, struct bytes key, struct bytes msg, uint8_t out[DIGEST_MAX])
{
	unsigned n = 0;

	must(HMAC(digest_md(hash), key.p, (int)key.n, msg.p, msg.n, out, &n) !=
		 NULL &&
	     n == hash);
}

/* One block is enough: no key here is longer than its digest. */
void
credential_kdfa(
    const struct credential_kdf *in, size_t bits, uint8_t out[DIGEST_MAX])
{
	AUTO_STRUCT(arena) *a = arena_new(16 * KIB);
	struct buf b;

	must(bits <= 8 * in->hash);
	buf_init(&b, a, OUT_MAX);
	put32(&b, 1);
	buf_put(&b, (struct bytes){
			(const uint8_t *)in->label, strlen(in->label) + 1 });
	buf_put(&b, in->context);
	put32(&b, bits);
	hmac(in->hash, in->seed, built(&b), out);
}

/* AES in CFB mode under a zero IV: the key is of one use. */
static void
encrypt(size_t bits, const uint8_t *key, struct bytes in, uint8_t *out)
{
	static const uint8_t iv[16];
	AUTO(EVP_CIPHER_CTX) *c = EVP_CIPHER_CTX_new();
	int n = 0;

	must(c != NULL &&
	     EVP_EncryptInit_ex(c,
		 bits == 128 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128(),
		 NULL, key, iv) == 1 &&
	     EVP_EncryptUpdate(c, out, &n, in.p, (int)in.n) == 1 &&
	     (size_t)n == in.n);
}

struct bytes
credential_wrap(struct ctx *cx, const struct credential_ek *ek,
    struct bytes seed, struct bytes name, struct bytes secret)
{
	uint8_t key[DIGEST_MAX], sealed[2 + DIGEST_MAX], mac[DIGEST_MAX];
	struct credential_kdf kdf = { ek->name_hash, seed, "STORAGE", name };
	struct bytes identity = { sealed, 2 + secret.n };
	struct buf plain, named, out;

	must(secret.n <= ek->name_hash);
	buf_init(&plain, cx->arena, OUT_MAX);
	put_2b(&plain, secret);
	credential_kdfa(&kdf, ek->sym_bits, key);
	encrypt(ek->sym_bits, key, built(&plain), sealed);
	kdf.label = "INTEGRITY";
	kdf.context = BYTES_NONE;
	credential_kdfa(&kdf, 8 * ek->name_hash, key);
	buf_init(&named, cx->arena, OUT_MAX);
	buf_put(&named, identity);
	buf_put(&named, name);
	hmac(ek->name_hash, (struct bytes){ key, ek->name_hash }, built(&named),
	    mac);
	explicit_bzero(key, sizeof(key));
	buf_init(&out, cx->arena, OUT_MAX);
	put16(&out, 2 + ek->name_hash + identity.n);
	put_2b(&out, (struct bytes){ mac, ek->name_hash });
	buf_put(&out, identity);
	return built(&out);
}

/* The seed, encrypted with OAEP (annex B.4): its hash is nameAlg, its label
 * ends in NUL. */
static bool
seed_rsa(struct ctx *cx, EVP_PKEY *key, const struct credential_ek *ek,
    struct bytes seed, struct bytes *out)
{
	AUTO(EVP_PKEY_CTX) *c = EVP_PKEY_CTX_new(key, NULL);
	void *label =
	    OPENSSL_memdup(CREDENTIAL_LABEL, sizeof(CREDENTIAL_LABEL));
	uint8_t sealed[LIMIT_RSA_BITS / 8];
	size_t n = sizeof(sealed);
	struct buf b;

	must(c != NULL && label != NULL && EVP_PKEY_encrypt_init(c) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md(c, digest_md(ek->name_hash)) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md(c, digest_md(ek->name_hash)) == 1 &&
	     EVP_PKEY_CTX_set0_rsa_oaep_label(
		 c, label, sizeof(CREDENTIAL_LABEL)) == 1);
	if (EVP_PKEY_encrypt(c, sealed, &n, seed.p, seed.n) != 1)
		return false;
	buf_init(&b, cx->arena, OUT_MAX);
	put_2b(&b, (struct bytes){ sealed, n });
	*out = built(&b);
	return true;
}

/* The affine coordinates of a point, in full length. */
static void
point_of(EVP_PKEY *key, size_t n, uint8_t x[POINT_MAX], uint8_t y[POINT_MAX])
{
	uint8_t point[1 + 2 * POINT_MAX];
	size_t got = 0;

	must(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
		 point, sizeof(point), &got) == 1 &&
	     got == 1 + 2 * n && point[0] == 4);
	memcpy(x, point + 1, n);
	memcpy(y, point + 1 + n, n);
}

static EVP_PKEY *
ephemeral(EVP_PKEY *like)
{
	AUTO(EVP_PKEY_CTX) *c = EVP_PKEY_CTX_new(like, NULL);
	EVP_PKEY *key = NULL;

	must(c != NULL && EVP_PKEY_keygen_init(c) == 1 &&
	     EVP_PKEY_keygen(c, &key) == 1);
	return key;
}

/* The x coordinate of the shared point. */
static bool
agree(EVP_PKEY *own, EVP_PKEY *peer, size_t n, uint8_t z[POINT_MAX])
{
	AUTO(EVP_PKEY_CTX) *c = EVP_PKEY_CTX_new(own, NULL);
	size_t got = n;

	must(c != NULL && EVP_PKEY_derive_init(c) == 1);
	return EVP_PKEY_derive_set_peer(c, peer) == 1 &&
	       EVP_PKEY_derive(c, z, &got) == 1 && got == n;
}

/* The seed by one-pass ECDH with an ephemeral key and KDFe (annex C.6.1,
 * section 11.4.10.3). */
static bool
seed_ec(struct ctx *cx, EVP_PKEY *key, size_t hash, uint8_t seed[DIGEST_MAX],
    struct bytes *out)
{
	AUTO(EVP_PKEY) *own = ephemeral(key);
	uint8_t z[POINT_MAX], x[2][POINT_MAX], y[2][POINT_MAX];
	size_t n = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	struct buf kdf, b;

	if (n > POINT_MAX || !agree(own, key, n, z))
		return false;
	point_of(own, n, x[0], y[0]);
	point_of(key, n, x[1], y[1]);
	buf_init(&kdf, cx->arena, OUT_MAX);
	put32(&kdf, 1);
	buf_put(&kdf, (struct bytes){ z, n });
	buf_put(&kdf, (struct bytes){ (const uint8_t *)CREDENTIAL_LABEL,
			  sizeof(CREDENTIAL_LABEL) });
	buf_put(&kdf, (struct bytes){ x[0], n });
	buf_put(&kdf, (struct bytes){ x[1], n });
	must(digest_sized(hash, built(&kdf), seed));
	explicit_bzero(z, sizeof(z));
	buf_init(&b, cx->arena, OUT_MAX);
	put16(&b, 2 * (2 + n));
	put_2b(&b, (struct bytes){ x[0], n });
	put_2b(&b, (struct bytes){ y[0], n });
	*out = built(&b);
	return true;
}

const struct err *
credential_make(struct ctx *cx, const struct credential_ek *ek,
    struct bytes name, struct bytes secret, struct bytes out[2])
{
	AUTO(EVP_PKEY) *key = key_open(ek->spki);
	uint8_t seed[DIGEST_MAX];
	struct bytes s = { seed, ek->name_hash };
	bool ok = false;

	if (key != NULL && EVP_PKEY_is_a(key, "RSA")) {
		rng_bytes(seed, s.n);
		ok = seed_rsa(cx, key, ek, s, &out[1]);
	} else if (key != NULL && EVP_PKEY_is_a(key, "EC")) {
		ok = seed_ec(cx, key, ek->name_hash, seed, &out[1]);
	}
	if (ok)
		out[0] = credential_wrap(cx, ek, s, name, secret);
	explicit_bzero(seed, sizeof(seed));
	ERR_clear_error();
	return ok ? NULL
		  : fail(cx, &ERR_BAD_KEY,
			"credential: the endorsement key "
			"takes none");
}
