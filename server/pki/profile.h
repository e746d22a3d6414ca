/*
 * What the certificates that the service issues look like: data in
 * pki/profiles.conf.  A profile has a kind, which fixes names and usages, so
 * that no edit of that file can make a CA or a server out of a device; the
 * file chooses names and lifetimes.
 */
#ifndef PKI_PROFILE_H
#define PKI_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"

enum profile_kind {
	PROFILE_DEVICE,  /* CN=<id>, urn:uuid:<id> or SPIFFE, clientAuth */
	PROFILE_SERVICE, /* CN=<id>, urn:latchkey:service:<id>, clientAuth */
	PROFILE_SERVER,  /* DNS names and addresses, serverAuth */
};

struct profile {
	const char *name;
	enum profile_kind kind;
	int64_t lifetime, backdate; /* seconds */

	/* A device's alone, set by its label (domain/label); NULL or empty:
	 * none.  Templates replace %d (device id), %m (model), %M
	 * (manufacturer), %s (the unit's serial number) and %p (profile). */
	const char *subject;         /* "O=Acme, OU=%m, CN=%d"; NULL: CN=%d */
	const char *spiffe_domain;   /* NULL: urn:uuid:<id> is the URI */
	const char *const *dns;      /* templates; NULL ends, as below */
	const char *const *eku;      /* dotted OIDs beside clientAuth */
	const char *const *policies; /* dotted OIDs */

	/* Of any; NULL: none.  In the last, PROFILE_DAY stands for the day on
	 * which the certificate expires. */
	const char *ocsp_url, *ca_issuers_url, *crl_url;
};

#define PROFILE_DAY "{day}"

struct profiles;

/* Reads a file of sections, one a profile; NULL with "file:line: reason". */
struct profiles *profiles_load(const char *path, char why[256]);
void profiles_free(struct profiles *p);
AUTO_STRUCT_DEFINE(profiles, profiles_free);

/* Borrowed; NULL if there is none of that name. */
const struct profile *profile_get(const struct profiles *p, const char *name);

/* Judges what an operator sets for a device's profile (profile_check.c):
 * false with "member: reason".  Templates name the device and nothing that
 * is not known at issuance; purposes make no CA, server or authority. */
bool profile_check(const struct profile *p, char why[256]);

/* The URLs alone. */
bool profile_check_urls(const struct profile *p, char why[256]);

#endif
