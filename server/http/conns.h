/*
 * The open connections, and what is known of each.  libmicrohttpd never
 * times out a client that sends its headers a byte at a time, so each
 * connection carries the time by which its request must be whole; a reaper
 * shuts the socket of those that are late, and the I/O thread closes it.
 */
#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/net.h"
#include "domain/caller.h"
#include "http/binding.h"
#include "http/tls.h"

#define ADDRESS_TEXT_BYTES 46 /* INET6_ADDRSTRLEN */

struct conn {
	struct conn *next, **prev;
	struct conn *near_next, **near_prev; /* of those from nearby */
	struct net_site site;
	int fd;
	_Atomic int64_t deadline; /* of clock_mono_us; 0: none */
	atomic_bool busy;         /* from a request line to its answer */
	bool peer_known;
	struct peer peer;
	bool binding_known;
	struct binding binding;
	void *session; /* of TLS; NULL without */
	struct tls_session tls;
	bool counted; /* its handshake; or it was refused unheard */
	char address[ADDRESS_TEXT_BYTES];
};

struct conns;

struct conns *conns_new(void);
void conns_free(struct conns *cs);
AUTO_STRUCT_DEFINE(conns, conns_free);

/* A new connection, listed until conns_remove, which frees it. */
struct conn *conns_add(struct conns *cs, int fd, int64_t deadline);
void conns_remove(struct conns *cs, struct conn *c);

/* Counts the connection for whom it comes from, until it is removed.  False
 * if limit connections from there are open already: it is not counted. */
bool conns_admit(
    struct conns *cs, struct conn *c, struct net_site site, size_t limit);

/* How many are open. */
size_t conns_count(struct conns *cs);

/* Shuts the sockets whose deadline is before now; how many there were. */
size_t conns_reap(struct conns *cs, int64_t now);

/* Shuts the sockets on which no request is under way; how many connections
 * are open, those included. */
size_t conns_shut_idle(struct conns *cs);

/* The client's chain, exported once. */
const struct peer *conn_peer(struct conn *c);

/* What the client must have named to mean this connection; empty if it has
 * no such value. */
struct bytes conn_binding(struct conn *c);

#endif
