#include "pki/keywrap.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "pki/der_put.h"
#include "pki/key_internal.h"
#include "pki/signer_internal.h"

/* id-ct-KP-aKeyPackage, RFC 5958 section 2. */
#define KEY_PACKAGE "2.16.840.1.101.2.1.2.78.5"

const struct err ERR_KEYWRAP = { KIND_FORBIDDEN, "key-not-encrypted",
	"The key cannot be encrypted as the request asks: name the key of the "
	"client certificate, by its subjectKeyIdentifier, P-256, P-384 or RSA, "
	"and AES among the capabilities." };

/* aes256-CBC and aes128-CBC, RFC 3565 section 4.1. */
static const uint8_t AES256[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	0x01, 0x2a };
static const uint8_t AES128[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	0x01, 0x02 };

/* The better one of those that the client has (RFC 8551 section 2.5.2); NULL
 * if it has neither, or its list is malformed. */
static const EVP_CIPHER *
choose_cipher(struct bytes capabilities)
{
	const EVP_CIPHER *cipher = NULL;
	struct bytes list, one, oid;

	if (capabilities.n == 0)
		return EVP_aes_256_cbc();
	if (!der_take(&capabilities, DER_SEQUENCE, &list) ||
	    capabilities.n != 0)
		return NULL;
	while (list.n > 0) {
		if (!der_take(&list, DER_SEQUENCE, &one) ||
		    !der_take_oid(&one, &oid))
			return NULL;
		if (bytes_eq(oid, BYTES_OF(AES256)))
			cipher = EVP_aes_256_cbc();
		else if (cipher == NULL && bytes_eq(oid, BYTES_OF(AES128)))
			cipher = EVP_aes_128_cbc();
	}
	return cipher;
}

static bool
goes_by(const X509 *x, struct bytes key_id)
{
	const ASN1_OCTET_STRING *own =
	    X509_get0_subject_key_id((X509 *)(uintptr_t)x);
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n;

	if (own != NULL)
		return bytes_eq(
		    key_id, (struct bytes){ ASN1_STRING_get0_data(own),
				(size_t)ASN1_STRING_length(own) });
	must(X509_pubkey_digest(x, EVP_sha1(), md, &n) == 1);
	return bytes_eq(key_id, (struct bytes){ md, n });
}

/* The certificate, if the client may name it and can decrypt with its key. */
static X509 *
open_recipient(const struct keywrap_to *to)
{
	const unsigned char *p = to->cert.p;
	AUTO(X509) *x =
	    to->cert.n == 0 ? NULL : d2i_X509(NULL, &p, (long)to->cert.n);
	const EVP_PKEY *key;

	ERR_clear_error();
	if (x == NULL || !goes_by(x, to->key_id))
		return NULL;
	key = X509_get0_pubkey(x);
	if (key == NULL ||
	    (!EVP_PKEY_is_a(key, "EC") && !EVP_PKEY_is_a(key, "RSA")))
		return NULL;
	return TAKE(x);
}

static struct bytes
encode(struct ctx *cx, const CMS_ContentInfo *cms)
{
	unsigned char *der = NULL;
	int n = i2d_CMS_ContentInfo(cms, &der);
	struct bytes out;

	must(n > 0);
	out = bytes_dup(cx->arena, (struct bytes){ der, (size_t)n });
	OPENSSL_clear_free(der, (size_t)n);
	return out;
}

/* CMS_final would leave a copy in memory that it freed. */
static void
set_content(CMS_ContentInfo *cms, const char *type, struct bytes content)
{
	AUTO(ASN1_OBJECT) *oid = OBJ_txt2obj(type, 1);
	AUTO(BIO) *bio = NULL;

	must(oid != NULL && CMS_set1_eContentType(cms, oid) == 1);
	bio = CMS_dataInit(cms, NULL);
	must(bio != NULL);
	must(BIO_write(bio, content.p, (int)content.n) == (int)content.n);
	must(BIO_flush(bio) == 1 && CMS_dataFinal(cms, bio) == 1);
}

/* The SignedData itself, without its ContentInfo. */
static struct bytes
sign_package(struct ctx *cx, const struct signer *by, struct bytes pkcs8)
{
	AUTO(CMS_ContentInfo) *cms =
	    CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);
	struct bytes package, whole, info, oid, out;
	ASN1_OCTET_STRING **content;
	struct buf b;

	buf_init(&b, cx->arena, pkcs8.n + 16);
	der_put(&b, DER_SEQUENCE, pkcs8);
	must(buf_bytes(&b, &package));
	must(cms != NULL);
	must(CMS_add1_signer(cms, by->cert, by->key, key_digest(by->key),
		 CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP) != NULL);
	set_content(cms, KEY_PACKAGE, package);
	whole = encode(cx, cms);
	/* OpenSSL frees it as it is. */
	content = CMS_get0_content(cms);
	must(content != NULL && *content != NULL);
	OPENSSL_cleanse((*content)->data, (size_t)(*content)->length);
	must(der_take(&whole, DER_SEQUENCE, &info) &&
	     der_take_oid(&info, &oid) &&
	     der_take(&info, DER_CONTEXT_CONSTRUCTED(0), &out));
	return out;
}

/* Neither SHA-1 nor PKCS #1 v1.5, which are OpenSSL's defaults. */
static void
add_recipient(CMS_ContentInfo *cms, X509 *to)
{
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, to, CMS_KEY_PARAM);
	EVP_PKEY_CTX *pc;

	must(ri != NULL);
	pc = CMS_RecipientInfo_get0_pkey_ctx(ri);
	must(pc != NULL);
	if (EVP_PKEY_is_a(X509_get0_pubkey(to), "EC"))
		must(EVP_PKEY_CTX_set_ecdh_kdf_md(pc, EVP_sha256()) == 1);
	else
		must(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_OAEP_PADDING) ==
			 1 &&
		     EVP_PKEY_CTX_set_rsa_oaep_md(pc, EVP_sha256()) == 1);
}

const struct err *
keywrap_check(
    struct ctx *cx, const struct signer *by, const struct keywrap_to *to)
{
	AUTO(X509) *recipient = open_recipient(to);

	if (choose_cipher(to->capabilities) == NULL)
		return fail(cx, &ERR_KEYWRAP,
		    "keywrap: capabilities without AES in CBC mode");
	if (recipient == NULL)
		return fail(cx, &ERR_KEYWRAP,
		    "keywrap: %s is not the identifier of a client "
		    "certificate's key, or that cannot decrypt",
		    bytes_hex(cx->arena, to->key_id));
	/* RFC 5280 section 4.2.1.3: keyCertSign is for certificates alone. */
	if ((X509_get_key_usage(by->cert) & KU_DIGITAL_SIGNATURE) == 0 ||
	    EVP_PKEY_is_a(by->key, "ED25519"))
		return fail(cx, &ERR_KEYWRAP,
		    "keywrap: the issuing CA may not sign other than "
		    "certificates, or not with this kind of key");
	return NULL;
}

const struct err *
keywrap(struct ctx *cx, const struct signer *by, struct bytes pkcs8,
    const struct keywrap_to *to, struct bytes *out)
{
	const struct err *e = keywrap_check(cx, by, to);
	AUTO(CMS_ContentInfo) *cms = NULL;
	AUTO(X509) *recipient = NULL;

	if (e != NULL)
		return e;
	recipient = open_recipient(to);
	cms = CMS_encrypt(NULL, NULL, choose_cipher(to->capabilities),
	    CMS_PARTIAL | CMS_BINARY);
	must(recipient != NULL && cms != NULL);
	add_recipient(cms, recipient);
	set_content(cms, "1.2.840.113549.1.7.2", sign_package(cx, by, pkcs8));
	*out = encode(cx, cms);
	return NULL;
}
