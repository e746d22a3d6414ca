#include "pki/mac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "pki/keyfile.h"
#include "pki/mac_internal.h"

#define KEY_BYTES 32

struct mac_key {
	EVP_MAC_CTX *keyed; /* never updated, only copied */
};

bool
mac_key_create(const char *path, char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(32 * KIB);
	uint8_t key[KEY_BYTES];
	const char *text;

	rng_bytes(key, sizeof(key));
	text = arena_printf(a, "%s\n", bytes_hex(a, BYTES_OF(key)));
	explicit_bzero(key, sizeof(key));
	return keyfile_create(path, 0600, bytes_str(text), why);
}

struct mac_key *
mac_key_new(struct bytes key)
{
	struct mac_key *k = mem_new(1, sizeof(*k));
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(
				    OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end() };

	must(hmac != NULL);
	k->keyed = EVP_MAC_CTX_new(hmac);
	must(k->keyed != NULL &&
	     EVP_MAC_init(k->keyed, key.p, key.n, params) == 1);
	EVP_MAC_free(hmac);
	return k;
}

struct mac_key *
mac_key_load(const char *path, char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(128 * KIB);
	struct keyfile text = { NULL, 0 };
	struct bytes hex, key;
	struct mac_key *k = NULL;

	if (!keyfile_read(path, true, &text, why))
		return NULL;
	hex = bytes_str(text.p);
	if (hex.n == text.n && hex.n > 0 && hex.p[hex.n - 1] == '\n')
		hex.n--;
	if (hex.n == 2 * KEY_BYTES && bytes_from_hex(a, hex, &key))
		k = mac_key_new(key);
	else
		(void)snprintf(
		    why, 256, "%.180s: not %d bytes in hex", path, KEY_BYTES);
	keyfile_free(&text);
	return k;
}

void
mac_key_free(struct mac_key *k)
{
	if (k == NULL)
		return;
	EVP_MAC_CTX_free(k->keyed);
	mem_free(k);
}

EVP_MAC_CTX *
mac_begin(const struct mac_key *k)
{
	EVP_MAC_CTX *m = EVP_MAC_CTX_dup(k->keyed);

	must(m != NULL);
	return m;
}

void
mac_end(EVP_MAC_CTX *m, uint8_t out[MAC_BYTES])
{
	size_t len;

	must(EVP_MAC_final(m, out, &len, MAC_BYTES) && len == MAC_BYTES);
	EVP_MAC_CTX_free(m);
}

void
mac_compute(const struct mac_key *k, const char *purpose,
    const struct bytes *parts, size_t n, uint8_t out[MAC_BYTES])
{
	EVP_MAC_CTX *m = mac_begin(k);
	size_t i;

	must(EVP_MAC_update(m, (const uint8_t *)purpose, strlen(purpose) + 1));
	for (i = 0; i < n; i++) {
		size_t w = parts[i].n;
		uint8_t be[4] = { (uint8_t)(w >> 24), (uint8_t)(w >> 16),
			(uint8_t)(w >> 8), (uint8_t)w };

		must(w <= UINT32_MAX && EVP_MAC_update(m, be, sizeof(be)));
		if (w > 0)
			must(EVP_MAC_update(m, parts[i].p, w));
	}
	mac_end(m, out);
}
