#include "http/exchange.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "codec/form.h"
#include "domain/label.h"
#include "domain/metrics.h"
#include "domain/record.h"
#include "domain/second.h"
#include "domain/svc.h"
#include "http/cors.h"
#include "http/handlers.h"
#include "http/hop.h"
#include "http/judge.h"
#include "http/problem.h"

/* Memory of a request with a large body, in bodies: one that grows leaves
 * twice its size behind, and what is read from it may be as long. */
#define LARGE 8

/* A spooled body keeps its connection as long as this much of it arrives
 * within each request_timeout. */
#define PROGRESS_BYTES (64 * KIB)

/* Each look takes memory of the request: whoever was woken for nothing this
 * often asks again. */
#define WAITS_MOST 16

static const struct err ERR_BUSY = { KIND_UNAVAILABLE, "busy",
	"The service has too much to do at this moment; try again." };
static const struct err ERR_WAITING = {
	KIND_BUSY, "too-many-waiting",
	"As many calls wait for this owner's news as may; let one of them do."
};
static const struct err ERR_NOT_OURS = { KIND_UNAUTHENTICATED,
	"unauthenticated", "This path needs a valid operator token." };

static int64_t
patience_us(const struct exchange *ex)
{
	return ex->env->svc->set.request_timeout * 1000000;
}

struct exchange *
exchange_begin(struct exchange_env *env, struct conn *c,
    struct MHD_Connection *mhd, const char *target)
{
	struct arena *a = arena_new(LIMIT_ARENA);
	struct exchange *ex = arena_alloc(a, sizeof(*ex));
	int64_t now = clock_mono_us();

	ex->env = env;
	ex->conn = c;
	ex->mhd = mhd;
	ex->began_us = now;
	ex->target = arena_strdup(a, target);
	rng_uuid(ex->rid);
	trace_begin(&ex->trace, ex->rid, NULL, NULL);
	ex->cx = (struct ctx){ .arena = a,
		.svc = env->svc,
		.rid = ex->rid,
		.trace = &ex->trace,
		.now = clock_now() };
	body_init(&ex->body);
	ex->rq.method = METHOD_OTHER;
	ex->rq.conn = ex;
	ex->rq.spool_fd = -1;
	ex->rq.address = c->address;
	atomic_store(&c->busy, true);
	measure_handshake(env->parts->measure, c, false);
	/* An idle connection may have waited; from now on there is less. */
	if (now + patience_us(ex) < atomic_load(&c->deadline))
		atomic_store(&c->deadline, now + patience_us(ex));
	return ex;
}

const char *
request_header(const struct request *rq, const char *name)
{
	const struct exchange *ex = rq->conn;

	return guard_field(&ex->head, name);
}

const char *
request_query(const struct request *rq, const char *name)
{
	const struct exchange *ex = rq->conn;

	return ex->query == NULL ? NULL : form_get(ex->query, name);
}

const char *
request_query_unknown(const struct request *rq, const char *const *known)
{
	const struct exchange *ex = rq->conn;

	return ex->query == NULL ? NULL : form_unknown(ex->query, known);
}

const struct page *
request_page(const struct request *rq, const char *name)
{
	const struct exchange *ex = rq->conn;

	return pages_get(ex->env->pages, name);
}

bool
request_draining(const struct request *rq)
{
	const struct exchange *ex = rq->conn;

	return atomic_load(&ex->env->draining);
}

const struct server_parts *
request_server(const struct request *rq)
{
	const struct exchange *ex = rq->conn;

	return ex->env->parts;
}

static enum MHD_Result
collect_field(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_n, const char *value, size_t value_n)
{
	struct exchange *ex = cls;

	(void)kind;
	if (ex->head.n > LIMIT_HEADER_FIELDS)
		return MHD_NO;
	ex->fields[ex->head.n++] = (struct head_field){ name,
		value == NULL ? "" : value, name_n, value_n };
	return MHD_YES;
}

static void
collect_head(struct exchange *ex, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *size;

	/* One more than allowed, so that guard_head sees that it is. */
	ex->fields = arena_alloc(
	    ex->cx.arena, (LIMIT_HEADER_FIELDS + 1) * sizeof(*ex->fields));
	size = MHD_get_connection_info(
	    ex->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	ex->head = (struct head){ .method = method,
		.version = version,
		.target = ex->target,
		.field = ex->fields,
		.size = size == NULL ? 0 : size->header_size };
	(void)MHD_get_connection_values_n(
	    ex->mhd, MHD_HEADER_KIND, collect_field, ex);
	/* Of two traceparents none counts; a tracestate may be in parts
	 * (RFC 9110 section 5.3). */
	trace_begin(&ex->trace, ex->rid, guard_single(&ex->head, "traceparent"),
	    guard_list(&ex->cx, &ex->head, "tracestate"));
}

/* Whether the reply's body is not sent (RFC 9110 section 9.3.2). */
static bool
is_head(const struct exchange *ex)
{
	return ex->head.method != NULL &&
	       strcmp(ex->head.method, MHD_HTTP_METHOD_HEAD) == 0;
}

/* Whether the connection ends with this answer.  HTTP/1.0 says of none of its
 * connections that they are kept alive by all who are in between (RFC 9112
 * appendix C.2.2). */
static bool
is_last(const struct exchange *ex)
{
	return ex->close || atomic_load(&ex->env->draining) ||
	       strcmp(ex->head.version, MHD_HTTP_VERSION_1_0) == 0;
}

/* Sends ex->rs. */
static enum MHD_Result
send_reply(struct exchange *ex)
{
	const struct reply *rs = &ex->rs;
	struct MHD_Response *r;
	enum MHD_Result ok;
	size_t i;

	/* The body lives in the arena until exchange_end. */
	r = MHD_create_response_from_buffer(
	    rs->body.n, (void *)(uintptr_t)rs->body.p, MHD_RESPMEM_PERSISTENT);
	must(r != NULL);
	if (rs->type != NULL)
		must(MHD_add_response_header(r, "Content-Type", rs->type) ==
		     MHD_YES);
	for (i = 0; i < rs->nheaders; i++)
		must(MHD_add_response_header(r, rs->header[i].name,
			 rs->header[i].value) == MHD_YES);
	must(MHD_add_response_header(r, "X-Request-Id", ex->rid) == MHD_YES);
	if (is_last(ex))
		must(MHD_add_response_header(r, "Connection", "close") ==
		     MHD_YES);
	ex->stage = STAGE_DONE;
	/* The time in which the client must take it. */
	atomic_store(&ex->conn->deadline, clock_mono_us() + patience_us(ex));
	ok = MHD_queue_response(ex->mhd, (unsigned)rs->status, r);
	if (ok == MHD_YES && rs->body.n > 0 && !is_head(ex))
		flight_hold(&ex->conn->tls.out);
	MHD_destroy_response(r);
	return ok;
}

static void
refuse(struct exchange *ex, const struct err *e)
{
	problem_reply(&ex->cx, &ex->rq, e, &ex->rs);
}

/* Answers what the head alone refuses.  An answer queued at this point
 * closes the connection, and a client that is still sending might lose it to
 * the reset; so a moderate body is read for nothing first. */
static enum MHD_Result
send_early(struct exchange *ex)
{
	const struct framing *fr = &ex->framing;

	if (!ex->close && !fr->expect && fr->length <= LIMIT_DISCARD) {
		ex->stage = STAGE_DISCARD;
		return MHD_YES;
	}
	ex->close = true;
	return send_reply(ex);
}

/* A label that is not there is no path, whoever asks. */
static ERR_FN
check_label(struct ctx *cx, const struct request *rq)
{
	struct label label;

	return rq->label == NULL ? NULL : label_get(cx, rq->label, &label);
}

/* Whose request it is: the connection's, or whom the proxy speaks for. */
static ERR_FN
accept_client(struct exchange *ex)
{
	const struct exchange_env *env = ex->env;
	const struct err *e = NULL;

	if (env->hop)
		e = hop_read(&ex->cx, env->plain ? NULL : conn_peer(ex->conn),
		    &ex->head, &ex->rq);
	else
		ex->rq.peer = *conn_peer(ex->conn);
	ex->head.n = hop_delete(ex->fields, ex->head.n);
	return e;
}

/* Everything that the head alone decides. */
static ERR_FN
accept_head(struct exchange *ex)
{
	struct ctx *cx = &ex->cx;
	struct request *rq = &ex->rq;
	const char *query, *allow = NULL, *type;
	const struct err *e;

	e = guard_head(cx, &ex->head, &ex->framing);
	if (e == NULL)
		e = accept_client(ex);
	if (e == NULL)
		e = guard_path(cx, guard_target(&ex->head), &rq->path, &query);
	if (e == NULL)
		rq->path = router_spelling(cx, rq->path);
	/* Where this request ends is not certain any more. */
	ex->close = e != NULL;
	if (e != NULL)
		return e;
	type = request_header(rq, "Content-Type");
	if (type != NULL)
		rq->content_type = router_media_type(cx, type);
	rq->bearer =
	    judge_token(cx, request_header(rq, "Authorization"), "Bearer");
	rq->dpop_token =
	    judge_token(cx, request_header(rq, "Authorization"), "DPoP");
	rq->basic = judge_basic(cx, request_header(rq, "Authorization"));
	if (!cors_preflight(cx, &ex->env->routes, rq))
		e = router_match(cx, &ex->env->routes, rq, &allow);
	if (e == NULL)
		e = judge_scheme(cx, rq);
	if (e == NULL)
		e = check_label(cx, rq);
	if (e == NULL)
		e = router_check_body(cx, rq, &ex->framing);
	if (e == NULL && query != NULL && rq->route->errors != AS_EST) {
		struct form *form;

		e = form_parse(cx, bytes_str(query), &form);
		ex->query = e == NULL ? form : NULL;
	}
	if (e != NULL && allow != NULL) {
		refuse(ex, e);
		reply_header(&ex->rs, "Allow", allow);
	}
	return e;
}

/* Gets ready for the body of an accepted head. */
static ERR_FN
accept_body(struct exchange *ex)
{
	const struct route *r = ex->rq.route;

	/* Nobody unknown fills our disk or memory. */
	if (r->limit > LIMIT_ARENA / 2 &&
	    judge_lane(&ex->cx, &ex->rq) != LANE_RESERVED)
		return fail(&ex->cx, &ERR_NOT_OURS, "large body: token");
	if (r->body != BODY_ALLOWLIST) {
		if (r->limit > LIMIT_ARENA / 2)
			arena_raise(ex->cx.arena, LARGE * r->limit);
		body_in_memory(&ex->body, &ex->cx, r->limit);
		return NULL;
	}
	return body_in_file(
	    &ex->body, &ex->cx, r->limit, ex->env->svc->set.state_dir);
}

static enum MHD_Result
on_head(struct exchange *ex, const char *method, const char *version)
{
	const struct err *e;

	collect_head(ex, method, version);
	ex->head_only = strcmp(method, "HEAD") == 0;
	ex->rq.method = router_method(method);
	e = accept_head(ex);
	if (e == NULL)
		e = accept_body(ex);
	if (e != NULL) {
		if (ex->rs.status == 0)
			refuse(ex, e);
		return send_early(ex);
	}
	ex->stage = STAGE_BODY;
	return MHD_YES;
}

/* A body in a file may take long, but not stand still. */
static void
note_progress(struct exchange *ex)
{
	if (ex->body.fd < 0 || ex->body.n - ex->progress_n < PROGRESS_BYTES)
		return;
	ex->progress_n = ex->body.n;
	atomic_store(&ex->conn->deadline, clock_mono_us() + patience_us(ex));
}

static enum MHD_Result
on_body(struct exchange *ex, struct bytes part)
{
	const struct err *e;

	if (ex->stage == STAGE_DISCARD) {
		ex->discarded += part.n;
		return ex->discarded > LIMIT_DISCARD ? MHD_NO : MHD_YES;
	}
	e = body_add(&ex->body, &ex->cx, part);
	if (e != NULL) {
		/* No answer can be queued while the body arrives. */
		refuse(ex, e);
		ex->stage = STAGE_DISCARD;
		return MHD_YES;
	}
	note_progress(ex);
	return MHD_YES;
}

/* Suspends the connection and hands the request to a worker. */
static enum MHD_Result
enqueue(struct exchange *ex)
{
	ex->job.lane = judge_lane(&ex->cx, &ex->rq);
	ex->job.together = route_together(ex->rq.route) != NULL;
	if (!queue_reserve(ex->env->queue, ex->job.lane)) {
		refuse(ex, fail(&ex->cx, &ERR_BUSY, "queue: full"));
		return send_reply(ex);
	}
	MHD_suspend_connection(ex->mhd);
	ex->stage = STAGE_QUEUED;
	ex->queued_us = clock_mono_us();
	queue_put(ex->env->queue, &ex->job);
	return MHD_YES;
}

/* The request is whole. */
static enum MHD_Result
on_whole(struct exchange *ex)
{
	struct request *rq = &ex->rq;

	atomic_store(&ex->conn->deadline, 0);
	must(buf_bytes(&ex->body.mem, &rq->body));
	rq->spool_fd = body_file(&ex->body);
	/* Behind a proxy nothing is known of the client's connection. */
	if (!ex->env->hop && rq->route->who != WHO_OWNER &&
	    rq->route->who != WHO_ADMIN)
		rq->binding = conn_binding(ex->conn);
	if (rq->route->quick != NULL && rq->route->quick(&ex->cx, rq, &ex->rs))
		return send_reply(ex);
	return enqueue(ex);
}

enum MHD_Result
exchange_call(struct exchange *ex, const char *method, const char *version,
    const char *data, size_t *n)
{
	struct bytes part = { (const uint8_t *)data, *n };

	if (ex->stage == STAGE_HEAD)
		return on_head(ex, method, version);
	*n = 0;
	if (part.n > 0)
		return on_body(ex, part);
	if (ex->stage == STAGE_BODY)
		return on_whole(ex);
	return send_reply(ex);
}

/* Before anything else: the worker's connection, and the time. */
static void
work_begin(struct exchange *ex, struct db *db)
{
	struct ctx *cx = &ex->cx;
	int64_t waited = clock_mono_us() - ex->queued_us;

	ex->rs = (struct reply){ .status = 0 };
	measure_queued(ex->env->parts->measure, waited);

	cx->db = db;
	cx->now = clock_now();
	ex->call = (struct call){ .cx = cx, .rq = &ex->rq, .rs = &ex->rs };
	/* Whoever waited this long has given up, or will ask again. */
	if (waited > patience_us(ex))
		ex->call.e = fail(cx, &ERR_BUSY, "queue: waited too long");
}

/* From here on it is the I/O thread's again. */
static void
finish(struct exchange *ex)
{
	ex->stage = STAGE_DONE;
	MHD_resume_connection(ex->mhd);
}

/* Puts what was set aside into the queue again; another thread's, that of the
 * news or the ticker.  Where there is no room, it is answered as it is. */
static void
come_back(struct waiter *w)
{
	struct exchange *ex =
	    (void *)((char *)w - offsetof(struct exchange, waiter));

	ex->rq.waited = true;
	ex->queued_us = clock_mono_us();
	if (queue_reserve(ex->env->queue, ex->job.lane)) {
		queue_put(ex->env->queue, &ex->job);
		return;
	}
	refuse(ex, fail(&ex->cx, &ERR_BUSY, "queue: full"));
	finish(ex);
}

/* Sets the exchange aside until there is news, if it wants that: from then on
 * it is not this thread's any more (true). */
static bool
set_aside(struct exchange *ex)
{
	struct waiting *waiting = ex->env->svc->waiting;
	const struct reply *rs = &ex->rs;
	int64_t now = clock_mono_us();

	if (ex->call.e != NULL || rs->wait_for == NULL)
		return false;
	if (ex->wait_until_us == 0)
		ex->wait_until_us = now + rs->wait_seconds * 1000000;
	if (now >= ex->wait_until_us || ++ex->waits > WAITS_MOST)
		return false;
	ex->waiter.until_us = ex->wait_until_us;
	ex->waiter.wake = come_back;
	must(strlen(rs->wait_for) < sizeof(ex->waiter.owner_id));
	memcpy(ex->waiter.owner_id, rs->wait_for, strlen(rs->wait_for) + 1);
	ex->cx.db = NULL;
	switch (waiting_add(waiting, &ex->waiter, rs->wait_mark)) {
	case WAITING_PARKED:
		return true;
	case WAITING_NEWS:
		come_back(&ex->waiter);
		return true;
	case WAITING_FULL:
		ex->call.e = fail(&ex->cx, &ERR_WAITING, "enough of them wait");
		break;
	case WAITING_CLOSED:
		break;
	}
	return false;
}

/* What a device asks for when it enrolls and renews has a record. */
static void
record(struct exchange *ex)
{
	const struct route *r = ex->rq.route;

	if (r->body == BODY_PKCS10 || r->who == WHO_GRANTEE)
		record_refused(&ex->cx, &ex->rq.caller, ex->call.e);
}

/* The follower's thread, or the ticker's. */
static void
on_followed(struct ack *ack)
{
	struct exchange *ex =
	    (void *)((char *)ack - offsetof(struct exchange, ack));

	reply_header(
	    &ex->rs, HEADER_FOLLOWED, ack->followed ? "true" : "false");
	metrics_acknowledged(&ex->cx, ack->followed);
	finish(ex);
}

/* What refuses something is answered once all who follow the feed have read
 * of it, or it is known that one has not. */
static void
acknowledge(struct exchange *ex)
{
	struct ack *ack = &ex->ack;

	if (ex->call.e != NULL || ex->cx.refused_epoch == 0) {
		finish(ex);
		return;
	}
	ack->epoch = ex->cx.refused_epoch;
	ack->position = ex->cx.refused_position;
	ack->until_us = clock_mono_us() + ACKS_WAIT_US;
	ack->wake = on_followed;
	ack->followed = false;
	if (!acks_add(ex->env->svc->acks, ack))
		on_followed(ack);
}

static void
work_end(struct exchange *ex)
{
	struct db *db = ex->cx.db;

	if (set_aside(ex))
		return;
	ex->cx.db = db;
	if (ex->call.e != NULL) {
		record(ex);
		refuse(ex, ex->call.e);
	}
	if (ex->rq.dpop_nonce != NULL)
		reply_header(&ex->rs, "DPoP-Nonce", ex->rq.dpop_nonce);
	cors_answer(&ex->cx, &ex->rq, &ex->rs);
	ex->cx.db = NULL;
	acknowledge(ex);
}

/* Of the exchanges, the calls that go on. */
static size_t
good_calls(struct exchange *const *ex, size_t n, struct call **calls)
{
	size_t i, good = 0;

	for (i = 0; i < n; i++)
		if (ex[i]->call.e == NULL && !ex[i]->call.again)
			calls[good++] = &ex[i]->call;
	return good;
}

/* A connection keeps its certificate for good, so a client whose own is
 * refused has no use for it; a proxy's serves others. */
static void
close_refused(const struct call *c)
{
	struct exchange *ex = c->rq->conn;

	if (c->e != NULL && c->e->kind == KIND_FORBIDDEN && c->rq->peer.n > 0 &&
	    !ex->env->hop)
		ex->close = true;
}

/* Who they are. */
static void
judge(struct exchange *const *ex, size_t n)
{
	struct call *calls[LIMIT_TOGETHER] = { NULL };
	size_t i, good = good_calls(ex, n, calls);

	judge_callers(calls, good);
	for (i = 0; i < good; i++)
		close_refused(calls[i]);
}

static void
handle_one(struct call *c)
{
	c->e = c->rq->route->handler(c->cx, c->rq, c->rs);
	if (c->e == &ERR_SECOND)
		c->e = answer_proposed(c->cx, c->rq, c->rs);
}

/* Those of one kind, then those of the next. */
static void
handle(struct call *const *calls, size_t n)
{
	struct call *left[LIMIT_TOGETHER] = { NULL };
	struct call *same[LIMIT_TOGETHER] = { NULL };
	size_t i, m, rest;

	for (i = 0; i < n; i++)
		left[i] = calls[i];
	for (; n > 0; n = rest) {
		const struct route *r = left[0]->rq->route;
		together_fn *fn = route_together(r);

		if (fn == NULL) {
			must(n == 1);
			handle_one(left[0]);
			return;
		}
		for (i = m = rest = 0; i < n; i++) {
			if (route_together(left[i]->rq->route) == fn)
				same[m++] = left[i];
			else
				left[rest++] = left[i];
		}
		fn(same, m);
	}
}

void
exchange_work(struct job *const *jobs, size_t n, struct db *db)
{
	struct exchange *ex[LIMIT_TOGETHER] = { NULL };
	struct exchange *again[LIMIT_TOGETHER] = { NULL };
	struct call *calls[LIMIT_TOGETHER] = { NULL };
	size_t i, more = 0;

	must(n <= LIMIT_TOGETHER);
	for (i = 0; i < n; i++) {
		ex[i] = (void *)jobs[i];
		work_begin(ex[i], db);
	}
	judge(ex, n);
	handle(calls, good_calls(ex, n, calls));
	for (i = 0; i < n; i++)
		if (!ex[i]->call.again)
			work_end(ex[i]);
		else
			again[more++] = ex[i];
	for (i = 0; i < more; i++) {
		again[i]->call.again = false;
		if (!again[i]->call.judged)
			judge(&again[i], 1);
		handle(calls, good_calls(&again[i], 1, calls));
		work_end(again[i]);
	}
}

static const char *
outcome(const struct exchange *ex, enum MHD_RequestTerminationCode how)
{
	if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		return ex->rs.err == NULL ? "-" : ex->rs.err->code;
	if (ex->stage == STAGE_HEAD)
		return "refused-by-parser";
	if (how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		return "timeout";
	return "client-gone";
}

/* What was sent: libmicrohttpd answers some requests by itself. */
static int
status_sent(const struct exchange *ex)
{
	const union MHD_ConnectionInfo *info;

	if (ex->rs.status != 0)
		return ex->rs.status;
	info =
	    MHD_get_connection_info(ex->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
	return info == NULL ? 0 : (int)info->http_status;
}

void
exchange_end(struct exchange *ex, enum MHD_RequestTerminationCode how)
{
	const struct settings *set = &ex->env->svc->set;
	const struct route *r = ex->rq.route;
	int64_t now = clock_mono_us();
	int status = status_sent(ex);

	measure_request(ex->env->counts, r, status, now - ex->began_us);
	if (ex->rs.err != NULL)
		measure_refusal(ex->env->parts->measure, ex->rs.err);
	LOG(&ex->cx, "request",
	    LOG_S("method", ex->head.method == NULL ? "-" : ex->head.method),
	    LOG_S("route", r == NULL ? "-" : r->path), LOG_I("status", status),
	    LOG_S("code", outcome(ex, how)), LOG_I("us", now - ex->began_us));
	atomic_store(&ex->conn->deadline,
	    now + (set->idle_timeout + set->request_timeout) * 1000000);
	atomic_store(&ex->conn->busy, false);
	body_release(&ex->body);
	arena_free(ex->cx.arena); /* and with it *ex */
}
