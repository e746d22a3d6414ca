/*
 * serverkeygen (RFC 7030 section 4.4): a key that the service makes, for
 * clients that cannot make a good one, with its certificate.  All rules of
 * simpleenroll hold; only where no owner is asked, since the owner's yes is
 * for a key that the device has (SECURITY.md A2).
 *
 * The key is not kept.  Who lost the answer has lost the key, and asking again
 * makes another, which is a second key: refused while the device lives (A1),
 * and not the one that a bootstrap token is bound to (A12).
 */
#ifndef DOMAIN_KEYGEN_H
#define DOMAIN_KEYGEN_H

#include "domain/caller.h"
#include "domain/enroll.h"

struct keygen_in {
	const struct unit *unit; /* as it was judged */
	const char *bearer;      /* or NULL */
	struct bytes csr_der;
	struct bytes binding;
	struct bytes cert; /* the client's of TLS, DER, which proved it; else
			    * empty */
};

struct keygen_out {
	struct bytes key; /* PrivateKeyInfo; in EnvelopedData if encrypted */
	bool encrypted;
	struct bytes cms; /* certs-only */
};

/* Makes a key and enrolls the unit with it.  ERR_NOT_FOUND's kind where the
 * label does not offer it. */
ERR_FN keygen_enroll(
    struct ctx *cx, const struct keygen_in *in, struct keygen_out *out);

#endif
