/*
 * Certificates that another program's OpenSSL hands us, as the broker does
 * to its plugin: the one place that takes such a handle over.
 */
#ifndef PKI_HANDED_H
#define PKI_HANDED_H

#include "pki/cert.h"

/* cert_parse of an X509 that is ours to free, which is done in any case. */
ERR_FN cert_take_x509(struct ctx *cx, void *x509, struct cert *out);

#endif
