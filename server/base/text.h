/*
 * Fixed alphabets of the identifiers that cross our borders, each checked
 * by one function.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>

#include "base/bytes.h"

/* Lower-case letters, digits and inner hyphens, 1 to 63 characters:
 * manufacturers, models, services. */
bool text_is_slug(struct bytes s);

/* A UUID in lower-case text. */
bool text_is_uuid(struct bytes s);

/* PrintableString (X.680) without outer spaces, 1 to 64 characters: serial
 * numbers of units as IEEE 802.1AR certificates carry them. */
bool text_is_serial(struct bytes s);

/* UTF-8 (RFC 3629) without NUL, of any length. */
bool text_is_utf8(struct bytes s);

/* UTF-8 without control, bidirectional or other invisible characters, 1 to
 * 200 bytes: names that people are shown (SECURITY.md P6). */
bool text_is_name(struct bytes s);

/* How many letters must be changed, added or taken away to make one of the
 * other (Levenshtein), for hints at what was meant; SIZE_MAX for names of more
 * than 63 characters. */
size_t text_distance(const char *a, const char *b);

#endif
