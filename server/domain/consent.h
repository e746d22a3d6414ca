/*
 * The owner's yes or no (SECURITY.md A1, A2, A6): showing a request to who
 * knows its code, and deciding it once, under a signature over what was
 * shown.
 */
#ifndef DOMAIN_CONSENT_H
#define DOMAIN_CONSENT_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"
#include "domain/touch.h"

struct consent_view {
	const char *id, *kind, *facts, *digest, *account;
	int64_t expires_at;
	/* Beside the facts: when the unit first proved itself here (0: only
	 * now), and whether somebody had it before. */
	int64_t first_seen;
	bool owned_before;
	int64_t asked_at;
	/* Whether the device asks from where the owner is: "same", "other", or
	 * NULL if that cannot be told; and whether the model's policy takes a
	 * yes from the same one alone. */
	const char *network;
	bool same_network_required;
};

struct consent_decision {
	const char *decision; /* approve, deny */
	const char *digest;
	/* One of both: a development app's, or of who is signed in. */
	struct bytes signature;
	const struct touch_answer *touch;
	const char *address; /* where the owner is */
};

struct consent_result {
	const char *id, *state, *device_id;
};

/* What the device with this user code asks.  A wrong code, an expired one
 * and one for another owner's unit are the same ERR_NOT_FOUND, and count
 * against the owner's, the address's and the service's tries. */
ERR_FN consent_lookup(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const char *user_code, struct consent_view *out);

/* The same for a device that has no display: serial number and sticker
 * code, while that unit is asking (A6).  manufacturer may be NULL. */
struct consent_claim {
	const char *serial, *claim_code, *manufacturer;
};
ERR_FN consent_claim(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const struct consent_claim *in,
    struct consent_view *out);

/* A page of what waits for the owner: requests of devices that they have, and
 * those whose code they gave.  Only the latter have a digest, and can be
 * decided: the others first need what the device shows (P1). */
struct consent_query {
	const char *after, *address; /* after: or NULL */
	int64_t limit;
};
ERR_FN consent_page(struct ctx *cx, const struct owner_caller *owner,
    const struct consent_query *q, struct consent_view **out, size_t *n);

/* The challenge that the touch for this decision has to answer. */
ERR_FN
consent_ask(struct ctx *cx, const struct owner_caller *owner, const char *id,
    const struct consent_decision *in, struct touch_challenge *out);

/* Decides.  The same decision again, after a lost reply, answers the same and
 * needs no further touch; another one, or other facts than were shown, is a
 * conflict. */
ERR_FN
consent_decide(struct ctx *cx, const struct owner_caller *owner, const char *id,
    const struct consent_decision *in, struct consent_result *out);

/* Tells the operators that a request looks like an attempt on this owner, who
 * was shown it.  The unit is none the worse for it (P3). */
ERR_FN consent_report(
    struct ctx *cx, const struct owner_caller *owner, const char *id);

#endif
