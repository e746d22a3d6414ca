/*
 * Answers to OCSP requests (RFC 6960, RFC 5019) about what we issued: signed
 * when asked, by a delegated key of the issuing CA (pki/responder), and kept
 * while they are good and the feed does not say otherwise (SECURITY.md R10).
 * About a certificate that we never issued the answer is unknown; about
 * another CA's, a refusal.
 */
#ifndef DOMAIN_OCSP_H
#define DOMAIN_OCSP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct ocsp;
struct svc;
struct view_entry;

/* With a responder for each issuing CA of the service. */
struct ocsp *ocsp_new(const struct svc *svc, int64_t now);
void ocsp_free(struct ocsp *o);
AUTO_STRUCT_DEFINE(ocsp, ocsp_free);

struct ocsp_reply {
	struct bytes der; /* OCSPResponse, in the arena */
	int64_t this_update, next_update;
	const char *etag; /* NULL: for this one request alone */
};

/* From memory, without waiting: *kept is false if the database has to be
 * asked.  Refuses what ocsp_reply would for its form. */
ERR_FN ocsp_kept_reply(
    struct ctx *cx, struct bytes der, struct ocsp_reply *out, bool *kept);

/* ERR_BAD_OCSP, or ERR_OCSP_ISSUER unless all that is asked about is of one
 * CA of ours. */
ERR_FN ocsp_reply(struct ctx *cx, struct bytes der, struct ocsp_reply *out);

/* What is sent with our own TLS certificate (RFC 6066 section 8). */
#define OCSP_STAPLE_MAX 2048
struct ocsp_staple {
	uint8_t cert_sha256[32]; /* of the certificate that it is about */
	uint8_t der[OCSP_STAPLE_MAX];
	size_t n; /* 0: there is none */
	int64_t next_update;
};

/* For domain/follow: signs it anew when half of it is over, or at once.  There
 * is none unless one of our CAs issued the certificate. */
ERR_FN ocsp_own(struct ctx *cx, bool at_once);
void ocsp_staple(struct ocsp *o, struct ocsp_staple *out);

/* For domain/follow: the feed says this; and whether it is followed at all.
 * Either call of the latter forgets everything. */
void ocsp_heard(struct ocsp *o, const struct view_entry *entry);
void ocsp_follow(struct ocsp *o, bool followed);

#endif
