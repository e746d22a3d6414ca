/*
 * From the words of a label's settings to what they mean, and what may not
 * be said.
 */
#ifndef DOMAIN_LABEL_READ_H
#define DOMAIN_LABEL_READ_H

#include "codec/label_json.h"
#include "domain/label.h"

extern const struct err ERR_LABEL; /* KIND_INVALID "bad-label" */

/* Reads settings; out points into them and the arena.  Unknown words are
 * refused, with the member and what it may be. */
ERR_FN label_read(struct ctx *cx, const char *name, const struct label_json *in,
    struct label *out);

/* Refuses settings that contradict each other, or a certificate that no
 * device may have: asked when an operator sets them. */
ERR_FN label_check(struct ctx *cx, const struct label *l);

#endif
