/*
 * The names of a certification request: what a renewal compares with those
 * of the certificate that it renews (RFC 7030 section 4.2.2), and the wish
 * for others (ChangeSubjectName, RFC 6402 section 2.8).
 */
#ifndef PKI_CSR_NAMES_H
#define PKI_CSR_NAMES_H

#include "pki/csr.h"

/* Whether the request is for the certificate's own subject and names.  A
 * subject that is empty and a SAN that is absent ask for what there is.
 * Subjects are compared by attribute and text, whichever ASCII string type
 * holds it (RFC 5280 section 7.1); SANs as a set.  A ChangeSubjectName counts
 * as names that are asked for.  Refuses a malformed one. */
ERR_FN csr_names_match(
    struct ctx *cx, const struct csr *csr, struct bytes cert_der, bool *same);

/* The device id that the request is about, from CN or a URI; NULL if it names
 * none.  Proves nothing: compare the names with that device's certificate. */
const char *csr_names_device(struct ctx *cx, const struct csr *csr);

#endif
