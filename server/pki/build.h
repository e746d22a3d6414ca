/*
 * Builds and signs one certificate (RFC 5280 section 4) from plain values by
 * OpenSSL's X509 objects: the slow and obvious way, for ceremonies and for
 * birth certificates (pki/ca, pki/maker).  What the service issues is written
 * by pki/leaf.
 */
#ifndef PKI_BUILD_H
#define PKI_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pki/ossl.h"

#define SERIAL_BYTES 16

struct build {
	const char *org, *cn, *serial_number; /* subject; NULL: left out */
	struct bytes spki;
	bool ca;
	int pathlen; /* of a CA; -1: no limit */
	int64_t not_before, not_after;
	uint8_t serial[SERIAL_BYTES];
};

/*
 * A serial number (RFC 5280 section 4.1.2.2): the time to two seconds, then
 * 96 random bits.  It is positive and without padding until 2106, so that all
 * of them have one length; serials of one time stand together in an index,
 * which is a sixth of what storing a certificate costs Postgres.
 */
void build_serial(uint8_t serial[SERIAL_BYTES]);

/* Whether the text is a DNS name of letters, digits and hyphens without a
 * wildcard, or an IPv4 or IPv6 address. */
bool build_name_ok(const char *name);

/* The bytes of an address in text: 4, 16, or 0 for something else. */
size_t build_address(const char *name, uint8_t out[16]);

/* The certificate, signed by the issuer's key; issuer NULL: self-signed.
 * The key must be one that key_parse_spki accepts and names must be ok.  The
 * caller frees.  Its key is not decoded: encode it, or decode that again. */
X509 *build_certificate(const struct build *b, X509 *issuer, EVP_PKEY *key);

/* What a root's certificate is made anew from (RFC 4210 section 4.4): all of
 * the model but its number and what is named here. */
struct build_like {
	X509 *model;
	struct bytes spki; /* empty: the model's */
	int64_t not_before, not_after;
};

/* Signed by the issuer's key, whose name is the model's own; issuer NULL:
 * self-signed.  The caller frees. */
X509 *build_like(const struct build_like *b, X509 *issuer, EVP_PKEY *key);

#endif
