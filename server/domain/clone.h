/*
 * Signs that a device's key has a second holder: a renewal from a certificate
 * whose successor is in use, or a second one for another key (SECURITY.md
 * A9).  What they do is the label's choice, and whoever gives them has proved
 * the device's own key (A10).
 */
#ifndef DOMAIN_CLONE_H
#define DOMAIN_CLONE_H

#include "domain/caller.h"

/* Records that the caller's certificate was used beside its successor and, if
 * the device's label says so, quarantines the unit in the same commit, once.
 * Returns the refusal e, or why that could not be kept. */
ERR_FN clone_suspected(
    struct ctx *cx, const struct device_caller *device, const struct err *e);

#endif
