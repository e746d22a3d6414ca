/*
 * Accounts: owners who sign in, with their passkeys and recovery codes.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "base/limits.h"
#include "store/db.h"

struct account {
	const char *id, *name;
	/* 0 unless a recovery code was used; held: at cx->now. */
	int64_t created_at, held_until, recovered_at;
	bool held;
	int64_t passkeys, recovery_codes; /* how many there are */
};

struct passkey {
	const char *id, *owner_id, *name;
	struct bytes credential_id, cose_key;
	int64_t sign_count;
	bool backup_eligible, backed_up;
	int64_t created_at, used_at;
};

extern const struct stmt *const account_stmts[];

/* ERR_CONFLICT if there is one of that id. */
ERR_FN account_add(struct ctx *cx, const char *id, const char *name);

/* One that is neither disabled nor erased; with lock, its row is locked in
 * the open transaction.  ERR_NOT_FOUND. */
ERR_FN
account_get(struct ctx *cx, const char *id, bool lock, struct account *out);

/* From now on no yes, release or transfer, for so many seconds (P4). */
ERR_FN account_hold(struct ctx *cx, const char *id, int64_t seconds);

/* Within a transaction: takes away what tells who the owner was, and every
 * way in. */
ERR_FN account_erase(struct ctx *cx, const char *id);

/* ERR_CONFLICT if the credential is known. */
ERR_FN passkey_add(struct ctx *cx, const struct passkey *in);
ERR_FN
passkey_get(struct ctx *cx, struct bytes credential_id, struct passkey *out);
ERR_FN passkey_list(struct ctx *cx, const char *owner_id,
    struct passkey out[LIMIT_PASSKEYS], size_t *n);
/* What the authenticator said last; *done false: another answer of the same
 * counter or a later one came first. */
ERR_FN passkey_used(struct ctx *cx, const struct passkey *now, bool *done);
/* *done false: none of this owner's. */
ERR_FN passkey_remove(
    struct ctx *cx, const char *owner_id, const char *id, bool *done);

/* Puts the codes of these hashes, 32 bytes each, in place of all others. */
ERR_FN recovery_replace(
    struct ctx *cx, const char *owner_id, const uint8_t (*macs)[32], size_t n);
/* Uses one up; *owner_id is whose it was.  ERR_NOT_FOUND. */
ERR_FN
recovery_take(struct ctx *cx, const uint8_t mac[32], const char **owner_id);

#endif
