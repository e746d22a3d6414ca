/*
 * The birth certificate (IDevID, IEEE 802.1AR) by mutual TLS.  Possession of
 * its key was proved by the handshake; here the chain is judged.
 */
#ifndef ATTEST_FMT_X509_H
#define ATTEST_FMT_X509_H

#include "attest/attest.h"

extern const struct attest_format FMT_X509; /* "idevid" */

/* Parses a chain of at most LIMIT_CHAIN certificates, leaf first, each
 * within the limits of E4.  The chain's bytes are borrowed. */
ERR_FN idevid_parse(
    struct ctx *cx, const struct bytes *chain, size_t n, struct idevid *out);

/* Verifies the parsed chain against one anchor at cx->now. */
void idevid_verify(struct ctx *cx, const struct idevid *id,
    const struct attest_anchor *anchor, struct verdict *out);

#endif
