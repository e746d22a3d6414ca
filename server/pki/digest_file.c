#include "pki/digest_file.h"

#include <unistd.h>

#include "base/mem.h"
#include "pki/ossl.h"

bool
digest_file(int fd, uint8_t out[32])
{
	AUTO(EVP_MD_CTX) *md = EVP_MD_CTX_new();
	uint8_t chunk[16384];
	off_t at = 0;
	ssize_t n;

	must(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1);
	while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		must(EVP_DigestUpdate(md, chunk, (size_t)n) == 1);
		at += n;
	}
	must(EVP_DigestFinal_ex(md, out, NULL) == 1);
	return n == 0;
}
