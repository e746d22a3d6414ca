/*
 * HTTP Basic credentials (RFC 7617).
 */
#ifndef CODEC_BASIC_H
#define CODEC_BASIC_H

#include <stdbool.h>

#include "base/bytes.h"

struct arena;

#define LIMIT_BASIC 512 /* bytes of user name, colon and password */

struct basic {
	const char *user, *password; /* either may be empty */
};

/* Reads what follows the scheme in Authorization: base64 with its padding of
 * UTF-8 without control characters; the first colon ends the user name
 * (section 2).  False for anything else. */
bool basic_parse(struct arena *a, struct bytes text, struct basic *out);

#endif
