/*
 * Homes.  What one account has is its home; whom it invites sees its devices,
 * what they are and how they are, and nothing else: a member approves,
 * releases and transfers nothing there, and sees no serial number, no history
 * and no evidence.  Every function is for the signed-in account, and what is
 * not theirs is ERR_NOT_FOUND (SECURITY.md E5).
 */
#ifndef DOMAIN_HOMES_H
#define DOMAIN_HOMES_H

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"
#include "domain/touch.h"
#include "store/device.h"
#include "store/home.h"

#define INVITATION_SECONDS 86400

struct homes_own {
	struct home_member member[LIMIT_MEMBERS];
	struct home_invitation invitation[LIMIT_MEMBERS];
	size_t n_members, n_invitations;
};

/* Who sees the caller's home, and who was asked. */
ERR_FN homes_own(
    struct ctx *cx, const struct owner_caller *owner, struct homes_own *out);

/* The homes that the caller sees, their own left out. */
ERR_FN homes_seen(struct ctx *cx, const struct owner_caller *owner,
    struct home_member out[LIMIT_MEMBERS], size_t *n);

struct homes_invited {
	const char *id;
	const char *code; /* shown once, good for a day */
	const char *link; /* to it, the code in its fragment */
	int64_t expires_at;
};

/* Invites whoever has the code, by a touch. */
ERR_FN homes_invite(struct ctx *cx, const struct owner_caller *owner,
    const struct touch_answer *touch, struct homes_invited *out);
ERR_FN homes_uninvite(
    struct ctx *cx, const struct owner_caller *owner, const char *id);

struct homes_invitation {
	const char *id, *home, *name; /* the home's account, and its name */
	int64_t expires_at;
};

/* What the code is for; wrong ones count as wrong user codes do (P2). */
ERR_FN homes_show(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const char *code, struct homes_invitation *out);

/* Joins: the code again, and a touch for the invitation's id. */
struct homes_word {
	const char *id, *code;
	const struct touch_answer *touch;
};
ERR_FN homes_join(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const struct homes_word *in);

/* The owner shows a member out; a member leaves. */
ERR_FN homes_remove(
    struct ctx *cx, const struct owner_caller *owner, const char *member);
ERR_FN
homes_leave(struct ctx *cx, const struct owner_caller *owner, const char *home);

/* A page of the devices of a home that the caller sees. */
struct homes_query {
	const char *home, *after;
	int64_t limit;
};
ERR_FN homes_devices(struct ctx *cx, const struct owner_caller *owner,
    const struct homes_query *q, struct device **out, size_t *n);

#endif
