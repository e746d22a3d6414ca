/*
 * From a refusal to an answer: one table kind -> status, and a writer for
 * each protocol (RFC 9457 problem details, RFC 6749 section 5.2 errors, EST's
 * short text).  The sender learns the constant's code and title, and the
 * request id; the private reason only an operator (SECURITY.md E5).
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "http/http.h"
#include "http/routes.h"

/* Replaces *rs by the answer to the refusal, in the route's format. */
void problem_reply(struct ctx *cx, const struct request *rq,
    const struct err *e, struct reply *rs);

#endif
