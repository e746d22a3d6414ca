/*
 * What is shared in memory: the open device codes, so that a device that
 * polls while its owner thinks costs no database work.  This module alone
 * holds locks.  It is a cache: a node that does not know a code, or heard
 * that it was decided, asks the database.
 */
#ifndef DOMAIN_LIVE_H
#define DOMAIN_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

struct live;

enum live_answer {
	LIVE_ASK, /* unknown here, decided, or expired: ask Postgres */
	LIVE_PENDING,
	LIVE_SLOW_DOWN, /* RFC 8628 section 3.5: the interval grew by 5 s */
};

struct live *live_new(void);
void live_free(struct live *l);
AUTO_STRUCT_DEFINE(live, live_free);

struct live_code {
	uint8_t mac[32];    /* of the device code */
	uint8_t holder[32]; /* hash of who asked: certificate and client */
	char approval_id[37];
	int64_t expires_at; /* seconds */
	int64_t interval;   /* seconds */
};

/* Remembers a pending code.  What it knew of the same code is kept. */
void live_put(struct live *l, const struct live_code *code, int64_t now);

/* A poll at the given time (clock_mono_us; now in seconds): only who
 * asked for the code gets an answer from here. */
enum live_answer live_poll(struct live *l, const uint8_t mac[32],
    const uint8_t holder[32], int64_t now, int64_t mono_us);

/* The approval was decided somewhere: its next poll asks Postgres. */
void live_decided(struct live *l, const char *approval_id);

/* Notifications may have been missed: every next poll asks Postgres. */
void live_doubt_all(struct live *l);

/* Open codes known here. */
size_t live_count(struct live *l);

#endif
