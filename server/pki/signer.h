/*
 * A CA's certificate and the use of its private key: a file today, a signing
 * process or token behind the same calls later.  Read-only once open, so
 * threads may share it.
 */
#ifndef PKI_SIGNER_H
#define PKI_SIGNER_H

#include "base/auto.h"
#include "base/bytes.h"

struct signer;

/* Opens a CA from two PEM files; NULL with the reason, also if key and
 * certificate do not belong together or others may read the key. */
struct signer *
signer_open(const char *cert_path, const char *key_path, char why[256]);

/* The CA's certificate, DER, borrowed from the signer. */
struct bytes signer_cert(const struct signer *s);
void signer_free(struct signer *s);
AUTO_STRUCT_DEFINE(signer, signer_free);

#endif
