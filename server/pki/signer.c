#include "pki/signer.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/cert.h"
#include "pki/keyfile.h"
#include "pki/key_internal.h"
#include "pki/pem.h"
#include "pki/sigalg.h"
#include "pki/signer_internal.h"

struct bytes
signer_encode(X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);

	must(n > 0);
	return (struct bytes){ der, (size_t)n };
}

/* The certificate as others read it: one that was just built has no usable
 * key yet. */
static X509 *
decode(struct bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	must(x != NULL);
	return x;
}

EVP_MD_CTX *
signer_begin(EVP_PKEY *key)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	must(md != NULL &&
	     EVP_DigestSignInit(md, NULL, key_digest(key), NULL, key) == 1);
	EVP_MD_CTX_set_flags(md, EVP_MD_CTX_FLAG_FINALISE);
	return md;
}

/* Beginning a signature costs OpenSSL 3.0 look-ups under locks; copying one
 * that was begun does not. */
size_t
signer_finish(
    const EVP_MD_CTX *begun, struct bytes msg, uint8_t sig[SIGNATURE_MAX])
{
	AUTO(EVP_MD_CTX) *md = EVP_MD_CTX_new();
	size_t n = SIGNATURE_MAX;

	must(md != NULL && EVP_MD_CTX_copy_ex(md, begun) == 1);
	must(EVP_DigestSign(md, sig, &n, msg.p, msg.n) == 1);
	return n;
}

static void
prepare(struct signer *s)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(s->cert);

	must(X509_NAME_get0_der(
		 X509_get_subject_name(s->cert), &s->name.p, &s->name.n) == 1);
	if (id != NULL)
		s->key_id = (struct bytes){ ASN1_STRING_get0_data(id),
			(size_t)ASN1_STRING_length(id) };
	s->algorithm = sigalg_der(s->key);
	s->begun = signer_begin(s->key);
}

size_t
signer_sign(
    const struct signer *s, struct bytes msg, uint8_t sig[SIGNATURE_MAX])
{
	return signer_finish(s->begun, msg, sig);
}

struct signer *
signer_wrap(X509 *cert, EVP_PKEY *key)
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx cx = { .arena = a };
	struct signer *s = mem_new(1, sizeof(*s));
	struct cert facts;

	s->der = signer_encode(cert);
	X509_free(cert);
	s->cert = decode(s->der);
	s->key = key;
	if (cert_parse(&cx, s->der, &facts) != NULL || !facts.is_ca ||
	    !facts.ku_cert_sign || X509_check_private_key(s->cert, key) != 1) {
		ERR_clear_error();
		signer_free(s);
		return NULL;
	}
	s->not_before = facts.not_before;
	s->not_after = facts.not_after;
	prepare(s);
	return s;
}

/* The first certificate of a PEM file. */
static X509 *
read_certificate(const char *path, char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct keyfile text = { NULL, 0 };
	struct bytes rest, der;
	X509 *x = NULL;

	if (!keyfile_read(path, false, &text, why))
		return NULL;
	rest = (struct bytes){ (const uint8_t *)text.p, text.n };
	if (pem_next(a, &rest, "CERTIFICATE", &der) == PEM_BLOCK) {
		const unsigned char *p = der.p;

		x = d2i_X509(NULL, &p, (long)der.n);
		ERR_clear_error();
	}
	keyfile_free(&text);
	if (x == NULL)
		(void)snprintf(why, 256, "%.180s: no certificate", path);
	return x;
}

struct signer *
signer_open(const char *cert_path, const char *key_path, char why[256])
{
	AUTO(X509) *cert = read_certificate(cert_path, why);
	AUTO_STRUCT(keypair) *kp = NULL;
	struct signer *s;

	if (cert == NULL)
		return NULL;
	kp = keypair_load(key_path, why);
	if (kp == NULL)
		return NULL;
	must(EVP_PKEY_up_ref(kp->key) == 1);
	s = signer_wrap(TAKE(cert), kp->key);
	if (s == NULL)
		(void)snprintf(why, 256,
		    "%.120s: no CA certificate, or not that of %.80s",
		    cert_path, key_path);
	return s;
}

struct bytes
signer_cert(const struct signer *s)
{
	return s->der;
}

void
signer_free(struct signer *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->begun);
	X509_free(s->cert);
	EVP_PKEY_free(s->key);
	OPENSSL_free((void *)(uintptr_t)s->der.p);
	mem_free(s);
}
