/*
 * A device from one owner to another (SECURITY.md P5).  Its owner offers it by
 * a touch, for a day; whoever has the one-time code sees what the device has
 * proved, and takes it by a touch of their own.  Then it is another device
 * (A5): the certificates of the old id are revoked, its sessions are cut, and
 * the unit proves itself anew, with a new key, for its new owner's yes.
 * Neither learns who the other is.
 */
#ifndef DOMAIN_TRANSFER_H
#define DOMAIN_TRANSFER_H

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"
#include "domain/touch.h"

#define TRANSFER_SECONDS 86400

struct transfer_offer {
	const char *code; /* shown once */
	const char *link; /* to it, the code in its fragment */
	int64_t expires_at;
};

/* Offers the owner's device, by a touch for it; an earlier offer is taken
 * back.  Not while the unit is flagged, nor before it has joined. */
ERR_FN transfer_offer(struct ctx *cx, const struct owner_caller *owner,
    const char *device_id, const struct touch_answer *touch,
    struct transfer_offer *out);

/* Takes the offer back, if there is one.  ERR_NOT_FOUND: no such device. */
ERR_FN transfer_take_back(
    struct ctx *cx, const struct owner_caller *owner, const char *device_id);

/* What is offered, as its device proved it when it joined last. */
struct transfer_view {
	const char *id, *facts, *digest, *account;
	int64_t proved_at, expires_at;
};

/* What this code is for; wrong ones count as wrong user codes do (P2). */
ERR_FN transfer_show(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const char *code, struct transfer_view *out);

/* Takes it: the code again, and a touch for "ID DIGEST".  The same again,
 * after a lost reply, answers the same. */
struct transfer_word {
	const char *id, *code, *digest;
	const struct touch_answer *touch;
};
ERR_FN transfer_take(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const struct transfer_word *in,
    const char **new_device_id);

#endif
