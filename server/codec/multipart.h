/*
 * Answers of several parts (RFC 2046 section 5.1), as serverkeygen gives them
 * (RFC 7030 section 4.4.2).
 */
#ifndef CODEC_MULTIPART_H
#define CODEC_MULTIPART_H

#include <stddef.h>

#include "base/bytes.h"

struct arena;

/* No character of base64 is a "-", so no part can hold the boundary. */
#define MULTIPART_MIXED "multipart/mixed; boundary=latchkey-part"

struct multipart_part {
	const char *type;
	struct bytes der; /* sent as base64 */
};

/* The body of MULTIPART_MIXED, in the arena: each part with its headers, and
 * CRLF at the end of every line. */
struct bytes
multipart_mixed(struct arena *a, const struct multipart_part *v, size_t n);

#endif
