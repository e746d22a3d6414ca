#include "client/api.h"

#include <curl/curl.h>

#include "base/arena.h"
#include "base/explain.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/trace.h"
#include "pki/far_key.h"

/* No answer of the service is larger: a page of 100 devices is 150 KiB. */
#define REPLY_BYTES (8 * (size_t)MIB)
#define CONNECT_SECONDS 10L
#define CALL_SECONDS 60L

const struct err ERR_UNREACHABLE = { KIND_UNAVAILABLE, "unreachable",
	"The service did not answer." };
const struct err ERR_REFUSED = { KIND_FORBIDDEN, "refused",
	"The service refused." };
const struct err ERR_PROPOSED = { KIND_FORBIDDEN, "proposed",
	"Another operator has to confirm this." };
const struct err ERR_BAD_REPLY = { KIND_INVALID, "bad-reply",
	"The service answered what it should not." };

typedef struct curl_slist curl_headers;
AUTO_DEFINE(CURL, curl_easy_cleanup);
AUTO_DEFINE(curl_headers, curl_slist_free_all);

/* What the callbacks of one transfer share. */
struct transfer {
	const struct api_request *rq;
	struct buf body;
	size_t sent; /* of rq->body */
};

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	buf_put(&t->body, (struct bytes){ (uint8_t *)p, size * n });
	return t->body.overflow ? 0 : size * n;
}

static int
tell_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
	struct transfer *t = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	t->rq->progress(t->rq->progress_arg, ulnow, t->rq->upload_bytes);
	return 0;
}

void
api_wait_ms(int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&ts, &ts) != 0)
		continue;
}

const char *
api_escape(struct ctx *cx, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf b;
	struct bytes out;

	buf_init(&b, cx->arena, 3 * strlen(text) + 1);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL)
			buf_printf(&b, "%c", c);
		else
			buf_printf(&b, "%%%c%c", hex[c >> 4], hex[c & 15]);
	}
	buf_put(&b, (struct bytes){ (const uint8_t *)"", 1 });
	(void)buf_bytes(&b, &out);
	return (const char *)out.p;
}

/* Adds one header line; a list that cannot grow is out of memory. */
static void
add_header(
    struct ctx *cx, curl_headers **list, const char *name, const char *value)
{
	*list = curl_slist_append(
	    *list, arena_printf(cx->arena, "%s: %s", name, value));
}

static curl_headers *
make_headers(
    struct ctx *cx, const struct api *api, const struct api_request *rq)
{
	char parent[TRACE_PARENT_BYTES];
	curl_headers *list = NULL;

	if (api->bearer != NULL)
		add_header(cx, &list, "Authorization",
		    arena_printf(cx->arena, "Bearer %s", api->bearer));
	if (rq->type != NULL)
		add_header(cx, &list, "Content-Type", rq->type);
	if (rq->if_match != NULL)
		add_header(cx, &list, "If-Match", rq->if_match);
	if (rq->attestation != NULL)
		add_header(cx, &list, "Latchkey-Attestation", rq->attestation);
	if (cx->trace != NULL) {
		trace_parent(cx->trace, parent);
		add_header(cx, &list, "traceparent", parent);
	}
	if (cx->trace != NULL && cx->trace->state != NULL)
		add_header(cx, &list, "tracestate", cx->trace->state);
	/* Bodies are small or wanted in any case: no wait for 100. */
	list = curl_slist_append(list, "Expect:");
	return list;
}

/* CURLOPT_SSL_CTX_FUNCTION: the certificate, and a key that is elsewhere. */
static CURLcode
use_far_key(CURL *c, void *ssl_ctx, void *arg)
{
	const struct api *api = arg;

	(void)c;
	return far_key_use(ssl_ctx, api->cert, api->far)
		   ? CURLE_OK
		   : CURLE_SSL_CERTPROBLEM;
}

/* The security of the connection, the same for every call. */
static void
set_tls(CURL *c, const struct api *api)
{
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(
	    c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(c, CURLOPT_CAINFO, api->ca);
	(void)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	if (api->cert != NULL && api->far != NULL) {
		(void)curl_easy_setopt(
		    c, CURLOPT_SSL_CTX_FUNCTION, use_far_key);
		(void)curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, api);
		return;
	}
	if (api->cert == NULL)
		return;
	(void)curl_easy_setopt(c, CURLOPT_SSLCERT, api->cert);
	(void)curl_easy_setopt(c, CURLOPT_SSLKEY, api->key);
}

static void
set_body(CURL *c, struct transfer *t)
{
	const struct api_request *rq = t->rq;

	if (rq->method != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, rq->method);
	if (rq->upload != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, rq->upload);
		(void)curl_easy_setopt(
		    c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)rq->upload_bytes);
	} else if (rq->type != NULL) {
		(void)curl_easy_setopt(
		    c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.n);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS,
		    rq->body.n > 0 ? (const char *)rq->body.p : "");
	}
	if (rq->progress != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
		(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
		(void)curl_easy_setopt(
		    c, CURLOPT_XFERINFOFUNCTION, tell_progress);
	}
}

/* A header of the answer, copied; "" if it is absent. */
static const char *
reply_header(struct ctx *cx, CURL *c, const char *name)
{
	struct curl_header *h;

	if (curl_easy_header(c, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return "";
	return arena_strdup(cx->arena, h->value);
}

static const struct err *
read_reply(
    struct ctx *cx, CURL *c, const struct transfer *t, struct api_reply *out)
{
	long status = 0;

	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	out->type = reply_header(cx, c, "Content-Type");
	out->request_id = reply_header(cx, c, "X-Request-Id");
	out->unfollowed =
	    strcmp(reply_header(cx, c, "Latchkey-Followed"), "false") == 0;
	out->retry_after =
	    (int)strtol(reply_header(cx, c, "Retry-After"), NULL, 10);
	if (out->retry_after < 0)
		out->retry_after = 0;
	if (!buf_bytes(&t->body, &out->body))
		return fail(cx, &ERR_BAD_REPLY,
		    "the service's answer is over %zu bytes", REPLY_BYTES);
	return NULL;
}

static const struct err *
send_once(struct ctx *cx, const struct api *api, const struct api_request *rq,
    struct api_reply *out)
{
	AUTO(CURL) *c = curl_easy_init();
	AUTO(curl_headers) *headers = make_headers(cx, api, rq);
	char why[CURL_ERROR_SIZE] = "";
	struct transfer t = { .rq = rq };
	CURLcode rc;

	buf_init(&t.body, cx->arena, REPLY_BYTES);
	set_tls(c, api);
	set_body(c, &t);
	(void)curl_easy_setopt(c, CURLOPT_URL,
	    arena_printf(cx->arena, "%s%s", api->url, rq->path));
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &t);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	/* An upload may take long, and its answer longer: there the peer's
	 * life is asked for by TCP. */
	if (rq->upload == NULL)
		(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, CALL_SECONDS);
	rc = curl_easy_perform(c);
	if (rc != CURLE_OK)
		return fail(cx, &ERR_UNREACHABLE, "%s%s: %s", api->url,
		    rq->path, *why != '\0' ? why : curl_easy_strerror(rc));
	return read_reply(cx, c, &t, out);
}

const struct err *
api_send(struct ctx *cx, const struct api *api, const struct api_request *rq,
    struct api_reply *out)
{
	int64_t until = clock_mono_us() + (int64_t)api->patience * 1000000;
	const struct err *e;

	for (;;) {
		int wait;

		e = send_once(cx, api, rq, out);
		if (e != NULL || out->status != 503)
			return e;
		wait = out->retry_after > 0 ? out->retry_after : 1;
		if (clock_mono_us() + (int64_t)wait * 1000000 > until)
			return NULL;
		api_wait_ms(wait * 1000);
		if (rq->upload != NULL)
			rewind(rq->upload);
	}
}

/* RFC 9457, and RFC 6749 section 5.2 for the OAuth routes. */
struct problem {
	const char *type, *title, *detail;
	const char *error, *error_description;
};

static const struct json_field problem_fields[] = {
	JSON_F_STR(problem, type, 200, false),
	JSON_F_STR(problem, title, 1000, false),
	JSON_F_STR(problem, detail, 4000, false),
	JSON_F_STR(problem, error, 200, false),
	JSON_F_STR(problem, error_description, 1000, false),
	JSON_END,
};

/* The command that says what the refusal means; "" without a code of ours. */
static const char *
how_to_explain(struct ctx *cx, const struct problem *p)
{
	static const char type[] = "urn:latchkey:error:";
	const char *code = p->error;

	if (p->type != NULL && strncmp(p->type, type, sizeof(type) - 1) == 0)
		code = p->type + sizeof(type) - 1;
	if (code == NULL || explain_find(code) == NULL)
		return "";
	return arena_printf(cx->arena, " (latchkey explain %s)", code);
}

const struct err *
api_check(struct ctx *cx, const struct api_reply *r)
{
	struct problem p = { 0 };
	const char *said;

	if (r->status >= 200 && r->status < 300)
		return NULL;
	if (strstr(r->type, "json") == NULL ||
	    json_read_open(cx, r->body, problem_fields, &p) != NULL)
		p = (struct problem){ 0 };
	said = p.title != NULL ? p.title : p.error_description;
	if (said == NULL)
		said = p.error;
	if (said == NULL && strncmp(r->type, "text/plain", 10) == 0)
		said = bytes_to_str(cx->arena, r->body);
	return fail(cx, &ERR_REFUSED, "refused (%d): %s%s%s%s%s%s", r->status,
	    said != NULL ? said : "no reason given",
	    p.detail != NULL ? " " : "", p.detail != NULL ? p.detail : "",
	    *r->request_id != '\0' ? "\nrequest id " : "", r->request_id,
	    how_to_explain(cx, &p));
}

struct proposed {
	const char *id, *summary;
};

static const struct json_field proposed_fields[] = {
	JSON_F_STR(proposed, id, 36, true),
	JSON_F_STR(proposed, summary, KIB, true),
	JSON_END,
};

/* A call of an operator that was kept for another. */
static const struct err *
tell_proposed(struct ctx *cx, const struct api_reply *r)
{
	struct proposed p = { NULL };

	if (json_read_open(cx, r->body, proposed_fields, &p) != NULL)
		return fail(cx, &ERR_BAD_REPLY,
		    "the answer is not as agreed: %s", cx->reason);
	return fail(cx, &ERR_PROPOSED,
	    "not done yet: %s\nanother operator has to confirm it: latchkey "
	    "proposal confirm %s",
	    p.summary, p.id);
}

const struct err *
api_json(struct ctx *cx, const struct api *api, const char *what,
    const struct api_shape *in, const struct api_shape *out)
{
	const char *path = strchr(what, ' ') + 1;
	struct api_request rq = { .path = path };
	struct api_reply reply = { 0 };
	const struct err *e;

	rq.method =
	    arena_printf(cx->arena, "%.*s", (int)(path - what) - 1, what);
	if (in != NULL) {
		rq.type = "application/json";
		e = json_write(cx, in->fields, in->data, &rq.body);
		if (e != NULL)
			return e;
	}
	e = api_send(cx, api, &rq, &reply);
	if (e != NULL)
		return e;
	if (api->unfollowed != NULL)
		*api->unfollowed = *api->unfollowed || reply.unfollowed;
	e = api_check(cx, &reply);
	if (e == NULL && reply.status == 202)
		return tell_proposed(cx, &reply);
	if (e != NULL || out == NULL)
		return e;
	if (json_read_open(cx, reply.body, out->fields, out->data) != NULL)
		return fail(cx, &ERR_BAD_REPLY,
		    "%s: the answer is not as agreed: %s", what, cx->reason);
	return NULL;
}
