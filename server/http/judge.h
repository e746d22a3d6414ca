/*
 * Who is calling, as the route's row demands it: the credentials are taken
 * from the request, the judgement is domain/caller's.
 */
#ifndef HTTP_JUDGE_H
#define HTTP_JUDGE_H

#include "http/http.h"
#include "http/queue.h"
#include "http/routes.h"

/* The token of "Authorization: SCHEME ...", NULL for anything else. */
const char *
judge_token(struct ctx *cx, const char *authorization, const char *scheme);

/* The credentials of "Authorization: Basic ...", empty texts where they are
 * malformed; NULL for anything else. */
const struct basic *judge_basic(struct ctx *cx, const char *authorization);

/* Refuses a client's password: none has one. */
ERR_FN judge_scheme(struct ctx *cx, const struct request *rq);

/* Fills each request's caller, or its refusal; LIMIT_TOGETHER at most. */
void judge_callers(struct call *const *calls, size_t n);

/* The lane of the queue (SECURITY.md H3), without the database. */
enum lane judge_lane(struct ctx *cx, const struct request *rq);

#endif
