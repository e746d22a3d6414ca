/*
 * What a node keeps on its own disk for the day on which the database is
 * restored to an older point (SECURITY.md R6): a bounded journal of lines,
 * each with a MAC, and the high-water mark, the newest place of the feed that
 * it has seen.  The key is not in the database (R2).  Lines are
 * appended by any thread; the older half goes when the journal is full.
 */
#ifndef PKI_JOURNAL_H
#define PKI_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "pki/mac.h"

#define JOURNAL_WHY_BYTES 256
#define JOURNAL_LINE_BYTES 16384

struct journal;

/* In that directory, of at most so many bytes; NULL with the reason. */
struct journal *journal_open(const char *dir, const struct mac_key *key,
    int64_t max_bytes, char why[JOURNAL_WHY_BYTES]);
void journal_free(struct journal *j);
AUTO_STRUCT_DEFINE(journal, journal_free);

/* Appends one line; false with errno if the disk does not take it. */
bool journal_add(struct journal *j, const char *line);
/* What was appended is on the disk. */
bool journal_sync(struct journal *j);

/* Each line of a directory's journal whose MAC is right, oldest first, until
 * fn returns false; *bad counts the others (a crash leaves one).  False with
 * the reason if a file cannot be read. */
typedef bool journal_fn(void *arg, const char *line);
struct journal_reader {
	journal_fn *fn;
	void *arg;
	size_t bad;
};
bool journal_read(const char *dir, const struct mac_key *key,
    struct journal_reader *r, char why[JOURNAL_WHY_BYTES]);

/* A place of the feed, with the hash of its entry. */
struct journal_mark {
	int64_t epoch, position;
	uint8_t sha256[32];
};

/* Written whole or not at all; false with errno. */
bool journal_put_mark(const char *dir, const struct mac_key *key,
    const struct journal_mark *mark);
/* False if there is none, or its MAC is wrong. */
bool journal_get_mark(
    const char *dir, const struct mac_key *key, struct journal_mark *out);

#endif
