/*
 * Requests for an owner's yes.  An approval is for one (unit, key), is
 * decided once, and authorises one issuance (SECURITY.md A1, A2).
 */
#ifndef STORE_APPROVAL_H
#define STORE_APPROVAL_H

#include "store/db.h"
#include "store/guess.h"

enum approval_state {
	APPROVAL_PENDING,
	APPROVAL_APPROVED,
	APPROVAL_DENIED,
	APPROVAL_CONSUMED,
	APPROVAL_SUPERSEDED,
};

struct approval {
	const char *id, *kind, *client_id, *facts;
	int64_t birth_id;
	enum approval_state state;
	uint8_t key_sha256[32], birth_cert_sha256[32];
	const char *shown_to, *owner_id, *device_id; /* NULL until set */
	const char *label; /* under which it was asked (A8), or NULL */
	int64_t created_at, expires_at, redeemed_at; /* 0 until set */
	/* The unit's present ownership, if any. */
	const char *unit_owner_id, *unit_device_id;
	bool unit_flagged; /* quarantined, lost, revoked, decommissioned */
	/* When shown: when the unit first proved itself, and whether somebody
	 * had it before. */
	int64_t first_seen;
	bool owned_before;
	/* When shown or locked: where it was asked from (domain/network), and
	 * the model's policy, JSON. */
	struct bytes network;
	const char *model_policy;
};

struct approval_new {
	const char *id, *kind, *client_id, *facts;
	int64_t birth_id, expires_at;
	const uint8_t *key_sha256, *birth_key_sha256, *birth_cert_sha256;
	struct bytes device_code_mac, user_code_mac; /* empty: claim kind */
	const char *label;
	const char *device_id; /* the unit\'s present ownership, or NULL */
	const char *request_id;
	struct bytes network; /* domain/network */
};

extern const struct stmt *const approval_stmts[];

/* By its name in the table. */
enum approval_state approval_state(const char *text);

/* Stores a request with its event; one that is pending for the same (unit,
 * key) is replaced (P3).  ERR_CONFLICT: the user code is taken, make
 * another. */
ERR_FN approval_create(struct ctx *cx, const struct approval_new *in);

/* The same for many at once, of a unit each, in one commit.  Without wait a
 * unit is passed over whose row somebody holds; with an error none is stored,
 * be it on account of one alone. */
ERR_FN approval_create_all(struct ctx *cx, const struct approval_new *const *in,
    size_t n, bool wait, bool *stored);

/* How many requests this unit made in ten minutes. */
ERR_FN approval_count_recent(struct ctx *cx, int64_t birth_id, int64_t *recent);

/* What is to be known of a (unit, key) before it may ask. */
struct approval_ask {
	int64_t birth_id;
	const uint8_t *key_sha256;
	const char *device_id; /* the unit's present ownership, or NULL */
};

struct approval_seen {
	int64_t recent; /* as approval_count_recent */
	int64_t tries;  /* that were taken of the budget */
	bool key_taken; /* as birth_key_is_taken */
};

/* Of each, in one statement. */
ERR_FN approval_look(struct ctx *cx, const struct approval_ask *ask, size_t n,
    const struct guess_of *tries_of, struct approval_seen *out);

/* Each finds one or fails with ERR_NOT_FOUND.  By user code: pending and not
 * expired only; the caller becomes the one it was shown to. */
ERR_FN approval_by_device_code(
    struct ctx *cx, const uint8_t mac[32], struct approval *out);
ERR_FN approval_show(struct ctx *cx, const uint8_t user_code_mac[32],
    const char *owner_id, struct approval *out);

/* The pending claim requests of a unit; the newest is shown to the owner. */
ERR_FN approval_show_claim(struct ctx *cx, int64_t birth_id,
    const char *owner_id, struct approval *out, int64_t *n);

/* What waits for the owner, those whose code they did not give among it. */
ERR_FN approval_page(struct ctx *cx, const char *owner_id, const char *after,
    int64_t limit, struct approval **out, size_t *n);

/* Within a transaction: the approval with its row and its unit's row locked,
 * so that decisions on one unit happen one after the other. */
ERR_FN approval_lock(struct ctx *cx, const char *id, struct approval *out);

/* Within the same: the owner's decision.  For a yes, device_id is the new or
 * present ownership, which must exist. */
ERR_FN approval_decide(struct ctx *cx, const struct approval *a, bool yes,
    const char *owner_id, const char *device_id);

/* Remembers the enroll token, for 60 s after the first redemption again and
 * again (a lost reply); *minted false: too late, consumed, or the device is
 * no longer good.  Locks device and unit rows (A3). */
ERR_FN approval_redeem(struct ctx *cx, const char *id,
    const uint8_t token_mac[32], int64_t lifetime, bool *minted);

/* Who was shown it says that it is suspicious; *done false: not shown to them,
 * or said before. */
ERR_FN approval_report(
    struct ctx *cx, const char *id, const char *owner_id, bool *done);

/* Calls fn for the ids of approvals decided in the last seconds. */
ERR_FN approval_recently_decided(struct ctx *cx, int seconds,
    void (*fn)(void *arg, const char *id), void *arg);

#endif
