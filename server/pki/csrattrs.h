/*
 * CsrAttrs (RFC 7030 section 4.5.2 as RFC 9908 has it): what a client is to
 * put into its certification request, twice: as the list that all clients
 * know, and as the template of RFC 9908 section 3.4.
 */
#ifndef PKI_CSRATTRS_H
#define PKI_CSRATTRS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "pki/key.h"

struct csrattrs {
	bool ask_key;
	enum key_type key;
	size_t rsa_bits;     /* of a KEY_RSA */
	bool binding;        /* challengePassword */
	bool evidence;       /* pki/csr_evidence */
	unsigned extensions; /* 1 << enum ext_id: SAN, key usage, EKU */
};

/* The DER, in the arena. */
struct bytes csrattrs_der(struct ctx *cx, const struct csrattrs *ask);

#endif
