/*
 * Certificates of devices.  Issuing is one statement that locks the device
 * and unit rows, looks at their state again, consumes what authorises it and
 * inserts the certificate with its event (SECURITY.md A3, A9).
 */
#ifndef STORE_CERTIFICATE_H
#define STORE_CERTIFICATE_H

#include "store/db.h"

/* A certificate as it was shown to us, with the state of all it hangs on. */
struct certificate_state {
	const char *device_id, *profile;
	uint8_t key_sha256[32], der_sha256[32];
	bool revoked; /* this certificate */
	bool device_owned;
	bool quarantined, refused; /* unit flags; lost, revoked or gone */
	int64_t birth_id;
	bool first_use;             /* a renewed one not yet seen in use */
	bool successor_used;        /* so this one is superseded (A9) */
	struct bytes successor_der; /* empty: none */
	uint8_t successor_key_sha256[32];
};

/* A certificate that was signed and is to be stored. */
struct certificate_new {
	struct bytes serial, der;
	int64_t not_before, not_after;
	const char *device_id, *profile;
	const uint8_t *key_sha256;
	const char *approval_id;  /* enrollment, or NULL */
	struct bytes predecessor; /* renewal, or empty */
	int64_t predecessor_not_before;
	bool predecessor_expired_ok; /* a re-issue by birth certificate */
};

/* The newest certificate of a device. */
struct certificate_latest {
	struct bytes serial, der;
	int64_t not_before, not_after;
	uint8_t key_sha256[32];
	const char *profile, *approval_id;
	bool revoked;
};

extern const struct stmt *const certificate_stmts[];

/* ERR_NOT_FOUND if we never issued it. */
ERR_FN certificate_judge(struct ctx *cx, struct bytes serial,
    int64_t not_before, struct certificate_state *out);

/* Notes that a renewed certificate was used: its predecessor is superseded
 * from now on. */
ERR_FN
certificate_first_use(struct ctx *cx, struct bytes serial, int64_t not_before);

/* The newest certificate of the device; ERR_NOT_FOUND if none. */
ERR_FN certificate_newest(
    struct ctx *cx, const char *device_id, struct certificate_latest *out);

/* Stores what an approval authorises and consumes the approval.  *issued
 * false: the approval, the device, the unit or the key is no longer good. */
ERR_FN certificate_enroll(
    struct ctx *cx, const struct certificate_new *in, bool *issued);

/* The same when the device has certificates of another key, which are
 * revoked in the same commit (A1: the owner said yes to the new key). */
ERR_FN certificate_replace(
    struct ctx *cx, const struct certificate_new *in, bool *issued);

/* Stores the one successor of a certificate.  *issued false as above, or
 * there is a successor already. */
ERR_FN certificate_renew(
    struct ctx *cx, const struct certificate_new *in, bool *issued);

#endif
