/*
 * Takes a CA of our own out of use, step by step, while what it issued is
 * still verified (docs/rotation.md).  Like pki/ca it works on files, apart
 * from any running service.
 */
#ifndef PKI_CA_ROTATE_H
#define PKI_CA_ROTATE_H

#include <stdbool.h>

#include "pki/ca.h"

/* Makes the next issuing CA, issuers_dir/NAME.crt and NAME.key, and puts a
 * copy of the first one, dir/issuing.crt and issuing.key, beside it. */
bool
ca_rotate_issuing(const struct ca_places *at, const char *name, char why[256]);

/* Makes the next root: new_root_dir/root.key, and in the place of
 * dir/root.crt, one after the other: its certificate, that of the old one,
 * OldWithNew, and NewWithOld (RFC 4210 section 4.4, RFC 7030 section
 * 4.1.3), all of one name.  Refuses to overwrite a key. */
bool ca_rotate_root(const char *dir, const char *root_dir,
    const char *new_root_dir, char why[256]);

#endif
