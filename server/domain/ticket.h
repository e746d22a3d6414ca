/*
 * The key of TLS session tickets (SECURITY.md H3): the same on all nodes, of
 * one day and one kind of listener, and never in the database, since it
 * derives from the key file that all nodes have.
 */
#ifndef DOMAIN_TICKET_H
#define DOMAIN_TICKET_H

#include <stdint.h>

struct svc;

#define TICKET_KEY_BYTES 64
/* A ticket is good for this long at most, in seconds. */
#define TICKET_LIFETIME 3600

/* The key of the day in which now falls, for what listens under that name. */
void ticket_key(const struct svc *svc, const char *listener, int64_t now,
    uint8_t key[TICKET_KEY_BYTES]);

#endif
