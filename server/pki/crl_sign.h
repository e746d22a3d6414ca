/*
 * Makes revocation lists of our own (RFC 5280 section 5): direct, as long as
 * they have to be, for all that a CA issued or for what names one
 * distribution point, and deltas of the former.  Entries are written in the
 * order in which they are given; everything else is written once around them.
 */
#ifndef PKI_CRL_SIGN_H
#define PKI_CRL_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct signer;
struct signers;

#define CRL_SERIAL_BYTES 16
#define CRL_NO_END INT64_MAX /* a notAfter that is not known */

/* One that is revoked; its serial number is filled with zeros from the left. */
struct crl_revoked {
	uint8_t serial[CRL_SERIAL_BYTES];
	int64_t revoked_at, not_after; /* seconds */
	unsigned reason;               /* CRLReason; 0: left out */
	uint64_t after; /* the number of the last list made without it */
};

struct crl_spec {
	int64_t this_update, next_update;
	uint64_t number; /* section 5.2.3 */
	/* URL of the distribution point that the list is for alone (section
	 * 5.2.5), and of the delta (5.2.6); or NULL. */
	const char *point, *freshest;
	uint64_t base; /* of a delta (5.2.4); 0: it is none */
	const struct crl_revoked *v;
	size_t n;
};

/* The signed list in DER, on the heap: the caller frees with mem_free. */
struct bytes crl_sign(const struct signer *ca, const struct crl_spec *spec);

/* Which of the CAs a certificate of ours names as its issuer, from the first
 * bytes of its DER; -1 if none does. */
int crl_issuer_of(const struct signers *s, struct bytes cert_head);

#endif
