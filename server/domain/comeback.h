/*
 * simpleenroll of a unit that has a device already, without an approval to
 * use up: the same key gets the same certificate, or a new one once that has
 * ended; any other key is refused until its owner says yes (SECURITY.md A1,
 * A9).
 */
#ifndef DOMAIN_COMEBACK_H
#define DOMAIN_COMEBACK_H

#include "domain/enroll.h"

/* en->unit has a device_id, and en->csr's key is nobody else's. */
ERR_FN comeback(struct ctx *cx, struct enrollment *en);

/* Refuses any key but those that the unit's device or bootstrap token has:
 * before one is made. */
ERR_FN comeback_check_new_key(struct ctx *cx, const struct unit *unit);

#endif
