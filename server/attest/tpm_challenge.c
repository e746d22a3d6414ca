#include "attest/tpm_challenge.h"

#include "base/arena.h"
#include "base/rng.h"
#include "pki/credential.h"
#include "pki/mac.h"

/* Seconds since 1970 in eight bytes, big endian. */
static void
put_time(uint8_t out[8], int64_t t)
{
	size_t i;

	for (i = 0; i < 8; i++)
		out[i] = (uint8_t)((uint64_t)t >> (8 * (7 - i)));
}

static int64_t
get_time(const uint8_t in[8])
{
	uint64_t t = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		t = t << 8 | in[i];
	return t > INT64_MAX ? -1 : (int64_t)t;
}

struct bytes
tpm_challenge_secret(struct ctx *cx, const struct mac_key *mac,
    struct bytes handle, const struct attest_basis *basis,
    const struct tpm_evidence *ev)
{
	const char *issuer = basis->issuer == NULL ? "" : basis->issuer;
	const struct bytes parts[] = { handle, bytes_str(issuer),
		basis->key_spki, ev->ek.pub.area, ev->ak.name };
	uint8_t *secret = arena_alloc(cx->arena, MAC_BYTES);

	mac_compute(mac, "tpm-challenge", parts,
	    sizeof(parts) / sizeof(parts[0]), secret);
	return (struct bytes){ secret, MAC_BYTES };
}

const struct err *
tpm_challenge_make(struct ctx *cx, const struct attest_basis *basis,
    const struct tpm_evidence *ev, struct tpm_challenge *out)
{
	const struct credential_ek ek = { ev->ek.spki,
		tpm_hash_bytes(ev->ek.pub.name_alg), ev->ek.pub.sym_bits };
	uint8_t *handle = arena_alloc(cx->arena, TPM_HANDLE_BYTES);
	struct bytes sealed[2], secret;
	const struct err *e;

	put_time(handle, cx->now + TPM_CHALLENGE_SECONDS);
	rng_bytes(handle + 8, TPM_HANDLE_BYTES - 8);
	out->handle = (struct bytes){ handle, TPM_HANDLE_BYTES };
	secret = tpm_challenge_secret(cx, basis->mac, out->handle, basis, ev);
	e = credential_make(cx, &ek, ev->ak.name, secret, sealed);
	out->credential_blob = sealed[0];
	out->encrypted_secret = sealed[1];
	return e;
}

int64_t
tpm_challenge_left(const struct ctx *cx, struct bytes handle)
{
	return handle.n == TPM_HANDLE_BYTES ? get_time(handle.p) - cx->now : 0;
}

bool
tpm_challenge_judge(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v)
{
	int64_t left = tpm_challenge_left(cx, ev->challenge);

	if (ev->challenge.n != TPM_HANDLE_BYTES ||
	    !bytes_eq(ev->secret, tpm_challenge_secret(cx, basis->mac,
				      ev->challenge, basis, ev))) {
		verdict_refuse(cx, v, LAYER_BINDING, "ak-not-activated",
		    "Nothing proves that the attestation key is in the TPM of "
		    "the endorsement key: the secret of a challenge for both "
		    "and for this key is missing or wrong.");
		return false;
	}
	if (left < 0 || left > TPM_CHALLENGE_SECONDS) {
		verdict_refuse(cx, v, LAYER_FRESHNESS, "challenge-ended",
		    "The challenge to the TPM has ended.");
		return false;
	}
	return true;
}
