/*
 * Slices of bytes, and the strict text encodings of them: lower or upper
 * case hex, base64 (RFC 4648 section 4) and base64url without padding
 * (section 5).  A slice borrows; who owns the memory is said where it is
 * made.  No byte is trusted to end in NUL.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct bytes {
	const uint8_t *p;
	size_t n;
};

#define BYTES_NONE ((struct bytes){ NULL, 0 })
#define BYTES_OF(array) ((struct bytes){ (array), sizeof(array) })

/* The bytes of a C string, without its NUL. */
struct bytes bytes_str(const char *s);

/* Whether a and b are equal; time depends on the lengths alone. */
bool bytes_eq(struct bytes a, struct bytes b);

/* A NUL-terminated copy in the arena; NULL if b holds a NUL byte. */
char *bytes_to_str(struct arena *a, struct bytes b);

/* A copy of b in the arena. */
struct bytes bytes_dup(struct arena *a, struct bytes b);

/* Lower-case hex of b at that place, which has room for it and a NUL;
 * where the NUL stands, as stpcpy(3) has it. */
char *bytes_put_hex(char *at, struct bytes b);
/* The same in the arena. */
const char *bytes_hex(struct arena *a, struct bytes b);

/* The value of a hex digit of either case, or -1. */
int bytes_hex_digit(uint8_t c);

/* Decodes hex of either case into the arena; false for anything else. */
bool bytes_from_hex(struct arena *a, struct bytes text, struct bytes *out);

/* base64url without padding, in the arena. */
const char *bytes_b64u(struct arena *a, struct bytes b);

/* Decodes base64url; padding, other characters and non-zero spare bits are
 * refused, so that each value has one text. */
bool bytes_from_b64u(struct arena *a, struct bytes text, struct bytes *out);

/* base64 with padding on one line, in the arena. */
const char *bytes_b64(struct arena *a, struct bytes b);

/* Decodes base64; CR, LF, space and tab are skipped (RFC 8951 section 3.1),
 * padding is required, and nothing may follow it. */
bool bytes_from_b64(struct arena *a, struct bytes text, struct bytes *out);

#endif
