/*
 * What a label asks of certification requests (RFC 7030 section 4.5), and
 * that it gets it: nothing is asked that is not enforced.
 */
#ifndef DOMAIN_CSRATTRS_H
#define DOMAIN_CSRATTRS_H

#include "base/bytes.h"
#include "domain/label.h"
#include "pki/csr.h"

/* The CsrAttrs of the label (NULL: of "device", the label of models that
 * name none); empty if nothing is asked.  From memory: never waits. */
ERR_FN csrattrs_get(struct ctx *cx, const char *label, struct bytes *der);

/* Refuses a request that lacks what the label asks, naming it. */
ERR_FN
csrattrs_check(struct ctx *cx, const struct label *l, const struct csr *csr);

#endif
