/*
 * Sets of certificates that lose trust together (SECURITY.md R3): those whose
 * serial numbers were listed.  While the set is open nothing is issued to their
 * units, so that none is renewed before its turn comes.
 */
#ifndef STORE_SET_CERTIFICATES_H
#define STORE_SET_CERTIFICATES_H

#include "store/unit_set.h"

extern const struct stmt *const set_certificates_stmts[];

/* How many certificates a set that was added refuses, of how many living
 * devices, and the serial numbers of those that are not known here. */
ERR_FN
set_certificates_count(struct ctx *cx, const char *id, int64_t *certificates,
    int64_t *devices, const char ***unknown, size_t *n_unknown);

/* As unit_set_settle and unit_set_sweep. */
ERR_FN set_certificates_settle(struct ctx *cx, const char *id, int64_t *found);
ERR_FN
set_certificates_sweep(struct ctx *cx, const struct unit_set *s, bool *left);

#endif
