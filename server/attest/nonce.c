#include "attest/nonce.h"

#include "attest/attest.h"
#include "base/arena.h"
#include "base/rng.h"
#include "pki/mac.h"

/* When it ends, in seconds since 1970, big endian; then randomness; then the
 * first half of the hash. */
#define TIME_BYTES 8
#define HEAD_BYTES 16
#define HASH_BYTES 16

static void
hash(const struct mac_key *mac, const char *issuer, const uint8_t *head,
    uint8_t out[MAC_BYTES])
{
	const struct bytes parts[] = { bytes_str(issuer),
		{ head, HEAD_BYTES } };

	mac_compute(mac, "attestation-nonce", parts, 2, out);
}

struct bytes
nonce_make(struct ctx *cx, const struct mac_key *mac, const char *issuer)
{
	uint64_t end = (uint64_t)(cx->now + NONCE_SECONDS);
	uint8_t *out = arena_alloc(cx->arena, NONCE_BYTES);
	uint8_t sum[MAC_BYTES];
	size_t i;

	for (i = 0; i < TIME_BYTES; i++)
		out[i] = (uint8_t)(end >> (8 * (TIME_BYTES - 1 - i)));
	rng_bytes(out + TIME_BYTES, HEAD_BYTES - TIME_BYTES);
	hash(mac, issuer, out, sum);
	memcpy(out + HEAD_BYTES, sum, HASH_BYTES);
	return (struct bytes){ out, NONCE_BYTES };
}

const struct err *
nonce_judge(struct ctx *cx, const struct mac_key *mac, const char *issuer,
    struct bytes nonce)
{
	uint8_t sum[MAC_BYTES];
	uint64_t end = 0;
	size_t i;

	if (nonce.n != NONCE_BYTES)
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "a nonce of %zu bytes", nonce.n);
	hash(mac, issuer, nonce.p, sum);
	if (!bytes_eq((struct bytes){ nonce.p + HEAD_BYTES, HASH_BYTES },
		(struct bytes){ sum, HASH_BYTES }))
		return fail(cx, &ERR_BAD_EVIDENCE, "the nonce is not ours");
	for (i = 0; i < TIME_BYTES; i++)
		end = end << 8 | nonce.p[i];
	if ((uint64_t)cx->now >= end)
		return fail(cx, &ERR_BAD_EVIDENCE, "the nonce has ended");
	return NULL;
}
