/*
 * Textual encodings (RFC 7468): blocks of base64 between lines that name
 * what they are.
 */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include <stdbool.h>

#include "base/bytes.h"

struct arena;

enum pem_result { PEM_BLOCK, PEM_END, PEM_BAD };

/* Takes the next block off the front of text.  Other text before it is
 * skipped (section 2 allows it); a block of another label, a broken one and
 * a NUL byte are bad.  The DER is in the arena. */
enum pem_result pem_next(
    struct arena *a, struct bytes *text, const char *label, struct bytes *der);

/* One block, in the arena. */
const char *pem_text(struct arena *a, const char *label, struct bytes der);

#endif
