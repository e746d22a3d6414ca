/*
 * Attestation formats as a table {name, parse, verify}, one file each.  A
 * parse is pure and trusts nothing; a verify judges what was parsed against
 * one anchor of the manufacturer and gives one verdict.  Whether the unit is
 * on the allowlist, and what its model's policy asks, is the domain's.
 */
#ifndef ATTEST_ATTEST_H
#define ATTEST_ATTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"
#include "pki/cert.h"

/* What a birth certificate's chain claims, before it is verified. */
struct idevid {
	struct cert leaf;
	const char *serial; /* of the unit (text_is_serial), or NULL */
	struct bytes chain[LIMIT_CHAIN]; /* borrowed, leaf first */
	/* SHA-256 of the issuer names in the chain: an anchor that can verify
	 * it has one of them as its subject. */
	struct bytes issuers[LIMIT_CHAIN];
	size_t n; /* of both */
};

struct anchors;

struct attest_anchor {
	struct anchors *known;          /* decoded before, or NULL */
	struct bytes certificate;       /* DER */
	struct bytes scope_spki_sha256; /* 32 bytes, or empty (A11) */
};

struct verdict {
	bool accepted;
	const char *reason; /* NULL, or a code for the operator's record */
};

struct attest_format {
	const char *name;
	const struct err *(*parse)(struct ctx *cx, const struct bytes *chain,
	    size_t n, struct idevid *out);
	void (*verify)(struct ctx *cx, const struct idevid *id,
	    const struct attest_anchor *anchor, struct verdict *out);
};

extern const struct err ERR_BAD_EVIDENCE; /* bad-evidence, FORBIDDEN */

/* Borrowed; NULL if there is no such format. */
const struct attest_format *attest_format_get(const char *name);

#endif
