/*
 * Decoded trust anchors, and which chains were found to lead to them.  A
 * maker's whole fleet comes below a few anchors, and decoding one costs as
 * much as verifying what it signed; a device shows the same chain at each
 * step of its enrollment.  Kept by the hash of all the bytes, so what is kept
 * is never stale; whether an anchor is trusted at all, and whether each
 * certificate of the path is within its validity, is asked at each request
 * (SECURITY.md A4).  Threads may share it.
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

/* A path that was found good, and when it is: from <= now < until. */
struct anchors_path {
	uint8_t of[32]; /* SHA-256 of all that was judged but the time */
	int64_t from, until;
};

/* Whether the same was found good, and is at now. */
bool anchors_recall(struct anchors *a, const uint8_t of[32], int64_t now);
void anchors_remember(struct anchors *a, const struct anchors_path *path);

#endif
