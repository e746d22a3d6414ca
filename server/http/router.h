/*
 * From a request line and headers to a row of the route table, in the order
 * that gives nothing away: path (404), method (405 with Allow), length and
 * size (411, 413), type (415).  Who calls is judged after the body is there.
 * Pure.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/ctx.h"
#include "base/err.h"
#include "http/guard.h"
#include "http/http.h"
#include "http/routes.h"

extern const struct err ERR_NO_ROUTE, ERR_METHOD, ERR_LENGTH, ERR_TOO_LARGE,
    ERR_TYPE;

/* /LABEL/.well-known/est/OP, as strongSwan asks for it, is another spelling
 * of /.well-known/est/LABEL/OP; every other path stays as it is. */
const char *router_spelling(struct ctx *cx, const char *path);

/* Matches path and method.  Sets rq->route (also for ERR_METHOD: a row of
 * the path, whose error format applies) and rq->param; *allow is the value
 * of the Allow header when the method is refused. */
ERR_FN router_match(struct ctx *cx, const struct route_table *t,
    struct request *rq, const char **allow);

/* The row of rq's path with that method, or NULL; captures rq->param. */
const struct route *router_find(struct ctx *cx, const struct route_table *t,
    struct request *rq, enum method method);

/* How a request is refused: as its route is, and below /.well-known/est/ as
 * EST wants it even where no route is. */
enum error_format router_errors(const struct request *rq);

/* Holds the framing and the type against rq->route. */
ERR_FN router_check_body(
    struct ctx *cx, const struct request *rq, const struct framing *fr);

/* The enum of a method's name; HEAD is METHOD_GET. */
enum method router_method(const char *name);
const char *router_method_name(enum method m);

/* The media type of a Content-Type value: lower case, no parameters. */
const char *router_media_type(struct ctx *cx, const char *value);

#endif
