/*
 * Certificates of devices.  Issuing is one statement that locks the device
 * and unit rows, looks at their state again, consumes what authorises it and
 * inserts the certificate with its event (SECURITY.md A3, A9).
 */
#ifndef STORE_CERTIFICATE_H
#define STORE_CERTIFICATE_H

#include "store/db.h"

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
	const char *ra; /* the service that renews for the device, or NULL */
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

#endif
