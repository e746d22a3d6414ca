/*
 * What a passkey answered, judged (Web Authentication Level 3, sections 7.1
 * and 7.2): that the browser was asked by us, that the authenticator was, and
 * that its user was there and was verified.  What challenge was given to
 * whom, and which credential is whose, is domain/touch's.
 */
#ifndef DOMAIN_PASSKEY_H
#define DOMAIN_PASSKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* For whom and to what question an answer must be. */
struct passkey_want {
	const char *rp_id;          /* a host name */
	const char *const *origins; /* allowed, NULL at the end */
	struct bytes challenge;
};

/* A new credential, as it was made.  Slices borrow from the input. */
struct passkey_made {
	struct bytes credential_id, key; /* COSE_Key */
	uint32_t sign_count;
	bool backup_eligible, backed_up;
};

/* Section 7.1.  Attestation "none" is what we ask for; a statement that comes
 * all the same must be good by itself (packed, tpm, fido-u2f), though nobody
 * decides by who made an authenticator. */
ERR_FN passkey_created(struct ctx *cx, const struct passkey_want *want,
    struct bytes client_data, struct bytes attestation,
    struct passkey_made *out);

/* An assertion, and what is stored of the credential that it names. */
struct passkey_answer {
	struct bytes client_data, authenticator_data, signature;
};
struct passkey_known {
	struct bytes key; /* COSE_Key */
	uint32_t sign_count;
	bool backup_eligible, backed_up;
};

/* Section 7.2; *known is what to store now.  A counter that does not grow is
 * a sign of a copied authenticator, and refused. */
ERR_FN passkey_asserted(struct ctx *cx, const struct passkey_want *want,
    const struct passkey_answer *in, struct passkey_known *known);

#endif
