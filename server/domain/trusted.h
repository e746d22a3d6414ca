/*
 * What of a maker is trusted at this time, as evidence is judged with it:
 * anchors, secrets opened; and a birth certificate's chain held against its
 * maker's lists where its model needs them to be current.
 */
#ifndef DOMAIN_TRUSTED_H
#define DOMAIN_TRUSTED_H

#include "attest/attest.h"
#include "domain/caller.h"

struct idevid; /* attest/fmt_x509.h */

extern const struct err ERR_LISTS; /* crls, FORBIDDEN */

ERR_FN trusted_read(struct ctx *cx, const char *manufacturer_id,
    struct attest_anchor out[LIMIT_ANCHORS], size_t *n);

/* ERR_LISTS if the model's policy has crl_required and one of the
 * chain's certificates is on a list, or on none that is current. */
ERR_FN trusted_check_lists(struct ctx *cx, const char *manufacturer_id,
    const char *model_id, const struct idevid *id);

#endif
