/*
 * Decoded trust anchors.  A maker's whole fleet comes below a few of them,
 * and decoding one costs as much as verifying what it signed.  Kept by the
 * hash of all its bytes, so what is kept is never stale; whether an anchor
 * is trusted at all is asked at each request (SECURITY.md A4).  Threads may
 * share it.
 */
#ifndef PKI_ANCHORS_H
#define PKI_ANCHORS_H

#include "base/auto.h"
#include "pki/chain.h"

struct anchors *anchors_new(void);
void anchors_free(struct anchors *a);
AUTO_STRUCT_DEFINE(anchors, anchors_free);

/* The anchor as a trust of its own, dropped with trust_free; NULL if der is
 * no certificate. */
struct trust *anchors_get(struct anchors *a, struct bytes der);

#endif
