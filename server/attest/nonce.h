/*
 * Nonces that evidence answers to: a time, randomness and a keyed hash of
 * both, so that any node knows its own service's without storing them
 * (SECURITY.md E3).  That each is used once is the domain's.
 */
#ifndef ATTEST_NONCE_H
#define ATTEST_NONCE_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct mac_key; /* pki/mac.h */

#define NONCE_BYTES 32 /* as Matter wants them */
#define NONCE_SECONDS 120

/* A fresh one for the service of this URL, in the arena. */
struct bytes
nonce_make(struct ctx *cx, const struct mac_key *mac, const char *issuer);

/* ERR_BAD_EVIDENCE unless it is one of these and has not ended. */
ERR_FN nonce_judge(struct ctx *cx, const struct mac_key *mac,
    const char *issuer, struct bytes nonce);

#endif
