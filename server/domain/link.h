/*
 * Linking identity and proof of possession (RFC 7030 section 3.5): a request
 * that carries the binding of its connection as challengePassword was made
 * by the key's holder for this very connection.
 */
#ifndef DOMAIN_LINK_H
#define DOMAIN_LINK_H

#include "domain/label.h"
#include "pki/csr.h"

/* A challengePassword is verified whenever there is one, and must be there if
 * the label wants it.  binding is the connection's own, empty if none is
 * known, as behind a proxy: then nothing can be verified, and what cannot be
 * is refused (SECURITY.md H2). */
ERR_FN link_check(struct ctx *cx, const struct label *l, const struct csr *csr,
    struct bytes binding);

#endif
