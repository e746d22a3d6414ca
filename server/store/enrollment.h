/*
 * First certificates, many at once.  Everything that decides is read by one
 * statement, and what was decided is stored by one more, which locks device
 * and unit rows, looks at them again, uses up what authorises each
 * certificate and inserts it with its event (SECURITY.md A3, A9).  Each
 * request stands alone in both: what is not good any more is not stored, and
 * the others are.
 */
#ifndef STORE_ENROLLMENT_H
#define STORE_ENROLLMENT_H

#include "store/approval.h"
#include "store/certificate.h"

struct enrollment_ask {
	int64_t birth_id;
	const uint8_t *key_sha256;
	struct bytes token_mac; /* of the enroll token, or empty */
};

/* The newest request for this (unit, key), or of the token. */
struct enrollment_found {
	const char *approval_id; /* NULL: none, and nothing else is set */
	enum approval_state state;
	const char *device_id;
	const char *label; /* under which it was asked, or NULL */
	int64_t created_at, expires_at;
	/* The device was made by this very yes: it has had no certificate, and
	 * no search in all partitions is needed to know that. */
	bool first;
	bool asks_evidence; /* the device's model does */
};

extern const struct stmt *const enrollment_stmts[];

/* What is known of each of n requests. */
ERR_FN enrollment_find(struct ctx *cx, const struct enrollment_ask *in,
    size_t n, struct enrollment_found *out);

/* Stores what is authorised and uses the authority up.  stored[i] false: the
 * approval, the token, the device, the unit or the key is no longer good; or,
 * without wait, somebody else holds a row of it at this moment, so that it is
 * to be tried again alone.  No two may have the same key. */
ERR_FN enrollment_store(struct ctx *cx, const struct certificate_new *const *in,
    size_t n, bool wait, bool *stored);

/* The same when the device has had certificates, of which those of other
 * keys are revoked in the same commit (A1: the owner said yes to this key). */
ERR_FN enrollment_replace(
    struct ctx *cx, const struct certificate_new *in, bool *stored);

#endif
