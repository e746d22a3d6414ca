/*
 * simpleenroll (RFC 7030 section 4.2): who may get a first certificate.  A
 * repeat of a request whose answer was lost gets the same certificate, after
 * all checks (SECURITY.md A9).
 */
#ifndef DOMAIN_ENROLL_H
#define DOMAIN_ENROLL_H

#include "domain/attestation.h"
#include "domain/caller.h"
#include "domain/certify.h"
#include "store/enrollment.h"

/* One request, and what came of it. */
struct enrollment {
	struct ctx *cx;
	const struct unit *unit; /* as it was judged */
	const char *bearer;      /* enroll token; NULL: the owner's yes to
				  * (unit, key) alone */
	struct bytes csr_der;
	const struct csr *made; /* or, read already, one whose key was made
				 * here (domain/keygen) */
	struct bytes binding;   /* of the connection (domain/link) */
	const char *handle;     /* of evidence, or NULL */
	const char *address;    /* the device's */

	struct est_out out; /* valid unless e says otherwise */
	const struct err *e;

	/* enroll.c's own. */
	struct csr csr;
	struct label label;
	struct attested attested; /* what the handle says */
	uint8_t token_mac[32];
	struct enrollment_found found;
	struct issue io;
	struct certificate_new c;
	enum {
		ENROLLMENT_OVER,   /* e and out are the answer */
		ENROLLMENT_ALONE,  /* not to be decided beside others */
		ENROLLMENT_SIGNED, /* c is to be stored */
	} step;
};

/* What a label asks of a request, whatever its key: that its unit is not
 * quarantined, names, extensions, channel binding. */
ERR_FN enroll_check(struct ctx *cx, const struct unit *unit,
    const struct label *l, const struct csr *csr, struct bytes binding);

/* The same of one request, and of its key. */
ERR_FN enroll_check_under(
    struct ctx *cx, const struct enrollment *en, const struct label *l);

/* Evidence that comes with a request is judged, whatever is known of its unit
 * by then; a request sent again proves what it did before. */
ERR_FN enroll_evidence(struct ctx *cx, struct enrollment *en);

/* Whether the unit's owner has to say yes under the label. */
bool enroll_asks_owner(const struct unit *unit, const struct label *l);

/* What the templates of the label's profile may name. */
struct issue enroll_names(const struct unit *unit);

/* Fills in what came of each, LIMIT_TOGETHER at most.  What several store is
 * one commit, made before this returns; the fate of one is not another's.
 * What is not over afterwards has to come again alone, where it may wait for
 * whoever holds its rows; one alone is always over. */
void enroll_together(struct enrollment *v, size_t n);

#endif
