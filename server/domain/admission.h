/*
 * Units that come for the first time: whether the model's policy lets them
 * in (listed, open, closed; when, how many, how fast), and their key pinned
 * (SECURITY.md A11).  Units that came before are no concern of it.
 */
#ifndef DOMAIN_ADMISSION_H
#define DOMAIN_ADMISSION_H

#include "attest/fmt_x509.h"
#include "domain/caller.h"
#include "store/birth.h"

/* KIND_FORBIDDEN "not-admitted"; the reason is on the context. */
extern const struct err ERR_NOT_ADMITTED;

/* Pins the key of a listed unit that has none.  ERR_CONFLICT: it is another
 * unit's. */
ERR_FN admission_pin(struct ctx *cx, const struct birth_candidate *c,
    const struct idevid *id, bool *pinned);

/* Whether it may come, and nothing but its key need be stored. */
bool admission_is_plain(struct ctx *cx, const struct birth_candidate *c);

/* Lets in a listed unit that has no birth certificate, once, within the
 * transaction that keeps what its evidence said. */
ERR_FN admission_came(struct ctx *cx, const struct unit *unit);

/* Puts a unit whose chain was verified, and that nobody listed, on the
 * allowlist of its maker's one open model; *opened says whether there is
 * one. */
ERR_FN admission_open(struct ctx *cx, const char *manufacturer_id,
    const struct idevid *id, bool *opened);

#endif
