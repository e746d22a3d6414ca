/*
 * Settings.  One table (name, type, place, default, range, help) reads the
 * file and the environment, and prints the help, the example file and the
 * reference (base/cfg_print); an unknown key, a bad value or a missing one
 * stops the start with the line and the reason.  Files are "key = value"
 * lines, '#' comments, and "[section]" heads where the reader of the file
 * knows sections.
 */
#ifndef BASE_CFG_H
#define BASE_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CFG_WHY_BYTES 512
#define CFG_LINE_BYTES 4096
#define CFG_KEYS_MAX 128
#define CFG_NAME_BYTES 64

enum cfg_type {
	CFG_STR,      /* char *, freed by cfg_release */
	CFG_SECRET,   /* the same: the text, or @FILE that holds it; hidden */
	CFG_INT,      /* int64_t */
	CFG_DURATION, /* int64_t seconds; text like 90s, 5m, 24h, 7d */
	CFG_BOOL,     /* bool; yes or no */
};

/* What a text has to be. */
struct cfg_kind {
	const char *what; /* "an https URL", for refusals and help */
	bool (*ok)(const char *value);
};

struct cfg_key {
	const char *name;
	enum cfg_type type;
	size_t offset;
	const char *def; /* NULL: must be set, and not to nothing */
	int64_t min, max;
	const struct cfg_kind *kind; /* of texts; NULL: any */
	const char *help;            /* one line */
	/* For tables that are printed; NULL for none. */
	const char *why;     /* when and how to set it: sentences */
	const char *example; /* in the example file, for want of a default */
	const char *needs;   /* a text without which this one does nothing */
	const char *group;   /* the heading that begins with this key */
};

struct cfg_line {
	int number;
	const char *section;     /* "" before the first head */
	const char *key, *value; /* NULL: the section's head itself */
};

/* Called for each setting and head; returns false with *why filled to stop. */
typedef bool cfg_line_fn(void *arg, const struct cfg_line *line, char *why);

/* Reads a file line by line; false with why = "file:line: reason". */
bool
cfg_each(const char *path, cfg_line_fn *fn, void *arg, char why[CFG_WHY_BYTES]);

/* Told of each thing that is wrong. */
typedef void cfg_wrong_fn(void *arg, const char *why);

/* Where a value is from: a line of the file, or one of these. */
#define CFG_FROM_DEFAULT 0
#define CFG_FROM_ENVIRONMENT (-1)

struct cfg_source {
	const char *path;         /* NULL: no file */
	const char *prefix;       /* of environment variables; NULL: none */
	char *const *environment; /* as execve(2) has it; NULL: none */
	cfg_wrong_fn *wrong;
	void *arg;
};

/* Sets defaults, then what the file says, then what the environment says in
 * PREFIX_KEY; from[i] tells which of them set keys[i].  False after wrong()
 * was told of each fault. */
bool cfg_load(const struct cfg_source *s, const struct cfg_key *keys, size_t n,
    void *out, int from[CFG_KEYS_MAX]);

/* The same of a file alone; path may be NULL for defaults alone.  False with
 * the first fault in why. */
bool cfg_read(const char *path, const struct cfg_key *keys, size_t n, void *out,
    char why[CFG_WHY_BYTES]);

/* Parses one value into its place. */
bool cfg_set(const struct cfg_key *key, const char *value, void *out,
    char why[CFG_WHY_BYTES]);

/* Frees the strings that were read. */
void cfg_release(const struct cfg_key *keys, size_t n, void *out);

/* Seconds of a text like 90s, 5m, 24h, 7d; false for anything else. */
bool cfg_duration(const char *text, int64_t *seconds);

/* Such a text, in the largest unit that is whole. */
const char *cfg_duration_text(int64_t seconds, char out[32]);

/* Whether the value is a char *. */
bool cfg_is_text(const struct cfg_key *key);

/* What values are allowed, as in "a number from 1 to 64". */
const char *cfg_allowed(const struct cfg_key *key, char out[CFG_WHY_BYTES]);

/* The name of its environment variable. */
const char *
cfg_variable(const char *prefix, const char *name, char out[CFG_NAME_BYTES]);

#endif
