#include "pki/digest.h"

#include "base/mem.h"
#include "pki/digest_internal.h"

void
digest_sha256(struct bytes data, uint8_t out[SHA256_BYTES])
{
	must(EVP_Digest(data.p, data.n, out, NULL, EVP_sha256(), NULL) == 1);
}

const EVP_MD *
digest_md(size_t size)
{
	switch (size) {
	case 20:
		return EVP_sha1();
	case 32:
		return EVP_sha256();
	case 48:
		return EVP_sha384();
	case 64:
		return EVP_sha512();
	default:
		return NULL;
	}
}

bool
digest_sized(size_t size, struct bytes data, uint8_t out[DIGEST_MAX])
{
	const EVP_MD *md = digest_md(size);

	if (md == NULL)
		return false;
	must(EVP_Digest(data.p, data.n, out, NULL, md, NULL) == 1);
	return true;
}
