/*
 * What the rows share (tests/fuzz/fuzz.c).
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/bytes.h"
#include "base/ctx.h"

/* The context of one input. */
extern struct ctx cx;

/* Rows of tests/fuzz/evidence.c. */
void fuzz_cbor(struct bytes in);
void fuzz_corim(struct bytes in);
void fuzz_cose(struct bytes in);
void fuzz_dice(struct bytes in);
void fuzz_eat(struct bytes in);
void fuzz_ek(struct bytes in);
void fuzz_idevid(struct bytes in);
void fuzz_matter_evidence(struct bytes in);
void fuzz_policy(struct bytes in);
void fuzz_psa(struct bytes in);
void fuzz_tpm(struct bytes in);
void fuzz_tpm_evidence(struct bytes in);
void fuzz_tpm_log(struct bytes in);

/* Rows of tests/fuzz/jose.c. */
void fuzz_jwk(struct bytes in);
void fuzz_jwks(struct bytes in);
void fuzz_jws(struct bytes in);

/* Rows of tests/fuzz/x509.c. */
void fuzz_body(struct bytes in);
void fuzz_capabilities(struct bytes in);
void fuzz_cert(struct bytes in);
void fuzz_certpath(struct bytes in);
void fuzz_chain(struct bytes in);
void fuzz_cms(struct bytes in);
void fuzz_cms_signed(struct bytes in);
void fuzz_crl(struct bytes in);
void fuzz_csr(struct bytes in);
void fuzz_csrattrs(struct bytes in);
void fuzz_matter_cert(struct bytes in);
void fuzz_multipart(struct bytes in);
void fuzz_names(struct bytes in);
void fuzz_ocsp(struct bytes in);
void fuzz_pem(struct bytes in);

#endif
