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
#include "store/guess.h"

/* Refused (BUSY, with the time to wait) after more requests than any honest
 * device makes in ten minutes; pace_unit for who has counted them. */
ERR_FN pace_request(struct ctx *cx, const struct unit *unit);
ERR_FN pace_unit(struct ctx *cx, int64_t recent);

/* Whether guessing is worth while after so many tries of the service's budget:
 * it is spent, or so many codes are open that it would find one with a chance
 * above one in a thousand (P2).  New codes are longer then. */
bool pace_longer_code(struct ctx *cx, int64_t tries);
struct guess_of pace_tries(struct ctx *cx);

/* The same for device codes asked for from one address (IPv6: /64) and by one
 * model, on this node: a flood of many units fills no store.  The first refusal
 * in ten minutes is an event. */
ERR_FN
pace_source(struct ctx *cx, const struct unit *unit, const char *address);

/* The same for questions of apps that nobody has authenticated. */
ERR_FN pace_question(struct ctx *cx, const char *address);

/* Seconds until a device that waits for its owner asks again (Retry-After,
 * RFC 7030 section 4.2.3), by the age of its request and a random number:
 * soon while a person may be standing beside it, up to a minute later on,
 * spread so that a fleet which was started together does not stay so. */
int pace_retry_after(int64_t age, uint32_t random);

#endif
