/*
 * Secrets that must be usable again and so cannot be hashed: encrypted by
 * AES-256-GCM (NIST SP 800-38D) under a key made from the service's MAC key,
 * which is in a file and never in the database.  A copy of the database alone
 * opens none of them.
 */
#ifndef PKI_SEAL_H
#define PKI_SEAL_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"

struct mac_key;

/* What a sealed secret is longer by: nonce and tag. */
#define SEAL_BYTES 28

/* What a secret is for: its purpose, one for each kind of secret, and whose it
 * is.  It opens for the same alone. */
struct seal_for {
	const char *purpose, *owner;
};

/* In the arena. */
struct bytes seal(struct ctx *cx, const struct mac_key *k,
    const struct seal_for *what, struct bytes secret);

/* False if it was sealed by another key or for anything else, or changed. */
bool seal_open(struct ctx *cx, const struct mac_key *k,
    const struct seal_for *what, struct bytes sealed, struct bytes *secret);

#endif
