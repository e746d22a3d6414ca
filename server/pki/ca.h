/*
 * The service's own CA: a root whose key the service never reads, kept in a
 * directory apart, and an issuing CA below it with pathlen 0.  What a CA
 * looks like is fixed here, not in pki/profiles.conf, so that no setting of
 * a running service describes one.
 */
#ifndef PKI_CA_H
#define PKI_CA_H

#include <stdbool.h>

/* Makes root_dir/root.key and in dir: root.crt, issuing.crt, issuing.key,
 * mac.key, server.crt (with the issuing certificate below it), server.key,
 * and the first key in tokens/ (pki/keydir).
 * Directories are made with mode 0700, keys with 0600.  Refuses if any of
 * these exists; on failure none of them is left.  names are DNS names and IP
 * addresses, NULL ends. */
bool ca_init(const char *dir, const char *root_dir, const char *const *names,
    char why[256]);

/* Makes a further issuing CA below the root: issuers_dir/NAME.crt and
 * NAME.key.  The root's certificate is in dir, its key in root_dir, which may
 * be away again afterwards. */
struct ca_places {
	const char *dir, *root_dir, *issuers_dir;
};
bool ca_issuing(const struct ca_places *at, const char *name, char why[256]);

/* Makes a new server key and certificate in dir, replacing the old ones
 * (key first, each by rename).  issuer is the file NAME.crt of the CA, with
 * NAME.key beside it; NULL: issuing.crt in dir. */
bool ca_server_cert(const char *dir, const char *issuer,
    const char *const *names, char why[256]);

#endif
