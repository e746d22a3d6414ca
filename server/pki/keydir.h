/*
 * A directory of P-256 keys, each named by the time from which it signs:
 * 2026-11-21T12:00:00Z.key.  What a key's name says is all there is to know
 * of it, so several nodes share keys by sharing the directory, and rotation
 * is a new file with a time ahead.
 */
#ifndef PKI_KEYDIR_H
#define PKI_KEYDIR_H

#include <stdint.h>

#include "base/auto.h"
#include "pki/key.h"

#define KEYDIR_MAX 8

/* How long a key is of use after the next one signs: no token lives longer,
 * differences of clocks included. */
#define KEYDIR_LINGERS 600
/* How long a copy of the public halves may be kept. */
#define KEYDIR_CACHED 300

struct keydir_key {
	int64_t from; /* signs from then on, until the next one does */
	struct keypair *kp;
};

/* In the order of their times. */
struct keydir {
	struct keydir_key v[KEYDIR_MAX];
	size_t n;
};

/* Reads all keys; NULL with the reason if one of them cannot be read, is no
 * P-256 key, or others may read it.  Files of other names are skipped. */
struct keydir *keydir_load(const char *dir, char why[256]);
void keydir_free(struct keydir *kd);
AUTO_STRUCT_DEFINE(keydir, keydir_free);

/* Makes a new key that signs from then on; the directory is made if there is
 * none.  False with the reason, also if there is one of that second. */
bool keydir_add(const char *dir, int64_t from, char why[256]);

/* Removes the key of that time. */
bool keydir_remove(const char *dir, int64_t from, char why[256]);

#endif
