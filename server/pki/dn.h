/*
 * Distinguished names compared as RFC 5280 section 7.1 asks: attribute by
 * attribute, letters of either case alike, runs of spaces as one, and the
 * same text the same in whichever string type it came.
 */
#ifndef PKI_DN_H
#define PKI_DN_H

#include <stdbool.h>

#include "base/bytes.h"

struct arena;

/* One form for all names that are the same, in the arena: equal names have
 * equal bytes.  False if der is no Name, or longer than LIMIT_DN. */
bool dn_canon(struct arena *a, struct bytes der, struct bytes *out);

/* The same for the Name with one more RDN (the content of its SET) below it:
 * nameRelativeToCRLIssuer of section 4.2.1.13. */
bool dn_canon_below(
    struct arena *a, struct bytes der, struct bytes rdn, struct bytes *out);

/* Whether the Name in DER has this canonical form. */
bool dn_same(struct bytes der, struct bytes canonical);

/* Whether der is a Name that can be compared. */
bool dn_ok(struct bytes der);

/* Whether a name (DER) lies in the subtree of the base (directoryName of
 * section 4.2.1.10); false if one of them is none. */
bool dn_within(struct bytes base, struct bytes name);

/* Takes the next emailAddress (PKCS#9) of a Name's content, an IA5String;
 * false if there is none left.  rest starts as the Name in DER. */
bool dn_next_email(struct bytes *rest, struct bytes *email);

#endif
