#include <inttypes.h>

#include "base/arena.h"
#include "base/limits.h"
#include "client/inspect.h"
#include "codec/tpm.h"
#include "codec/tpm_log.h"
#include "pki/digest.h"

#define LONGEST_HASH 64
#define EVENTS_SHOWN 256
#define TEXT_SHOWN 64

static const char *
alg_name(struct ctx *cx, uint16_t alg)
{
	static const struct {
		uint16_t alg;
		const char *name;
	} names[] = { { TPM_ALG_RSA, "RSA" }, { TPM_ALG_SHA1, "SHA-1" },
		{ TPM_ALG_SHA256, "SHA-256" }, { TPM_ALG_SHA384, "SHA-384" },
		{ TPM_ALG_SHA512, "SHA-512" }, { TPM_ALG_RSASSA, "RSASSA" },
		{ TPM_ALG_ECDSA, "ECDSA" }, { TPM_ALG_ECC, "ECC" },
		{ TPM_ALG_NULL, "none" } };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].alg == alg)
			return names[i].name;
	return arena_printf(cx->arena, "0x%04x", alg);
}

bool
inspect_tpm_attest(struct inspection *in, struct bytes data)
{
	struct tpm_attest a;

	if (tpm_attest_read(in->cx, data, &a) != NULL)
		return false;
	inspect_line(in, "tpm attestation", "%s",
	    a.type == TPM_ATTEST_QUOTE     ? "quote"
	    : a.type == TPM_ATTEST_CERTIFY ? "certify"
	    : a.type == TPM_ATTEST_TIME    ? "time"
					   : "creation");
	inspect_hex(in, "signer", a.signer);
	inspect_hex(in, "extra_data", a.extra);
	inspect_hex(in, "name", a.name);
	inspect_hex(in, "digest", a.digest);
	if (a.type == TPM_ATTEST_QUOTE) {
		inspect_line(in, "bank", "%s", alg_name(in->cx, a.bank));
		inspect_line(in, "pcrs", "0x%06" PRIx32, a.pcrs);
	}
	return true;
}

bool
inspect_tpm_public(struct inspection *in, struct bytes data)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = { { TPM_FIXED_TPM, "fixedTPM" },
		{ TPM_FIXED_PARENT, "fixedParent" },
		{ TPM_SENSITIVE_ORIGIN, "sensitiveDataOrigin" },
		{ TPM_RESTRICTED, "restricted" }, { TPM_DECRYPT, "decrypt" },
		{ TPM_SIGN, "sign" } };
	const char *text = "";
	struct tpm_public p;
	size_t i;

	if (tpm_public_read(in->cx, data, &p) != NULL)
		return false;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((p.attributes & names[i].bit) != 0)
			text = arena_printf(
			    in->cx->arena, "%s %s", text, names[i].name);
	inspect_line(in, "tpm key", "%s, named with %s",
	    alg_name(in->cx, p.type), alg_name(in->cx, p.name_alg));
	inspect_line(in, "attributes", "0x%08" PRIx32 "%s", p.attributes, text);
	inspect_line(in, "scheme", "%s %s", alg_name(in->cx, p.scheme),
	    alg_name(in->cx, p.scheme_hash));
	inspect_hex(in, "policy", p.policy);
	inspect_hex(in, "modulus", p.modulus);
	inspect_hex(in, "x", p.x);
	inspect_hex(in, "y", p.y);
	return true;
}

bool
inspect_tpm_signature(struct inspection *in, struct bytes data)
{
	struct tpm_signature s;

	if (tpm_signature_read(in->cx, data, &s) != NULL)
		return false;
	inspect_line(in, "tpm signature", "%s with %s", alg_name(in->cx, s.alg),
	    alg_name(in->cx, s.hash));
	inspect_hex(in, "rsa", s.rsa);
	inspect_hex(in, "r", s.r);
	inspect_hex(in, "s", s.s);
	return true;
}

bool
inspect_tpm_credential(struct inspection *in, struct bytes data)
{
	static const uint8_t magic[] = { 0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1 };
	struct bytes rest = data, part[2];
	size_t i;

	/* A file of tpm2-tools: TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET. */
	if (data.n < sizeof(magic) ||
	    !bytes_eq((struct bytes){ data.p, sizeof(magic) }, BYTES_OF(magic)))
		return false;
	rest.p += sizeof(magic);
	rest.n -= sizeof(magic);
	for (i = 0; i < 2; i++)
		if (!tpm_take_2b(&rest, &part[i]))
			return false;
	if (rest.n != 0)
		return false;
	inspect_line(in, "tpm credential", "for one key of one TPM");
	inspect_hex(in, "credential", part[0]);
	inspect_hex(in, "secret", part[1]);
	return true;
}

/* What was measured, where it is text, in UTF-16 or ASCII; "" where it is
 * not, or where the log does not hold it. */
static const char *
event_text(struct ctx *cx, const struct tpm_event *e)
{
	size_t step = e->data.n > 1 && e->data.p[1] == 0 ? 2 : 1, i, n = 0;
	char *out = arena_alloc(cx->arena, TEXT_SHOWN + 2);
	uint8_t digest[DIGEST_MAX];

	if (!digest_sized(e->digest.n, e->data, digest) ||
	    !bytes_eq(e->digest, (struct bytes){ digest, e->digest.n }))
		return "";
	out[n++] = ' ';
	for (i = 0; i + step <= e->data.n && n <= TEXT_SHOWN; i += step) {
		if (e->data.p[i] == 0)
			break;
		if (e->data.p[i] < ' ' || e->data.p[i] > '~')
			return "";
		out[n++] = (char)e->data.p[i];
	}
	return n > 1 ? out : "";
}

bool
inspect_tpm_log(struct inspection *in, struct bytes data)
{
	uint16_t bank = tpm_log_is_sha1(data) ? TPM_ALG_SHA1 : TPM_ALG_SHA256;
	struct inspection below = { .cx = in->cx, .depth = in->depth + 1 };
	struct tpm_log log;
	size_t i;
	bool on;

	if (tpm_log_read(in->cx, data, bank, &log) != NULL)
		return false;
	/* No other log is as short as a hash, which may read as one. */
	if (log.locality == 0 && (data.n <= LONGEST_HASH || log.n < 2))
		return false;
	inspect_line(
	    in, "event log", "%zu events, %s", log.n, alg_name(in->cx, bank));
	for (i = 0; i < log.n; i++) {
		const struct tpm_event *e = &log.event[i];

		if (tpm_log_secure_boot(e->data, &on))
			inspect_line(
			    in, "secure boot says", "%s", on ? "on" : "off");
		if (i < EVENTS_SHOWN)
			inspect_line(&below,
			    arena_printf(in->cx->arena, "pcr %" PRIu32, e->pcr),
			    "%s%s", bytes_hex(in->cx->arena, e->digest),
			    event_text(in->cx, e));
	}
	return true;
}
