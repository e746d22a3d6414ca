/*
 * Beginnings that all issuing statements share: $1 is the device, $2 the
 * key's hash.
 */
#ifndef STORE_CERTIFICATE_SQL_H
#define STORE_CERTIFICATE_SQL_H

#include "store/set_sql.h"

/* The device and its unit, locked against whoever takes trust away, and
 * judged by what the rows say once the lock is had (A3). */
#define LOCKED_DEVICE(more)                                     \
	"WITH d AS (SELECT d.id, d.birth_id FROM device d "     \
	"JOIN birth b ON b.id = d.birth_id "                    \
	"WHERE d.id = $1::uuid AND d.state = 'owned' AND "      \
	"b.lost_at IS NULL AND b.revoked_at IS NULL AND "       \
	"b.decommissioned_at IS NULL AND " SET_SPARES("b") more \
	    "FOR SHARE OF d, b), "

/* The key becomes this device's, unless it is another's, a birth key, or
 * refused for good (A5, A9). */
#define CLAIMED_KEY                                                       \
	"k AS (INSERT INTO key_use AS u (key_sha256, device_id) "         \
	"SELECT $2, d.id FROM d WHERE NOT EXISTS (SELECT FROM birth "     \
	"WHERE key_sha256 = $2 OR pinned_key_sha256 = $2) "               \
	"ON CONFLICT (key_sha256) DO UPDATE SET device_id = u.device_id " \
	"WHERE u.device_id = excluded.device_id AND NOT u.compromised "   \
	"RETURNING device_id), "

#endif
