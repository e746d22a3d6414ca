/*
 * One-time bootstrap tokens (SECURITY.md A12), for clients without a birth
 * certificate: HTTP Basic with the token's id as user name (RFC 7617, RFC
 * 7030 section 3.2.3).  A token stands in for the attestation of one unit
 * that its maker lists by serial number alone, for the first key presented
 * with it; never for the unit's owner, unless the label says so.
 */
#ifndef DOMAIN_BOOTSTRAP_H
#define DOMAIN_BOOTSTRAP_H

#include "domain/caller.h"
#include "store/bootstrap.h"

extern const struct err ERR_BOOTSTRAP;      /* KIND_INVALID */
extern const struct err ERR_BOOTSTRAP_UNIT; /* KIND_CONFLICT */

/* Either serials, or a batch a page at a time. */
struct bootstrap_in {
	const char *manufacturer, *label;
	const char *const *serials;
	size_t nserials;
	const char *batch, *after; /* or NULL */
	int64_t lifetime;          /* seconds; 0: a day */
};

/* As it is shown once: only a keyed hash is kept. */
struct bootstrap_made {
	const char *id, *password, *serial;
	int64_t expires_at;
};

/* Makes a token for each unit, or none if one of them may not have one.  An
 * unused one that the unit had is withdrawn, so a repeat of a call whose
 * answer was lost does no harm.  *next is where a batch goes on, or NULL. */
ERR_FN bootstrap_make(struct ctx *cx, const struct admin_caller *by,
    const struct bootstrap_in *in, struct bootstrap_made **out, size_t *n,
    const char **next);

/* A page of them, as operators see them. */
ERR_FN bootstrap_page(struct ctx *cx, const struct bootstrap_query *q,
    struct bootstrap_row **out, size_t *n);

/* A used one stays as it is. */
ERR_FN
bootstrap_end(struct ctx *cx, const struct admin_caller *by, const char *id);

/* User name and password as they came from the address, the unit that they
 * stand for, and whether they do. */
struct bootstrap_try {
	struct ctx *cx;
	const char *user, *password, *address;
	struct unit *unit;
	const struct err *e;
};

/* Judges them, LIMIT_TOGETHER at most, with one question to the database; a
 * refusal is one error to the sender (401), and tries from one address are
 * limited (BUSY).  The unit may then enroll under the token's label with the
 * token's key. */
void bootstrap_judge(struct bootstrap_try *v, size_t n);

/* Refuses a key that is not the token's, and another label than its.  NULL:
 * a key that is yet to be made, so no token's. */
ERR_FN bootstrap_check(
    struct ctx *cx, const struct unit *unit, const uint8_t *key_sha256);

/* Before a 202: the key becomes the token's, if the unit has one that is not
 * bound yet.  Issuing does so itself. */
ERR_FN bootstrap_take_key(
    struct ctx *cx, const struct unit *unit, const uint8_t key_sha256[32]);

#endif
