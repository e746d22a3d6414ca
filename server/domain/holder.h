/*
 * Who holds a certificate of ours, judged anew at each request (SECURITY.md
 * A4): the device with its operational certificate.
 */
#ifndef DOMAIN_HOLDER_H
#define DOMAIN_HOLDER_H

#include "domain/caller.h"

/* Judges an operational certificate: our chain, R7's identity, not revoked
 * or superseded, device owned and unflagged but for quarantine. */
ERR_FN holder_device(
    struct ctx *cx, const struct peer *peer, struct device_caller *out);

/* Whether the leaf is an unexpired certificate of our issuing CA with a
 * device's identity: mathematics and clock alone, no database.  Decides the
 * lane of the queue on the I/O thread, and nothing else (H3). */
bool holder_is_operational(struct ctx *cx, const struct peer *peer);

#endif
