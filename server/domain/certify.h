/*
 * The steps that every way to a certificate has in common: sign it by its
 * profile, log it, answer with it.  Storing it, which alone makes it count,
 * is the caller's.
 */
#ifndef DOMAIN_CERTIFY_H
#define DOMAIN_CERTIFY_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/label.h"
#include "pki/csr.h"
#include "pki/issue.h"
#include "store/certificate.h"

struct signer;

/* What an enrollment or renewal came to. */
struct est_out {
	struct bytes cms; /* certs-only, DER; empty: not yet (202) */
	int retry_after;  /* seconds, with a 202 */
};

/* To the sender one refusal, whatever the reason (E5). */
extern const struct err ERR_NOT_ENROLLED;

/* Refuses a key that the label does not take. */
ERR_FN
certify_key(struct ctx *cx, const struct label *l, const struct key_facts *key);

/* The issuing CA that the label names, if this node has it. */
ERR_FN certify_issuer(
    struct ctx *cx, const struct label *l, const struct signer **out);

/* Signs what would be issued under the label to c->device_id, for the names
 * that io has, and fills the rest of both; it counts only once it is
 * stored. */
ERR_FN certify_sign(struct ctx *cx, const struct label *l,
    const struct csr *csr, struct issue *io, struct certificate_new *c);

/* It was stored: "certificate.issued", "certificate.renewed" or
 * "certificate.reissued", for a unit of that model. */
void certify_log(struct ctx *cx, const char *event, const char *model,
    const struct certificate_new *c);

/* The new certificate alone, without its chain (RFC 7030 section 4.2.3). */
ERR_FN certify_answer(struct ctx *cx, struct bytes der, struct est_out *out);

#endif
