/*
 * Certificates of devices: what is known of them.  They are stored by
 * store/enrollment and store/renewal.
 */
#ifndef STORE_CERTIFICATE_H
#define STORE_CERTIFICATE_H

#include "store/db.h"

/* The label of certificates that a quarantined device has (R5).  Where such a
 * one is read, the label it stays under is its device's. */
#define QUARANTINE_LABEL "quarantine"
#define OWN_LABEL                                                          \
	"CASE c.profile WHEN '" QUARANTINE_LABEL "' THEN (SELECT profile " \
	"FROM device WHERE id = c.device_id) ELSE c.profile END"

/* A certificate that was signed and is to be stored. */
struct certificate_new {
	struct bytes serial, der;
	int64_t not_before, not_after;
	const char *device_id, *profile;
	const uint8_t *key_sha256;
	int64_t birth_id;         /* enrollment: the unit */
	const char *approval_id;  /* enrollment, or NULL */
	const char *bootstrap_id; /* enrollment: the token it uses, or NULL */
	bool new_device; /* enrollment: the device has no owner, and is new */
	const char *request_id;   /* enrollment: for its event */
	struct bytes predecessor; /* renewal, or empty */
	int64_t predecessor_not_before;
	bool predecessor_ended_ok; /* expired or overdue: a re-issue by birth
				      certificate */
	const char *ra; /* the service that renews for the device, or NULL */
};

/* The newest certificate of a device. */
struct certificate_latest {
	struct bytes serial, der;
	int64_t not_before, not_after;
	uint8_t key_sha256[32];
	const char *profile, *approval_id;
	bool revoked;
	bool narrowed; /* of quarantine */
	bool overdue;  /* revoked by a deadline alone: its device may return */
};

extern const struct stmt *const certificate_stmts[];

/* One that was issued to a device, whatever became of it. */
struct certificate_issued {
	struct bytes serial;
	const char *device_id;
	int64_t birth_id, not_before, not_after;
	uint8_t key_sha256[32];
	bool revoked;
};

/* By its serial number; ERR_NOT_FOUND. */
ERR_FN certificate_of_serial(
    struct ctx *cx, struct bytes serial, struct certificate_issued *out);

/* Within a transaction, before anything else there: locks the device against
 * whoever issues to it (A3), then revokes the one certificate.  *changed
 * false: it was revoked already. */
ERR_FN certificate_revoke(
    struct ctx *cx, const struct certificate_issued *c, bool *changed);

/* Its key is refused for good (A9). */
ERR_FN
certificate_refuse_key(struct ctx *cx, const struct certificate_issued *c);

/* The newest certificate of the device; ERR_NOT_FOUND if none. */
ERR_FN certificate_newest(
    struct ctx *cx, const char *device_id, struct certificate_latest *out);

#endif
