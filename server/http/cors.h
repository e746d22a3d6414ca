/*
 * Which pages of other origins may read answers (the Fetch standard, CORS
 * protocol): those of registered apps, by exact origin, where apps have
 * business.  No cookie goes with such a call, since none is ever allowed to.
 */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include "http/http.h"
#include "http/router.h"

/* Whether the request is a preflight for a row that is for apps; then it is
 * rq->route's to answer. */
bool
cors_preflight(struct ctx *cx, const struct route_table *t, struct request *rq);

/* Adds to the answer of a row for apps who may read it; the caller was
 * judged, and the database is there. */
void cors_answer(struct ctx *cx, const struct request *rq, struct reply *rs);

#endif
