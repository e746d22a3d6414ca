/*
 * Certificate signing requests, PKCS#10 (RFC 2986).  What a request proves is
 * possession of its key; names and extensions are the service's choice, so
 * they are checked and then forgotten.  Refused are requests that ask for
 * what no device may have: to be a CA, to be a server, a wildcard name.
 */
#ifndef PKI_CSR_H
#define PKI_CSR_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "pki/csr_evidence.h"
#include "pki/key.h"

struct keypair;

struct csr {
	struct bytes der, spki;
	struct key_facts key;
	unsigned extensions; /* 1 << enum ext_id, of those that are asked for */
	/* challengePassword (RFC 2985 section 5.4.1), whatever its type. */
	bool has_challenge;
	struct bytes challenge;
	/* How a key that the service makes is to be encrypted (RFC 7030
	 * section 4.4.1): DecryptKeyIdentifier, the identifier of an
	 * asymmetric key, and SMIMECapabilities (RFC 8551 section 2.5.2). */
	bool has_shared_key, has_client_key;
	struct bytes client_key_id, capabilities;
	bool has_name_wish; /* ChangeSubjectName, RFC 6402 section 2.8 */
	struct csr_evidence evidence;
};

extern const struct err ERR_BAD_CSR;    /* bad-csr, INVALID */
extern const struct err ERR_CSR_POLICY; /* csr-policy, INVALID */
extern const struct err ERR_CSR_KEY;    /* key-not-allowed, FORBIDDEN */

/* Parses one request, whole and in DER, verifies its signature and refuses
 * weak keys and hashes.  der is a copy in the arena, the others are slices of
 * it. */
ERR_FN csr_parse(struct ctx *cx, struct bytes der, struct csr *out);

/* The same for a request whose key the service is to make (RFC 7030 section
 * 4.4.1): its public key and signature mean nothing.  *wish says whether its
 * key is of a kind that is certified here; key then says which. */
ERR_FN csr_parse_keyless(
    struct ctx *cx, struct bytes der, struct csr *out, bool *wish);

/* A request signed by the key pair, in the arena; cn NULL leaves the subject
 * empty. */
struct bytes csr_make(struct ctx *cx, const struct keypair *kp, const char *cn);

/* The same in two steps for a key that signs elsewhere: what is to be signed,
 * for an empty subject, and the request with its signature, which is by
 * ECDSA with SHA-256 (RFC 5758 section 3.2). */
struct bytes csr_info(struct ctx *cx, struct bytes spki);
struct bytes
csr_joined(struct ctx *cx, struct bytes info, struct bytes signature);

#endif
