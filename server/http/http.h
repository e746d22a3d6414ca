/*
 * A request and its answer as handlers see them.  http/server fills the
 * request before any handler runs (headers checked, body whole, path
 * parameters captured, caller judged) and sends the answer after it.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "codec/basic.h"
#include "domain/caller.h"

enum method {
	METHOD_GET, /* HEAD is answered as GET without its body */
	METHOD_POST,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_OPTIONS, /* a preflight; no row has it */
	METHOD_OTHER,
};

#define PATH_PARAMS 3
/* The handle of evidence that was judged before (docs/attestation.md). */
#define HEADER_ATTESTATION "Latchkey-Attestation"
/* Of an answer that says that something is refused: whether all brokers and
 * nodes have read of it, or one of them has not yet. */
#define HEADER_FOLLOWED "Latchkey-Followed"

struct request {
	enum method method;
	const char *path;               /* decoded once */
	const char *param[PATH_PARAMS]; /* what {…} of the route matched */
	const char *label;              /* what {label} did, or NULL */
	const struct route *route;
	struct bytes body;
	int spool_fd;             /* BODY_SPOOL routes: the body, at 0 */
	const char *content_type; /* lower case, without parameters */
	const char *bearer;       /* Authorization: Bearer, or NULL */
	const char *dpop_token;   /* Authorization: DPoP, or NULL */
	const char *dpop_nonce;   /* to go with the answer, or NULL */
	/* Authorization: Basic, or NULL; empty texts if it was malformed. */
	const struct basic *basic;
	const char *address; /* the client's, in text */
	struct peer peer;
	struct bytes binding; /* of the connection; but for owners and admins */
	struct caller caller;
	bool waited; /* judged before, set aside, and back */
	void *conn;  /* http/server's own */
};

/* A query parameter, decoded; NULL if absent.  Repeats are refused before
 * any handler runs. */
const char *request_query(const struct request *rq, const char *name);

/* The first query parameter that is none of known, which ends with NULL. */
const char *
request_query_unknown(const struct request *rq, const char *const *known);

/* A header's value; NULL if absent. */
const char *request_header(const struct request *rq, const char *name);

#define REPLY_HEADERS 12

struct reply {
	int status;
	const char *type;  /* Content-Type; NULL for no body */
	struct bytes body; /* in the request's arena or static */
	struct {
		const char *name, *value;
	} header[REPLY_HEADERS];
	size_t nheaders;
	/* To be set aside until there is news of this owner since the mark, or
	 * so many seconds are over; NULL: to be sent. */
	const char *wait_for;
	uint32_t wait_mark;
	int64_t wait_seconds;
	const struct err *err; /* the refusal it tells of, for the log line */
};

void reply_header(struct reply *rs, const char *name, const char *value);
/* A reply of a given type; body in the arena or static. */
void
reply_body(struct reply *rs, int status, const char *type, struct bytes body);
/* JSON with Cache-Control: no-store. */
void reply_json(struct reply *rs, int status, struct bytes json);
/* Retry-After in seconds. */
void reply_retry_after(struct ctx *cx, struct reply *rs, int seconds);

/* Handlers decode, call the domain, and encode; they decide nothing. */
typedef const struct err *
handler_fn(struct ctx *cx, struct request *rq, struct reply *rs);

/* One of several requests that are served together, and what came of it. */
struct call {
	struct ctx *cx;
	struct request *rq;
	struct reply *rs;
	const struct err *e;
	bool judged; /* its caller is known */
	/* To be judged, or served, once more, by itself, when the others have
	 * their answers: it may have to wait. */
	bool again;
};

/* A handler of many requests at once, so that what they store shares a
 * commit.  One's refusal is not another's. */
typedef void together_fn(struct call *const *calls, size_t n);

/* Runs on the I/O thread, must not block nor touch the database; true if it
 * answered, be it with a refusal, false to go on to a worker. */
typedef bool quick_fn(struct ctx *cx, struct request *rq, struct reply *rs);

#endif
