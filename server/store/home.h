/*
 * Homes: who may see what an owner has, and who was asked to.
 */
#ifndef STORE_HOME_H
#define STORE_HOME_H

#include "base/limits.h"
#include "store/db.h"

/* A member of a home, or a home of a member: the other account. */
struct home_member {
	const char *id, *name;
	int64_t since;
};

struct home_invitation {
	const char *id;
	int64_t expires_at;
};

extern const struct stmt *const home_stmts[];

/* The members of a home, or (of_member) the homes of a member; LIMIT_MEMBERS
 * at most, the longest there first. */
ERR_FN home_list(struct ctx *cx, const char *account, bool of_member,
    struct home_member out[LIMIT_MEMBERS], size_t *n);

/* Those that are open. */
ERR_FN home_invitations(struct ctx *cx, const char *home,
    struct home_invitation out[LIMIT_MEMBERS], size_t *n);

/* *done false: there are LIMIT_MEMBERS open ones, or members, already. */
ERR_FN home_invite(struct ctx *cx, const char *home,
    const struct home_invitation *in, const uint8_t code_mac[32], bool *done);
ERR_FN
home_uninvite(struct ctx *cx, const char *home, const char *id, bool *done);

/* The open invitation of a code: its id, whose home, and how that is called.
 * ERR_NOT_FOUND. */
ERR_FN home_invitation_get(struct ctx *cx, const uint8_t code_mac[32],
    struct home_member *home, struct home_invitation *out);

/* Within a transaction: uses it up; *done false: it is over. */
ERR_FN home_join(struct ctx *cx, const struct home_invitation *in,
    const char *member, bool *done);

/* *done false: no member. */
ERR_FN
home_part(struct ctx *cx, const char *home, const char *member, bool *done);
ERR_FN
home_is_member(struct ctx *cx, const char *home, const char *member, bool *is);

#endif
