/*
 * Certificate revocation lists (RFC 5280 section 5), complete ones: direct,
 * indirect, or in parts by what they are about.  A delta list is never taken
 * for a complete one.  Which list speaks for which certificate is decided
 * with the certificate at hand (section 6.3.3); who may have signed it is
 * the caller's to find out.
 */
#ifndef PKI_CRL_H
#define PKI_CRL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "pki/path_cert.h"

/* Slices borrow from the DER; the canonical name is in the arena. */
struct crl {
	struct bytes der, tbs, algorithm, signature;
	struct bytes issuer, issuer_dn;   /* DER; canonical (pki/dn) */
	int64_t this_update, next_update; /* next_update 0: none said */
	struct bytes entries;             /* content of revokedCertificates */
	struct bytes front, back;         /* what of tbs is around it */
	struct bytes authority_key_id;    /* or empty */
	bool number, number_critical;     /* a cRLNumber stands */
	bool delta, unknown_critical;
	/* issuingDistributionPoint (section 5.2.5). */
	bool only_users, only_cas, only_attributes, some_reasons, indirect;
	struct bytes point; /* content of DistributionPointName, or empty */
	unsigned reasons;   /* bits of onlySomeReasons; all if none are named */
};

extern const struct err ERR_BAD_CRL;      /* bad-crl, INVALID */
extern const struct err ERR_PATH_REVOKED; /* path-revoked, FORBIDDEN */
/* No current list speaks for a certificate: path-no-crl, FORBIDDEN. */
extern const struct err ERR_PATH_NO_CRL;

/* All reasons of section 4.2.1.13 but none twice. */
#define CRL_ALL_REASONS 0xff80u

/* Reads one list, whole and in DER, every entry included; at most LIMIT_CRL
 * bytes.  Verifies nothing. */
ERR_FN crl_parse(struct ctx *cx, struct bytes der, struct crl *out);

/* The list without its entries, in the arena: which certificates it is about,
 * and until when, for whoever keeps what it revokes elsewhere.  Its signature
 * is nothing any more. */
struct bytes crl_head(struct ctx *cx, const struct crl *crl);

/* The issuer's Name (DER) of what may be a list, without reading the rest. */
bool crl_issuer(struct bytes der, struct bytes *issuer);

/* Whether the list is current, complete and readable at cx->now. */
ERR_FN crl_current(struct ctx *cx, const struct crl *crl);

/* Whether spki (DER) signed the list.  weak as in pki/signed. */
bool crl_signed_by(const struct crl *crl, struct bytes spki, bool weak);

/* Whether a serial number (INTEGER content) that issuer (canonical name) gave
 * out is listed.  In an indirect list an entry belongs to the issuer that was
 * named last (section 5.3.3), at first to the list's own. */
bool
crl_lists(const struct crl *crl, struct bytes issuer_dn, struct bytes serial);

/* All entries one after the other: start with { 0 }; false at the end. */
struct crl_walk {
	bool started;
	struct bytes rest, issuer_dn;
};
struct crl_entry {
	struct bytes issuer_dn; /* canonical: whose certificate it is */
	struct bytes serial;    /* magnitude, as pki/cert has it */
};
bool crl_next(struct ctx *cx, const struct crl *crl, struct crl_walk *w,
    struct crl_entry *out);

/* Whether a direct list names a serial number twice. */
bool crl_repeats(const struct crl *crl);

/* Whether the list is about this certificate at all: its kind, its issuer and
 * its distribution points (section 6.3.3 (b)).  *reasons says for which
 * reasons. */
bool crl_covers(struct ctx *cx, const struct crl *crl,
    const struct path_cert *c, unsigned *reasons);

#endif
