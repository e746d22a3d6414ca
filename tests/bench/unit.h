/*
 * The fleet: units with their birth keys and certificates, and the keys and
 * requests they want certified, all made before any clock starts.
 */
#ifndef BENCH_UNIT_H
#define BENCH_UNIT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

#include "base/bytes.h"

#define UNIT_SERIAL 48

/* Who signs birth certificates: maker.crt and maker.key of a directory. */
struct factory {
	X509 *cert;
	EVP_PKEY *key;
	X509_EXTENSION *usage, *not_ca;
};

struct unit {
	char serial[UNIT_SERIAL];
	EVP_PKEY *birth_key;
	X509 *birth;
	uint8_t birth_sha256[32], birth_key_sha256[32];
	/* The key to be certified: its request in DER, and then its
	 * certificate. */
	EVP_PKEY *key;
	struct bytes csr;
	uint8_t key_sha256[32];
	struct bytes answer; /* the body of the service's 200 */
	X509 *cert;
};

void factory_open(struct factory *f, const char *dir);
void factory_release(struct factory *f);

/* A unit with the given serial, and a key and request of its own. */
void unit_make(struct unit *u, const struct factory *f, const char *serial);

/* A unit without a birth key, known by its serial number alone. */
void unit_make_bare(struct unit *u, const char *serial);

/* Makes another key and request for the unit, in place of those it has. */
void unit_rekey(struct unit *u);

/* Reads the certificate out of answer (base64 of a certs-only CMS); false if
 * it is not one for the unit's key. */
bool unit_received(struct unit *u);
void unit_release(struct unit *u);

/* Memory that lives until mem_free((void *)b.p). */
struct bytes bytes_kept(struct bytes b);
void bytes_drop(struct bytes b);

#endif
