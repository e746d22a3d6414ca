/*
 * Settings.  One table (name, type, place, default, range, help) reads the
 * file, prints the help and the example file; an unknown key, a bad value or
 * a missing one stops the start with the line and the reason.  Files are
 * "key = value" lines, '#' comments, and "[section]" heads where the reader
 * of the file knows sections.
 */
#ifndef BASE_CFG_H
#define BASE_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CFG_WHY_BYTES 512

enum cfg_type {
	CFG_STR,      /* char *, freed by cfg_release */
	CFG_INT,      /* int64_t */
	CFG_DURATION, /* int64_t seconds; text like 90s, 5m, 24h, 7d */
	CFG_BOOL,     /* bool; yes or no */
};

struct cfg_key {
	const char *name;
	enum cfg_type type;
	size_t offset;
	const char *def; /* NULL: must be set */
	int64_t min, max;
	const char *help;
};

struct cfg_line {
	int number;
	const char *section; /* "" before the first head */
	const char *key, *value;
};

/* Called for each setting; returns false with *why filled to stop. */
typedef bool cfg_line_fn(void *arg, const struct cfg_line *line, char *why);

/* Reads a file line by line; false with why = "file:line: reason". */
bool
cfg_each(const char *path, cfg_line_fn *fn, void *arg, char why[CFG_WHY_BYTES]);

/* Sets defaults, then what the file says; path may be NULL for defaults
 * alone.  False with the reason in why. */
bool cfg_read(const char *path, const struct cfg_key *keys, size_t n, void *out,
    char why[CFG_WHY_BYTES]);

/* Parses one value into its place. */
bool cfg_set(const struct cfg_key *key, const char *value, void *out,
    char why[CFG_WHY_BYTES]);

/* Frees the strings that cfg_read made. */
void cfg_release(const struct cfg_key *keys, size_t n, void *out);

/* Prints every key with its default, range and meaning as a file that could
 * be used as it is. */
void cfg_print_example(FILE *f, const struct cfg_key *keys, size_t n);

/* Seconds of a text like 90s, 5m, 24h, 7d; false for anything else. */
bool cfg_duration(const char *text, int64_t *seconds);

#endif
