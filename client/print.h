/*
 * Answers of the service for people: a list as a table, a record as lines,
 * both by the field table that read them.  Control bytes become '?', so that
 * no answer can play with a terminal.
 */
#ifndef CLIENT_PRINT_H
#define CLIENT_PRINT_H

#include "base/ctx.h"
#include "codec/json.h"

/* A head row and one row per item; columns that are empty in every row are
 * left out. */
void
print_table(struct ctx *cx, const struct json_field *list, const void *data);

/* "name: value" lines, what lies within set off by indent. */
void print_record(struct ctx *cx, const struct json_field *fields,
    const void *data, int indent);

/* text without control bytes, in the arena. */
const char *print_safe(struct ctx *cx, const char *text);

/* A line that overwrites itself on a terminal and is a plain line elsewhere;
 * print_progress_end ends it. */
void print_progress(const char *text);
void print_progress_end(void);

#endif
