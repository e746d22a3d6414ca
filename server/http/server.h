/*
 * The HTTPS listener, the one for operators alone, and the plain one for
 * status routes:
 * libmicrohttpd's callbacks, bodies, time limits and the
 * life of a request from its first line to its log line.  Everything that a
 * request may do is in the route table; this module only carries it there
 * and back: I/O threads read it, suspend its connection and queue it, a
 * worker runs its handler from start to end and resumes the connection.
 * Only this folder may know libmicrohttpd and GnuTLS.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdint.h>

#include "base/auto.h"

#define SERVER_WHY_BYTES 256

struct db;
struct svc;
struct server;

/* Listens as svc->set says.  dbs are the connections of the svc->set.workers
 * workers, one each, borrowed until server_stop.  NULL with the reason in
 * why if the address or the TLS files cannot be used. */
struct server *server_start(
    const struct svc *svc, struct db *const *dbs, char why[SERVER_WHY_BYTES]);

/* The port that was bound (settings may ask for port 0). */
uint16_t server_port(const struct server *sv);

/* Refuses new connections, lets requests in flight finish (their answers
 * carry Connection: close), shuts idle connections, and frees everything. */
void server_stop(struct server *sv);
AUTO_STRUCT_DEFINE(server, server_stop);

#endif
