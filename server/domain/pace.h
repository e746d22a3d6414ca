/*
 * How often one unit may ask its owner, since each request is kept and a
 * unit that was taken apart must not fill the store; and how soon one that
 * waits should look again.
 */
#ifndef DOMAIN_PACE_H
#define DOMAIN_PACE_H

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"

/* Refused (BUSY, with the time to wait) after more requests than any honest
 * device makes in ten minutes.  *longer_code (may be NULL) says that guessing
 * is worth while now: the service's budget of tries is spent, or so many codes
 * are open that it would find one with a chance above one in a thousand (P2);
 * new codes are longer then. */
ERR_FN
pace_request(struct ctx *cx, const struct unit *unit, bool *longer_code);

/* The same for device codes asked for from one address (IPv6: /64) and by one
 * model, on this node: a flood of many units fills no store.  The first refusal
 * in ten minutes is an event. */
ERR_FN
pace_source(struct ctx *cx, const struct unit *unit, const char *address);

/* Seconds until a device that waits for its owner asks again (Retry-After,
 * RFC 7030 section 4.2.3), by the age of its request and a random number:
 * soon while a person may be standing beside it, up to a minute later on,
 * spread so that a fleet which was started together does not stay so. */
int pace_retry_after(int64_t age, uint32_t random);

#endif
