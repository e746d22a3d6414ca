/*
 * Distinguished names (RFC 5280 section 4.1.2.4): the attributes the service
 * decides by, and text for people.
 */
#ifndef PKI_NAME_H
#define PKI_NAME_H

#include <stdbool.h>

#include "base/bytes.h"

struct arena;

struct name {
	struct bytes der;
	const char *cn, *serial; /* in the arena; NULL: none */
	int n;                   /* attributes */
};

/* Walks a Name that is all of der.  A repeated CN or serialNumber is
 * refused, and one whose string is no UTF8String, PrintableString or
 * IA5String, or holds what must not be shown (text_is_name). */
bool name_parse(struct arena *a, struct bytes der, struct name *out);

/* The value of O, OU, L or ST in a Name, in the arena; NULL if it has none,
 * more than one, or one that name_parse would refuse. */
const char *name_value(struct arena *a, struct bytes der, const char *attr);

/* The start of its RFC 2253 text, control and non-ASCII characters escaped, in
 * the arena: for people, who need no more. */
const char *name_text(struct arena *a, struct bytes der);

#endif
