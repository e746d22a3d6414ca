/*
 * Certificates of units held against what their maker's CAs revoked: looked
 * up among the entries, however long the lists are; and, where a model needs
 * it, covered by lists that are current (RFC 5280 section 6.3.3).  That a list
 * is signed by the CA it speaks for was verified when it came (domain/crls).
 */
#ifndef DOMAIN_LISTED_H
#define DOMAIN_LISTED_H

#include "attest/verdict.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* The serial number, in hex, of a certificate of the chain that a list of
 * this maker holds; NULL if none. */
ERR_FN listed_first(struct ctx *cx, const char *manufacturer_id,
    const struct bytes *chain, size_t n, const char **revoked);

/* Refuses, in the verdict, a path of which a certificate is on a list or, if
 * that is needed, is covered by none that is current. */
ERR_FN listed_judge(struct ctx *cx, const char *manufacturer_id, bool needed,
    struct verdict *v);

#endif
