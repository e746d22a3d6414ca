/*
 * Counts the certificates of devices that end soon, for metrics: whoever does
 * not renew is known before it is cut off.  One node counts for all, a day's
 * certificates at a time, and rests twenty times as long as that took.
 */
#ifndef DOMAIN_EXPIRING_H
#define DOMAIN_EXPIRING_H

#include "domain/task.h"
#include "store/expiry.h"

extern const struct task_kind EXPIRY_COUNTER;

/* What was counted last. */
ERR_FN expiring_look(struct ctx *cx, struct expiry *out);

#endif
