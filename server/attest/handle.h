/*
 * Handles of evidence that was judged ahead of what it is for: who proved
 * what, for which key and purpose and until when, under a MAC, so that any
 * node of the service knows them without storing them (SECURITY.md E1).  They
 * say nothing that their holder did not send; without the holder's key, which
 * signs each request that one comes with, they are good for nothing.
 */
#ifndef ATTEST_HANDLE_H
#define ATTEST_HANDLE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct mac_key; /* pki/mac.h */

#define HANDLE_SECONDS 600
#define LIMIT_HANDLE 1024 /* bytes, sealed */

enum handle_purpose { HANDLE_ENROLL = 1, HANDLE_RENEW };

/* Texts are at most 255 bytes long, or NULL. */
struct handle {
	enum handle_purpose purpose;
	int64_t ends_at;  /* seconds since 1970 */
	int64_t birth_id; /* the unit */
	uint8_t key_sha256[32];
	uint8_t policy_sha256[32]; /* what it was judged under */
	const char *format, *grade, *sw_version, *secure_boot, *debug;
};

/* Sealed for the service of this URL, in the arena. */
ERR_FN handle_seal(struct ctx *cx, const struct mac_key *mac,
    const char *issuer, const struct handle *h, struct bytes *out);

/* ERR_BAD_EVIDENCE unless it is one of these, unchanged, and has not ended.
 * What it is for is the caller's to compare. */
ERR_FN handle_open(struct ctx *cx, const struct mac_key *mac,
    const char *issuer, struct bytes sealed, struct handle *out);

#endif
