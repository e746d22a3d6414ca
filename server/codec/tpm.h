/*
 * The structures of TPM 2.0 that evidence holds (TCG "TPM 2.0 Library", Part
 * 2: Structures): public areas, attestations, signatures, and the credential
 * that goes back to the TPM.  Their form is fixed, so each has one reader
 * that takes every byte by its type, in order, and refuses whatever is left
 * over.  Only the algorithms below are read.
 */
#ifndef CODEC_TPM_H
#define CODEC_TPM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"

/* TPM_ALG_ID (Part 2, section 6.3) */
#define TPM_ALG_RSA 0x0001
#define TPM_ALG_SHA1 0x0004
#define TPM_ALG_AES 0x0006
#define TPM_ALG_SHA256 0x000b
#define TPM_ALG_SHA384 0x000c
#define TPM_ALG_SHA512 0x000d
#define TPM_ALG_NULL 0x0010
#define TPM_ALG_RSASSA 0x0014
#define TPM_ALG_ECDSA 0x0018
#define TPM_ALG_ECC 0x0023
#define TPM_ALG_CFB 0x0043

/* TPM_ECC_CURVE (section 6.4) */
#define TPM_ECC_P256 0x0003
#define TPM_ECC_P384 0x0004

/* TPMA_OBJECT (section 8.3) */
#define TPM_FIXED_TPM (UINT32_C(1) << 1)
#define TPM_FIXED_PARENT (UINT32_C(1) << 4)
#define TPM_SENSITIVE_ORIGIN (UINT32_C(1) << 5)
#define TPM_RESTRICTED (UINT32_C(1) << 16)
#define TPM_DECRYPT (UINT32_C(1) << 17)
#define TPM_SIGN (UINT32_C(1) << 18)

/* TPM_ST of an attestation (section 6.9) */
#define TPM_ATTEST_CERTIFY 0x8017
#define TPM_ATTEST_QUOTE 0x8018
#define TPM_ATTEST_TIME 0x8019
#define TPM_ATTEST_CREATION 0x801a

/* TPMT_PUBLIC of an RSA or ECC key.  Slices borrow. */
struct tpm_public {
	struct bytes area; /* the whole TPMT_PUBLIC: its hash is the name */
	uint16_t type, name_alg;
	uint32_t attributes;
	struct bytes policy;
	uint16_t sym_bits;            /* AES-CFB of a storage key; 0: none */
	uint16_t scheme, scheme_hash; /* TPM_ALG_NULL: none */
	uint16_t curve;               /* ECC */
	struct bytes modulus;         /* RSA; the exponent is 65537 */
	struct bytes x, y;            /* ECC, as long as the curve's field */
};

/* TPMS_ATTEST (section 10.12.8).  Clock and firmware version are obfuscated
 * for keys outside of the endorsement and platform hierarchies, and nothing
 * is decided by them. */
struct tpm_attest {
	uint16_t type;
	struct bytes signer; /* qualified name of the signing key */
	struct bytes extra;  /* qualifying data */
	struct bytes name;   /* certify, creation: the object's name */
	struct bytes digest; /* quote: of the PCRs; creation: of its data */
	uint16_t bank;       /* quote: the one bank's hash */
	uint32_t pcrs;       /* quote: selected, bit n is PCR n */
};

/* TPMT_SIGNATURE of RSASSA or ECDSA. */
struct tpm_signature {
	uint16_t alg, hash;
	struct bytes rsa;
	struct bytes r, s;
};

extern const struct err ERR_BAD_TPM; /* bad-tpm, INVALID */

/* TPM2B_PUBLIC, size and all. */
ERR_FN tpm_public_read(struct ctx *cx, struct bytes in, struct tpm_public *out);

/* TPMS_ATTEST of a quote, a certify, a creation or a time; a magic other than
 * TPM_GENERATED_VALUE is refused here: no TPM made it (Part 1, section
 * 31.2). */
ERR_FN tpm_attest_read(struct ctx *cx, struct bytes in, struct tpm_attest *out);

ERR_FN
tpm_signature_read(struct ctx *cx, struct bytes in, struct tpm_signature *out);

/* Size of a digest; 0: not one of ours. */
size_t tpm_hash_bytes(uint16_t alg);

/* One TPM2B: the size in two bytes, then the content. */
struct buf;
void tpm_put_2b(struct buf *b, struct bytes content);
bool tpm_take_2b(struct bytes *in, struct bytes *content);

#endif
