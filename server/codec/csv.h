/*
 * One row of CSV (RFC 4180): fields between commas, quoted ones with ""
 * for a quote.  Rows never span lines here: a line that ends inside quotes
 * is refused.  And one field written.
 */
#ifndef CODEC_CSV_H
#define CODEC_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct arena;

#define CSV_FIELDS 32

struct csv_row {
	struct bytes field[CSV_FIELDS];
	size_t n;
};

/* Splits a line (without its line break) into at most CSV_FIELDS fields,
 * borrowed from the line or, where quotes were undone, from the arena.  False
 * with the reason in *why. */
bool csv_split(
    struct arena *a, struct bytes line, struct csv_row *out, const char **why);

/* A text as one quoted field, in the arena; NULL is the empty field.  A field
 * that a spreadsheet would take for a formula gets an apostrophe before it,
 * and control bytes become spaces: texts of the sender may stand in it. */
const char *csv_cell(struct arena *a, const char *text);

#endif
