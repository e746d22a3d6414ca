/*
 * Certification path validation (RFC 5280 section 6) at cx->now.  What is
 * remembered of a path is that its bytes are good, and from when until when;
 * the time is judged anew by each call (SECURITY.md A4).
 */
#ifndef PKI_CHAIN_H
#define PKI_CHAIN_H

#include <stddef.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

enum chain_use {
	CHAIN_CLIENT, /* our own leaves: clientAuth required */
	CHAIN_BIRTH,  /* IDevID: no EKU needed; one that stands must allow
			 clientAuth or any */
};

extern const struct err ERR_CHAIN_SHAPE;     /* empty, too long, not parsed */
extern const struct err ERR_CHAIN_UNTRUSTED; /* leads to no anchor */
extern const struct err ERR_CHAIN_EXPIRED;   /* or not yet valid */
extern const struct err ERR_CHAIN_WEAK;      /* key or hash */
extern const struct err ERR_CHAIN_PURPOSE;   /* CA as leaf, EKU, key usage */
extern const struct err ERR_CHAIN_SCOPE;     /* not below the intermediate */

/* A fixed set of anchors, which need not be self-signed.  Read-only once
 * made, so threads may share it. */
struct trust;

/* NULL if one of them is no certificate. */
struct trust *trust_new(const struct bytes *ders, size_t n);
void trust_free(struct trust *t);

/* The same trust once more: each is to be freed. */
struct trust *trust_share(struct trust *t);
AUTO_STRUCT_DEFINE(trust, trust_free);

/* Whether chain (leaf first, the rest in any order) leads from the leaf to
 * an anchor.  The leaf is never a CA and never itself an anchor. */
ERR_FN chain_verify(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct trust *t, enum chain_use use);

struct anchors;

/* The same for a birth certificate and one anchor; both are looked up among
 * what was decoded and found good (NULL: none is kept).  A scope (SHA-256 of an
 * SPKI, or empty) further demands that a CA of the path below the anchor has
 * that key (A11). */
ERR_FN chain_verify_anchor(struct ctx *cx, const struct bytes *chain, size_t n,
    struct anchors *known, struct bytes anchor_der,
    struct bytes scope_spki_sha256);

#endif
