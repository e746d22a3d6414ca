/*
 * What the certificates that the service issues look like: data in
 * pki/profiles.conf.  A profile has a kind, which fixes names and usages, so
 * that no edit of that file can make a CA or a server out of a device; the
 * file chooses names and lifetimes.
 */
#ifndef PKI_PROFILE_H
#define PKI_PROFILE_H

#include <stdint.h>

#include "base/auto.h"

enum profile_kind {
	PROFILE_DEVICE,  /* CN=<id>, urn:uuid:<id>, clientAuth */
	PROFILE_SERVICE, /* CN=<id>, urn:latchkey:service:<id>, clientAuth */
	PROFILE_SERVER,  /* DNS names and addresses, serverAuth */
};

struct profile {
	const char *name;
	enum profile_kind kind;
	int64_t lifetime, backdate; /* seconds */
};

struct profiles;

/* Reads a file of sections, one a profile; NULL with "file:line: reason". */
struct profiles *profiles_load(const char *path, char why[256]);
void profiles_free(struct profiles *p);
AUTO_STRUCT_DEFINE(profiles, profiles_free);

/* Borrowed; NULL if there is none of that name. */
const struct profile *profile_get(const struct profiles *p, const char *name);

#endif
