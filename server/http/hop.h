/*
 * The proxies that may speak for their clients (SECURITY.md H2).  They have a
 * listener of their own, of which other clients are kept away by the rights
 * of a unix socket, or by the hop's certificate, pinned.  There each request
 * says whose it is, since one connection carries many clients (A4).  On all
 * other listeners the same headers are deleted before anything reads them.
 */
#ifndef HTTP_HOP_H
#define HTTP_HOP_H

#include "http/guard.h"
#include "http/http.h"

/* Sets the request's peer and address from what the hop says of its client;
 * hop is what the hop itself showed, NULL on a unix socket.  Refuses
 * who is no hop ("unknown-proxy", FORBIDDEN) and what is malformed
 * (ERR_BAD_HOP). */
ERR_FN hop_read(struct ctx *cx, const struct peer *hop, const struct head *h,
    struct request *rq);

/* Deletes the fields that only a hop may send from the n fields; how many are
 * left. */
size_t hop_delete(struct head_field *field, size_t n);

#endif
