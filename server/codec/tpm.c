#include "codec/tpm.h"

#include "base/buf.h"

#define TPM_GENERATED UINT32_C(0xff544347) /* Part 2, section 6.2 */
#define RSA_EXPONENT 65537

const struct err ERR_BAD_TPM = { KIND_INVALID, "bad-tpm",
	"A TPM structure is malformed or of a kind that is not accepted." };

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_TPM, "tpm: %s", reason);
}

/* Takes n bytes, or fails; reading is big endian (Part 1, section 10.1). */
static bool
take(struct bytes *in, size_t n, struct bytes *out)
{
	if (in->n < n)
		return false;
	*out = (struct bytes){ in->p, n };
	in->p += n;
	in->n -= n;
	return true;
}

static bool
take16(struct bytes *in, uint16_t *v)
{
	struct bytes b;

	if (!take(in, 2, &b))
		return false;
	*v = (uint16_t)(b.p[0] << 8 | b.p[1]);
	return true;
}

static bool
take32(struct bytes *in, uint32_t *v)
{
	uint16_t high, low;

	if (!take16(in, &high) || !take16(in, &low))
		return false;
	*v = (uint32_t)high << 16 | low;
	return true;
}

/* A TPM2B. */
bool
tpm_take_2b(struct bytes *in, struct bytes *out)
{
	uint16_t n;

	return take16(in, &n) && take(in, n, out);
}

size_t
tpm_hash_bytes(uint16_t alg)
{
	switch (alg) {
	case TPM_ALG_SHA1:
		return 20;
	case TPM_ALG_SHA256:
		return 32;
	case TPM_ALG_SHA384:
		return 48;
	case TPM_ALG_SHA512:
		return 64;
	default:
		return 0;
	}
}

/* TPMT_SYM_DEF_OBJECT (section 11.1.7): AES-CFB or none. */
static bool
take_symmetric(struct bytes *in, uint16_t *bits)
{
	uint16_t alg, mode;

	*bits = 0;
	if (!take16(in, &alg))
		return false;
	if (alg == TPM_ALG_NULL)
		return true;
	return alg == TPM_ALG_AES && take16(in, bits) &&
	       (*bits == 128 || *bits == 256) && take16(in, &mode) &&
	       mode == TPM_ALG_CFB;
}

/* TPMT_RSA_SCHEME, TPMT_ECC_SCHEME (sections 11.2.4.2, 11.2.5.6): the one
 * signature scheme of the key's kind, or none. */
static bool
take_scheme(struct bytes *in, struct tpm_public *out)
{
	if (!take16(in, &out->scheme))
		return false;
	if (out->scheme == TPM_ALG_NULL)
		return true;
	return out->scheme == (out->type == TPM_ALG_RSA ? TPM_ALG_RSASSA
							: TPM_ALG_ECDSA) &&
	       take16(in, &out->scheme_hash) &&
	       tpm_hash_bytes(out->scheme_hash) != 0;
}

/* TPMS_RSA_PARMS and the modulus (sections 12.2.3.5, 11.2.4.5). */
static bool
take_rsa(struct bytes *in, struct tpm_public *out)
{
	uint32_t exponent;
	uint16_t bits;

	return take16(in, &bits) && take32(in, &exponent) &&
	       /* 0 stands for 2^16 + 1. */
	       (exponent == 0 || exponent == RSA_EXPONENT) &&
	       tpm_take_2b(in, &out->modulus) && bits >= 2048 &&
	       bits <= LIMIT_RSA_BITS && bits % 8 == 0 &&
	       out->modulus.n == bits / 8 && out->modulus.p[0] >= 0x80;
}

/* TPMS_ECC_PARMS and the point (sections 12.2.3.6, 11.2.5.2).  A TPM writes
 * the coordinates in full length. */
static bool
take_ecc(struct bytes *in, struct tpm_public *out)
{
	uint16_t kdf;
	size_t n;

	if (!take16(in, &out->curve) || !take16(in, &kdf) ||
	    kdf != TPM_ALG_NULL || !tpm_take_2b(in, &out->x) ||
	    !tpm_take_2b(in, &out->y))
		return false;
	n = out->curve == TPM_ECC_P256 ? 32 : 48;
	return (out->curve == TPM_ECC_P256 || out->curve == TPM_ECC_P384) &&
	       out->x.n == n && out->y.n == n;
}

const struct err *
tpm_public_read(struct ctx *cx, struct bytes in, struct tpm_public *out)
{
	struct bytes rest;

	*out = (struct tpm_public){ .type = 0 };
	if (!tpm_take_2b(&in, &out->area) || in.n != 0)
		return bad(cx, "TPM2B_PUBLIC: not of the size it says");
	rest = out->area;
	if (!take16(&rest, &out->type) || !take16(&rest, &out->name_alg) ||
	    !take32(&rest, &out->attributes) ||
	    !tpm_take_2b(&rest, &out->policy))
		return bad(cx, "TPMT_PUBLIC: cut");
	/* A name by SHA-1 could be that of two keys. */
	if (tpm_hash_bytes(out->name_alg) < 32)
		return bad(cx, "TPMT_PUBLIC: nameAlg is not SHA-256 or better");
	if (out->policy.n != 0 &&
	    out->policy.n != tpm_hash_bytes(out->name_alg))
		return bad(cx, "TPMT_PUBLIC: authPolicy of another length than "
			       "nameAlg's digest");
	if (out->type != TPM_ALG_RSA && out->type != TPM_ALG_ECC)
		return bad(cx, "TPMT_PUBLIC: neither RSA nor ECC");
	if (!take_symmetric(&rest, &out->sym_bits) || !take_scheme(&rest, out))
		return bad(cx, "TPMT_PUBLIC: a scheme that is not accepted");
	if (!(out->type == TPM_ALG_RSA ? take_rsa : take_ecc)(&rest, out))
		return bad(cx, "TPMT_PUBLIC: a key that is not accepted "
			       "(RSA 2048 to 4096 with 65537, P-256, P-384)");
	if (rest.n != 0)
		return bad(cx, "TPMT_PUBLIC: bytes after the key");
	return NULL;
}

/* TPML_PCR_SELECTION of one bank (sections 10.9.7, 10.6.2). */
static bool
take_selection(struct bytes *in, struct tpm_attest *out)
{
	struct bytes size, map;
	uint32_t count;
	size_t i;

	if (!take32(in, &count) || count != 1 || !take16(in, &out->bank) ||
	    tpm_hash_bytes(out->bank) == 0 || !take(in, 1, &size) ||
	    size.p[0] < 1 || size.p[0] > LIMIT_PCRS / 8 ||
	    !take(in, size.p[0], &map))
		return false;
	for (i = 0; i < map.n; i++)
		out->pcrs |= (uint32_t)map.p[i] << (8 * i);
	return true;
}

/* TPMS_QUOTE_INFO, TPMS_CERTIFY_INFO, TPMS_CREATION_INFO, TPMS_TIME_ATTEST_INFO
 * (sections 10.12.1, 10.12.3, 10.12.7, 10.12.2). */
static bool
take_attested(struct bytes *in, struct tpm_attest *out)
{
	struct bytes qualified;

	switch (out->type) {
	case TPM_ATTEST_QUOTE:
		return take_selection(in, out) && tpm_take_2b(in, &out->digest);
	case TPM_ATTEST_CERTIFY:
		return tpm_take_2b(in, &out->name) &&
		       tpm_take_2b(in, &qualified);
	case TPM_ATTEST_CREATION:
		return tpm_take_2b(in, &out->name) &&
		       tpm_take_2b(in, &out->digest);
	case TPM_ATTEST_TIME:
		/* time and clockInfo, then firmwareVersion. */
		return take(in, 8 + 17 + 8, &qualified);
	default:
		return false;
	}
}

const struct err *
tpm_attest_read(struct ctx *cx, struct bytes in, struct tpm_attest *out)
{
	struct bytes clock;
	uint32_t magic;

	*out = (struct tpm_attest){ .type = 0 };
	if (!take32(&in, &magic) || magic != TPM_GENERATED)
		return bad(cx, "TPMS_ATTEST: no TPM made it (magic)");
	/* clockInfo is 17 bytes, its last TPMI_YES_NO, firmwareVersion 8. */
	if (!take16(&in, &out->type) || !tpm_take_2b(&in, &out->signer) ||
	    !tpm_take_2b(&in, &out->extra) || !take(&in, 17 + 8, &clock) ||
	    clock.p[16] > 1)
		return bad(cx, "TPMS_ATTEST: cut, or no clockInfo");
	if (out->extra.n > 64 + 2)
		return bad(cx, "TPMS_ATTEST: extraData longer than TPM2B_DATA");
	if (!take_attested(&in, out))
		return bad(cx, "TPMS_ATTEST: neither a quote of one bank, a "
			       "certify, a creation nor a time");
	if (in.n != 0)
		return bad(cx, "TPMS_ATTEST: bytes after the structure");
	return NULL;
}

const struct err *
tpm_signature_read(struct ctx *cx, struct bytes in, struct tpm_signature *out)
{
	bool ok;

	*out = (struct tpm_signature){ .alg = 0 };
	if (!take16(&in, &out->alg) || !take16(&in, &out->hash) ||
	    tpm_hash_bytes(out->hash) == 0)
		return bad(cx, "TPMT_SIGNATURE: cut, or an unknown hash");
	if (out->alg == TPM_ALG_RSASSA)
		ok = tpm_take_2b(&in, &out->rsa) &&
		     out->rsa.n <= LIMIT_RSA_BITS / 8;
	else
		ok = out->alg == TPM_ALG_ECDSA && tpm_take_2b(&in, &out->r) &&
		     tpm_take_2b(&in, &out->s) && out->r.n <= 48 &&
		     out->s.n <= 48;
	if (!ok || in.n != 0)
		return bad(cx, "TPMT_SIGNATURE: not one RSASSA or ECDSA "
			       "signature");
	return NULL;
}

void
tpm_put_2b(struct buf *b, struct bytes content)
{
	uint8_t be[2] = { (uint8_t)(content.n >> 8), (uint8_t)content.n };

	buf_put(b, BYTES_OF(be));
	buf_put(b, content);
}
