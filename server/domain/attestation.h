/*
 * Evidence of units, judged under what their makers and models say: nonces
 * for it, and one verdict for (unit, key).
 */
#ifndef DOMAIN_ATTESTATION_H
#define DOMAIN_ATTESTATION_H

#include "attest/handle.h"
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

/* What came with a request: evidence, or the handle of evidence that was
 * judged before; neither: nothing did. */
struct attestation_in {
	const char *handle; /* base64url, or NULL */
	const char *format; /* or NULL */
	struct bytes evidence;
	/* Ours; empty: the connection's exporter is what the evidence answers
	 * to, or the challenge that is in evidence of the format tpm. */
	struct bytes nonce;
	struct bytes key;     /* to be certified, SPKI */
	struct bytes binding; /* of the connection, or empty */
	enum handle_purpose purpose;
	/* The same evidence for the same key, if it was judged since then, is
	 * a request sent again: what it proved is judged anew.  0: never. */
	int64_t repeats_since;
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

/* The same ahead of what it is for: a handle that says so for ten minutes to
 * who has the key.  A unit that the caller has not proved (birth_id 0) is the
 * one of the model that the evidence is of. */
struct attestation_out {
	struct bytes attestation; /* the handle */
	const char *grade;
	int64_t expires_in; /* seconds */
};
ERR_FN attestation_seal(struct ctx *cx, const struct unit *unit,
    const struct attestation_in *in, struct attestation_out *out);

/* ERR_BAD_EVIDENCE with the reason on the context in the unit's record, or
 * why that could not be kept. */
ERR_FN attestation_refuse(struct ctx *cx, const struct unit *unit);

#endif
