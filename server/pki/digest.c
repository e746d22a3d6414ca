#include "pki/digest.h"

#include "base/mem.h"
#include "pki/ossl.h"

void
digest_sha256(struct bytes data, uint8_t out[SHA256_BYTES])
{
	must(EVP_Digest(data.p, data.n, out, NULL, EVP_sha256(), NULL) == 1);
}
