/*
 * What one CA has revoked, in the order of serial numbers, so that a list is
 * written from it without sorting and what is new is merged in.
 */
#ifndef DOMAIN_REVOKED_H
#define DOMAIN_REVOKED_H

#include "base/auto.h"
#include "pki/crl_sign.h"

struct revoked;

struct revoked *revoked_new(void);
void revoked_free(struct revoked *r);
AUTO_STRUCT_DEFINE(revoked, revoked_free);

/* Notes one; it counts from the next call of revoked_settle. */
void revoked_add(struct revoked *r, const struct crl_revoked *one);

/* Merges what was noted, the earliest of each serial number; drops what had
 * expired before the time given.  False if nothing changed. */
bool revoked_settle(struct revoked *r, int64_t expired_before);

/* Borrowed until the next call. */
const struct crl_revoked *revoked_all(const struct revoked *r, size_t *n);

#endif
