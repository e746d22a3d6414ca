/*
 * Who holds a certificate of ours, judged anew at each request (SECURITY.md
 * A4): the device with its operational certificate, or a registration
 * authority (A13), which is a service with cmcRA.
 */
#ifndef DOMAIN_HOLDER_H
#define DOMAIN_HOLDER_H

#include "domain/caller.h"

/* "certificate-refused", FORBIDDEN: one refusal whatever the reason (E5). */
extern const struct err ERR_CERTIFICATE;

/* Judges an operational certificate: our chain, R7's identity, not revoked
 * or superseded, device owned and unflagged but for quarantine; or that of a
 * registration authority.  Fills caller->device or caller->ra, and its kind.
 * A certificate that is superseded is a sign of a clone (A9). */
ERR_FN
holder_judge(struct ctx *cx, const struct peer *peer, struct caller *out);

/* Whether a certificate of whoever's making has a key whose signatures cost
 * no more to verify than those of the keys that are accepted (E4): asked
 * before anything is verified with it. */
bool holder_key_is_bounded(struct bytes leaf);

/* Whether the leaf is an unexpired certificate of our issuing CA with a
 * device's identity: mathematics and clock alone, no database.  Decides the
 * lane of the queue on the I/O thread, and nothing else (H3). */
bool holder_is_operational(struct ctx *cx, const struct peer *peer);

/* SHA-256 of the certificate that the peer showed, in the arena: what a token
 * is bound to (RFC 8705 section 3.1). */
struct bytes holder_x5t(struct ctx *cx, const struct peer *peer);

#endif
