/*
 * Compresses what is sent often (RFC 1952), once and not at each request.
 * The only place that knows zlib.
 */
#ifndef CODEC_GZIP_H
#define CODEC_GZIP_H

#include <stdbool.h>

#include "base/bytes.h"

/* Compressed fast rather than well, on the heap: the caller frees with
 * mem_free.  Empty if it is short, or would not get shorter. */
struct bytes gzip(struct bytes in);

/* Whether an Accept-Encoding (RFC 9110 section 12.5.3) takes gzip: by name or
 * by "*", and not with a weight of zero.  NULL or a malformed one does not. */
bool gzip_accepted(const char *accept_encoding);

#endif
