/*
 * A certificate as RFC 5280 section 6 looks at it: every field that path
 * validation decides by, with what is said and what is critical kept apart.
 * pki/cert holds the few facts that the rest of the service needs.
 */
#ifndef PKI_PATH_CERT_H
#define PKI_PATH_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* The extensions of section 4.2 that a path is judged by. */
enum path_ext {
	PX_BASIC_CONSTRAINTS,
	PX_KEY_USAGE,
	PX_EKU,
	PX_SAN,
	PX_SUBJECT_KEY_ID,
	PX_AUTHORITY_KEY_ID,
	PX_NAME_CONSTRAINTS,
	PX_POLICIES,
	PX_MAPPINGS,
	PX_POLICY_CONSTRAINTS,
	PX_INHIBIT_ANY,
	PX_CRL_POINTS,
	PX_FRESHEST_CRL,
	PX_AIA,
	PX_DICE, /* of pki/dice_cert; nobody else knows it */
	PX_COUNT
};

/* Bits of KeyUsage (section 4.2.1.3). */
#define USAGE_SIGNATURE 0x0080u
#define USAGE_AGREEMENT 0x0008u
#define USAGE_CERT_SIGN 0x0004u
#define USAGE_CRL_SIGN 0x0002u

struct path_ext_value {
	struct bytes value; /* p is NULL: not there */
	bool critical;
};

/* Slices borrow from the DER; the canonical names are in the arena. */
struct path_cert {
	struct bytes der, tbs, algorithm, signature, spki;
	struct bytes serial;          /* the INTEGER's content as it stands */
	struct bytes issuer, subject; /* DER */
	struct bytes issuer_dn, subject_dn; /* canonical (pki/dn) */
	int version;                        /* 1 to 3 */
	int64_t not_before, not_after;
	struct path_ext_value ext[PX_COUNT];
	bool unknown_critical;     /* an extension that nobody here knows */
	bool application_policies; /* critical ones of Microsoft's */
	bool ca;
	int path_length; /* -1: none */
	unsigned key_usage;
	struct bytes key_id;           /* subjectKeyIdentifier */
	struct bytes authority_key_id; /* its keyIdentifier, or empty */
	bool authority_named;          /* it has issuer or serial */
	int require_explicit, inhibit_mapping, inhibit_any; /* -1: none */
};

extern const struct err ERR_PATH_CERT; /* path-certificate, INVALID */

/* Reads one certificate of any version, whole and in DER, of any size that
 * its sender was allowed.  Verifies nothing. */
ERR_FN path_cert_parse(struct ctx *cx, struct bytes der, struct path_cert *out);

static inline bool
path_cert_has(const struct path_cert *c, enum path_ext x)
{
	return c->ext[x].value.p != NULL;
}

/* Subject and issuer are one name (section 3.2). */
bool path_cert_self_issued(const struct path_cert *c);

#endif
