/*
 * Evidence of units, judged under what their makers and models say: nonces
 * for it, and one verdict for (unit, key).
 */
#ifndef DOMAIN_ATTESTATION_H
#define DOMAIN_ATTESTATION_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"

#define ATTESTATION_NONCE_BYTES 32

struct attestation_nonce {
	struct bytes nonce; /* ATTESTATION_NONCE_BYTES */
	int64_t expires_in; /* seconds */
};

/* Nothing is stored until evidence that answers to it was good. */
void attestation_nonce(struct ctx *cx, struct attestation_nonce *out);

/* What came with a request; format NULL: nothing did. */
struct attestation_in {
	const char *format;
	struct bytes evidence;
	struct bytes nonce;   /* ours, unless the format is tpm, whose
			       * evidence has a challenge in its place */
	struct bytes key;     /* to be certified, SPKI */
	struct bytes binding; /* of the connection, or empty */
};

/* What was proved; format NULL: nothing was asked, and nothing came. */
struct attested {
	const char *format, *grade;
	const char *sw_version;  /* or NULL */
	const char *secure_boot; /* on, off, or NULL */
	const char *debug;       /* RFC 9711 section 4.2.9, or NULL */
};

/* Judges a unit's evidence under its maker's anchors and lists, its model's
 * policy and what it has shown before.  Good evidence uses its nonce up.
 * Whatever is wrong is ERR_BAD_EVIDENCE to the sender, and an event (E5); so
 * is evidence that is missing where the model asks for it. */
ERR_FN attestation_judge(struct ctx *cx, const struct unit *unit,
    const struct attestation_in *in, struct attested *out);

/* The same for a way in that takes no evidence: refused where the model asks
 * for it. */
ERR_FN attestation_none(struct ctx *cx, const struct unit *unit);

#endif
