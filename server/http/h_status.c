#include "base/arena.h"
#include "base/clock.h"
#include "codec/gzip.h"
#include "domain/crl_publish.h"
#include "domain/ocsp.h"
#include "http/handlers.h"
#include "http/problem.h"

#define OCSP_RESPONSE "application/ocsp-response"

static const struct err ERR_BAD_PATH = { KIND_INVALID, "bad-base64",
	"The path must end in the base64 of an OCSP request (RFC 6960 "
	"appendix A.1)." };

static const char *
http_date(struct ctx *cx, int64_t t)
{
	char text[CLOCK_TEXT_BYTES];

	clock_http(t, text);
	return arena_strdup(cx->arena, text);
}

/* The headers of RFC 5019 section 5.2: as long as the answer is good, and no
 * longer (SECURITY.md R10). */
static void
reply_ocsp(struct ctx *cx, const struct request *rq, struct reply *rs,
    const struct ocsp_reply *out)
{
	const char *known = request_header(rq, "If-None-Match");

	if (out->etag == NULL) {
		reply_body(rs, 200, OCSP_RESPONSE, out->der);
		reply_header(rs, "Cache-Control", "no-store");
		return;
	}
	if (rq->method == METHOD_GET && known != NULL &&
	    strstr(known, out->etag) != NULL)
		reply_body(rs, 304, NULL, BYTES_NONE);
	else
		reply_body(rs, 200, OCSP_RESPONSE, out->der);
	reply_header(rs, "Cache-Control",
	    arena_printf(cx->arena,
		"max-age=%lld, public, no-transform, must-revalidate",
		(long long)(out->next_update - cx->now)));
	reply_header(rs, "Last-Modified", http_date(cx, out->this_update));
	reply_header(rs, "Expires", http_date(cx, out->next_update));
	reply_header(rs, "ETag", out->etag);
}

static ERR_FN
read_path(struct ctx *cx, const struct request *rq, struct bytes *der)
{
	if (!bytes_from_b64(cx->arena, bytes_str(rq->param[0]), der))
		return fail(cx, &ERR_BAD_PATH, "path is not base64");
	return NULL;
}

bool
quick_ocsp(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e = NULL;
	struct bytes der = rq->body;
	struct ocsp_reply out;
	bool kept = false;

	if (rq->method == METHOD_GET)
		e = read_path(cx, rq, &der);
	if (e == NULL)
		e = ocsp_kept_reply(cx, der, &out, &kept);
	if (e != NULL)
		problem_reply(cx, rq, e, rs);
	if (kept)
		reply_ocsp(cx, rq, rs, &out);
	return kept || e != NULL;
}

const struct err *
get_ocsp(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct ocsp_reply out;
	struct bytes der;
	const struct err *e;

	e = read_path(cx, rq, &der);
	if (e == NULL)
		e = ocsp_reply(cx, der, &out);
	if (e == NULL)
		reply_ocsp(cx, rq, rs, &out);
	return e;
}

const struct err *
post_ocsp(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct ocsp_reply out;
	const struct err *e = ocsp_reply(cx, rq->body, &out);

	if (e == NULL)
		reply_ocsp(cx, rq, rs, &out);
	return e;
}

/* NAME in "NAME.crl"; an empty text for any other path. */
static const char *
name_of(struct ctx *cx, const char *file)
{
	size_t n = strlen(file);

	if (n < 4 || strcmp(file + n - 4, ".crl") != 0)
		return "";
	return arena_printf(cx->arena, "%.*s", (int)(n - 4), file);
}

bool
quick_crl(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e = get_crl(cx, rq, rs);

	if (e != NULL)
		problem_reply(cx, rq, e, rs);
	return true;
}

/* To be asked for again each time, by its tag: it may have changed with any
 * commit.  The tag of what is compressed is its own (RFC 9110 section
 * 8.8.3.3). */
const struct err *
get_crl(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *known = request_header(rq, "If-None-Match");
	const char *issuer = rq->param[0], *list = rq->param[1];
	struct crl_list out;
	const struct err *e;

	if (list == NULL)
		issuer = name_of(cx, issuer);
	else
		list = name_of(cx, list);
	e = crl_publish_get(cx, issuer, list,
	    gzip_accepted(request_header(rq, "Accept-Encoding")), &out);
	if (e != NULL)
		return e;
	if (known != NULL && strstr(known, out.etag) != NULL)
		reply_body(rs, 304, NULL, BYTES_NONE);
	else
		reply_body(rs, 200, "application/pkix-crl", out.bytes);
	if (out.gzip && rs->status == 200)
		reply_header(rs, "Content-Encoding", "gzip");
	reply_header(rs, "Vary", "Accept-Encoding");
	reply_header(rs, "Cache-Control", "public, no-cache");
	reply_header(rs, "Last-Modified", http_date(cx, out.this_update));
	reply_header(rs, "Expires", http_date(cx, out.next_update));
	reply_header(rs, "ETag", out.etag);
	return NULL;
}
