/*
 * Attestation formats as a table {name, parse, verify}, one file each.  A
 * parse is strict, pure and trusts nothing; a verify judges what was parsed
 * against a basis (the maker's anchors, our nonce, the key to be certified,
 * the model's policy) and gives one verdict.  Whether the unit is on the
 * allowlist is the domain's.
 *
 * Evidence is one byte string in every protocol.  A format of several parts
 * (certificates, statements, signatures) is a CBOR map of text to byte string
 * or to an array of byte strings (attest/parts.h).
 */
#ifndef ATTEST_ATTEST_H
#define ATTEST_ATTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/policy.h"
#include "attest/verdict.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"

struct anchors; /* pki/anchors.h */
struct mac_key; /* pki/mac.h */

/* What a maker's evidence may lead to (A11).  What it is stands in kind. */
enum anchor_kind {
	ANCHOR_CERTIFICATE, /* DER of a CA certificate */
	ANCHOR_PUBLIC_KEY,  /* SPKI, of a unit or of a maker's signer */
	ANCHOR_SECRET_KEY,  /* of a COSE_Mac0; never anything else */
	ANCHOR_CRL,         /* DER; signed by one of the chain */
	/* Certificates that vouch for nothing but: */
	ANCHOR_CRL_SIGNER,  /* CRLs in place of the CA that issued it */
	ANCHOR_DECLARATION, /* certification declarations of Matter */
};

struct attest_anchor {
	enum anchor_kind kind;
	struct bytes value;
	struct bytes id;                /* key id, or empty */
	struct bytes scope_spki_sha256; /* 32 bytes, or empty (A11) */
	uint16_t scope_vid;             /* of Matter; 0: any (A11) */
	/* The maker says that such keys of its units live in hardware. */
	bool in_hardware;
};

/* All that a verdict may depend on beside the evidence and cx->now. */
struct attest_basis {
	const struct attest_anchor *anchor;
	size_t n_anchors;
	struct anchors *known; /* certificates decoded before, or NULL */
	const struct attest_policy *policy; /* of the model; never NULL */
	const char *earlier_sw; /* what the unit has shown, or NULL */
	/* Who judges looks units up by facts.birth_key_sha256, which then
	 * need not be an anchor's. */
	bool birth_keys_listed;
	/* Who judges holds verdict.path against lists that it has itself. */
	bool lists_elsewhere;
	struct bytes nonce;    /* ours; empty: freshness is not checked */
	struct bytes key_spki; /* to be certified; empty: no binding */
	/* TLS exporter of the connection (RFC 9266), or empty. */
	struct bytes exporter;
	const char *issuer; /* URL of this service (E1), or NULL */
	/* Of challenges to TPMs; NULL: credential activation is not checked,
	 * and what a TPM signed has no grade. */
	const struct mac_key *mac;
};

struct attest_format {
	const char *name; /* as policies and requests name it */
	/* Borrows from evidence.  *out is the format's own, in the arena. */
	const struct err *(*parse)(
	    struct ctx *cx, struct bytes evidence, void **out);
	void (*verify)(struct ctx *cx, const void *parsed,
	    const struct attest_basis *basis, struct verdict *out);
};

extern const struct err ERR_BAD_EVIDENCE; /* bad-evidence, FORBIDDEN */

/* Borrowed; NULL if there is no such format. */
const struct attest_format *attest_format_get(const char *name);

/* Parses and judges.  An error is evidence that cannot be read (the verdict
 * then has the finding "parse"); a refusal for any other reason is in the
 * verdict alone. */
ERR_FN attest_judge(struct ctx *cx, const char *format, struct bytes evidence,
    const struct attest_basis *basis, struct verdict *out);

#endif
