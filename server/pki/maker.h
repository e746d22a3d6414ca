/*
 * A manufacturer of the demonstration and of the tests: a CA that puts birth
 * certificates (IDevID, IEEE 802.1AR section 8) into devices.  A real one
 * does this in the factory; the service only ever sees its certificates.
 */
#ifndef PKI_MAKER_H
#define PKI_MAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct keypair;
struct maker;

/* A unit as its birth certificate names it; any text may be NULL. */
struct maker_birth {
	const char *serial; /* subject serialNumber */
	const char *org, *cn;
	struct bytes spki; /* the birth key */
	int64_t not_before;
	int64_t not_after; /* 0: no expiry (9999) */
};

/* A new CA named after the maker; with_intermediate puts a second CA below
 * the root, which then signs the births.  Never NULL. */
struct maker *maker_new(const char *org, bool with_intermediate, int64_t now);

/* Reads what maker_save wrote; NULL with the reason. */
struct maker *maker_load(const char *dir, char why[256]);

/* Writes maker-root.crt, maker-root.key and, if there is an intermediate,
 * maker-ca.crt, maker-ca.key; refuses to overwrite. */
bool maker_save(const struct maker *m, const char *dir, char why[256]);
void maker_free(struct maker *m);
AUTO_STRUCT_DEFINE(maker, maker_free);

/* The certificates, DER, borrowed; the intermediate is empty if there is
 * none. */
struct bytes maker_root(const struct maker *m);
struct bytes maker_intermediate(const struct maker *m);

/* Signs a birth certificate; the DER is in the arena. */
ERR_FN maker_birth_certificate(struct ctx *cx, const struct maker *m,
    const struct maker_birth *b, struct bytes *der);

#endif
