#include "pki/cms_signed.h"

#include "base/mem.h"
#include "pki/der.h"
#include "pki/key_internal.h"
#include "pki/sigalg.h"

const struct err ERR_CMS_SIGNED = { KIND_INVALID, "bad-signed-data",
	"This is no signed message of the accepted form." };

/* Contents of OBJECT IDENTIFIERs: id-signedData and id-data (RFC 5652
 * sections 5.1 and 4), id-sha256 (RFC 5754 section 2.2). */
static const uint8_t SIGNED_DATA[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x07, 0x02 };
static const uint8_t DATA[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
	0x01 };
static const uint8_t ID_SHA256[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	0x02, 0x01 };
/* AlgorithmIdentifier of ecdsa-with-SHA256. */
static const uint8_t ECDSA_SHA256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
	0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };

static bool
take_this_oid(struct bytes *in, struct bytes want)
{
	struct bytes oid;

	return der_take_oid(in, &oid) && bytes_eq(oid, want);
}

static bool
take_version3(struct bytes *in)
{
	unsigned version;

	return der_take_small(in, &version) && version == 3;
}

/* SHA-256, whose parameters are absent or NULL (RFC 5754 section 2). */
static bool
take_sha256(struct bytes *in)
{
	struct bytes seq, null;

	if (!der_take(in, DER_SEQUENCE, &seq) ||
	    !take_this_oid(&seq, BYTES_OF(ID_SHA256)))
		return false;
	if (seq.n == 0)
		return true;
	return der_take(&seq, DER_NULL, &null) && null.n == 0 && seq.n == 0;
}

/* EncapsulatedContentInfo (RFC 5652 section 5.2). */
static bool
take_content(struct bytes *in, struct bytes *content)
{
	struct bytes seq, explicit;

	return der_take(in, DER_SEQUENCE, &seq) &&
	       take_this_oid(&seq, BYTES_OF(DATA)) &&
	       der_take(&seq, DER_CONTEXT_CONSTRUCTED(0), &explicit) &&
	       seq.n == 0 && der_take(&explicit, DER_OCTET_STRING, content) &&
	       explicit.n == 0;
}

/* The only SignerInfo (section 5.3).  With a key identifier its version is
 * 3; without signed attributes the signature is over the content itself. */
static bool
take_signer(struct bytes *in, struct cms_signed *out)
{
	struct bytes set, info, algorithm;

	return der_take(in, DER_SET, &set) &&
	       der_take(&set, DER_SEQUENCE, &info) && set.n == 0 &&
	       take_version3(&info) &&
	       der_take(&info, DER_CONTEXT(0), &out->key_id) &&
	       take_sha256(&info) &&
	       der_take_whole(&info, DER_SEQUENCE, &algorithm) &&
	       bytes_eq(algorithm, BYTES_OF(ECDSA_SHA256)) &&
	       der_take(&info, DER_OCTET_STRING, &out->signature) &&
	       info.n == 0;
}

static bool
take_signed_data(struct bytes *in, struct cms_signed *out)
{
	struct bytes data, digests;

	return der_take(in, DER_SEQUENCE, &data) && take_version3(&data) &&
	       der_take(&data, DER_SET, &digests) && take_sha256(&digests) &&
	       digests.n == 0 && take_content(&data, &out->content) &&
	       take_signer(&data, out) && data.n == 0;
}

const struct err *
cms_signed_parse(struct ctx *cx, struct bytes der, struct cms_signed *out)
{
	struct bytes info, explicit;

	if (!der_take(&der, DER_SEQUENCE, &info) || der.n != 0 ||
	    !take_this_oid(&info, BYTES_OF(SIGNED_DATA)) ||
	    !der_take(&info, DER_CONTEXT_CONSTRUCTED(0), &explicit) ||
	    info.n != 0 || !take_signed_data(&explicit, out) || explicit.n != 0)
		return fail(cx, &ERR_CMS_SIGNED,
		    "cms: not SignedData of version 3 with one signer by key "
		    "id, SHA-256 and ECDSA, and its content (RFC 5652)");
	return NULL;
}

bool
cms_signed_by(const struct cms_signed *s, struct bytes spki)
{
	const struct sigalg *alg = sigalg_find(BYTES_OF(ECDSA_SHA256));
	AUTO(EVP_PKEY) *key = NULL;
	struct key_facts facts;

	if (!key_form(spki, &facts) || facts.type != KEY_P256)
		return false;
	key = key_open(spki);
	return key != NULL &&
	       sigalg_verify(alg, KEY_P256, key, s->content, s->signature);
}
