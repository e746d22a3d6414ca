/*
 * How often one unit may ask its owner: each request is kept, and a unit
 * that was taken apart must not fill the store.
 */
#ifndef DOMAIN_PACE_H
#define DOMAIN_PACE_H

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"

/* Refused (BUSY, with the time to wait) after more requests than any honest
 * device makes in ten minutes. */
ERR_FN pace_request(struct ctx *cx, const struct unit *unit);

#endif
