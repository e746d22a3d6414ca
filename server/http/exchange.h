/*
 * One request and its answer, from the request line to the log line, in the
 * steps that libmicrohttpd's callbacks dictate: begin (request line read),
 * call (headers there; parts of the body; body whole; resumed), end.  A
 * worker does the work between suspend and resume.  Each step runs on one
 * thread at a time: the I/O thread's until the job is queued, the worker's
 * until the connection is resumed.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "base/trace.h"
#include "domain/acks.h"
#include "domain/waiting.h"
#include "http/body.h"
#include "http/conns.h"
#include "http/guard.h"
#include "http/http.h"
#include "http/measure.h"
#include "http/pages.h"
#include "http/queue.h"
#include "http/router.h"

/* What metrics tell of the server. */
struct server_parts {
	struct queue *queue;
	struct conns *conns;
	struct measure *measure;
	struct tls *tls;
	const struct measure_side *const *counts; /* of each listener */
	size_t n_counts;
};

/* What all exchanges of one listener share. */
struct exchange_env {
	const struct svc *svc;
	const struct server_parts *parts;
	struct measure_side *counts;
	struct queue *queue;
	struct pages *pages;
	struct route_table routes;
	/* Proxies alone come here (http/hop); TLS or a unix socket. */
	bool hop, plain;
	atomic_bool draining;
};

enum stage {
	STAGE_HEAD,    /* nothing of it judged yet */
	STAGE_BODY,    /* accepted so far, body arriving */
	STAGE_DISCARD, /* refused, body read for nothing */
	STAGE_QUEUED,  /* suspended, a worker's, or set aside for a while */
	STAGE_DONE,    /* answered, to be sent */
};

struct exchange {
	struct job job; /* first: the queue hands out its address */
	struct exchange_env *env;
	struct conn *conn;
	struct MHD_Connection *mhd;
	enum stage stage;
	bool head_only; /* HEAD */
	bool close;     /* the connection is not to be used again */
	struct head head;
	struct head_field *fields; /* of head */
	struct framing framing;
	struct body body;
	const char *target;
	const struct form *query;
	int64_t began_us, queued_us;
	int64_t wait_until_us; /* of who is set aside; 0: not yet */
	int waits;             /* how often it was */
	struct waiter waiter;
	struct ack ack;
	size_t progress_n, discarded;
	struct ctx cx;
	struct request rq;
	struct reply rs;
	struct call call;
	char rid[RID_LEN + 1];
	struct trace trace;
};

/* The request line was read. */
struct exchange *exchange_begin(struct exchange_env *env, struct conn *c,
    struct MHD_Connection *mhd, const char *target);

/* libmicrohttpd's access handler. */
enum MHD_Result exchange_call(struct exchange *ex, const char *method,
    const char *version, const char *data, size_t *n);

/* A worker's part: judges the callers, runs the handler, resumes. */
void exchange_work(struct job *const *jobs, size_t n, struct db *db);

/* For handlers: a static file, whether the service is stopping, and what is to
 * be told of it. */
const struct page *request_page(const struct request *rq, const char *name);
bool request_draining(const struct request *rq);
const struct server_parts *request_server(const struct request *rq);

/* Logs and frees it. */
void exchange_end(struct exchange *ex, enum MHD_RequestTerminationCode how);

#endif
