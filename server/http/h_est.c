#include "base/arena.h"
#include "base/mem.h"
#include "codec/multipart.h"
#include "domain/enroll.h"
#include "domain/est.h"
#include "domain/keygen.h"
#include "domain/reenroll.h"
#include "http/handlers.h"

#define CERTS_ONLY "application/pkcs7-mime; smime-type=certs-only"
#define KEY_ENCRYPTED "application/pkcs7-mime; smime-type=server-generated-key"

static const struct err ERR_BAD_BASE64 = { KIND_INVALID, "bad-base64",
	"The body must be the base64 of a DER certification request (RFC "
	"8951)." };

/* RFC 7030 section 4.3 makes it optional. */
static const struct err ERR_NO_CMC = { KIND_NOT_OFFERED, "no-cmc",
	"Full CMC is not offered: use simpleenroll and simplereenroll, or "
	"serverkeygen." };

/* One unbroken line and its newline: what every client reads. */
static void
reply_certs(struct ctx *cx, struct reply *rs, struct bytes cms)
{
	reply_body(rs, 200, CERTS_ONLY,
	    bytes_str(
		arena_printf(cx->arena, "%s\n", bytes_b64(cx->arena, cms))));
}

/* Content-Transfer-Encoding is ignored, whatever it says (RFC 8951). */
static ERR_FN
read_csr(struct ctx *cx, const struct request *rq, struct bytes *der)
{
	if (!bytes_from_b64(cx->arena, rq->body, der) || der->n == 0)
		return fail(cx, &ERR_BAD_BASE64, "body is not base64");
	return NULL;
}

bool
quick_cacerts(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return get_cacerts(cx, rq, rs) == NULL;
}

const struct err *
get_cacerts(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *known = request_header(rq, "If-None-Match");
	struct est_cacerts out;
	const struct err *e = est_cacerts(cx, rq->label, &out);

	if (e != NULL)
		return e;
	/* RFC 9110 section 13.1.2: a list of tags, or any. */
	if (known != NULL &&
	    (strcmp(known, "*") == 0 || strstr(known, out.etag) != NULL))
		reply_body(rs, 304, NULL, BYTES_NONE);
	else
		reply_certs(cx, rs, out.cms);
	reply_header(rs, "ETag", out.etag);
	reply_header(rs, "Cache-Control", "public, max-age=3600");
	return NULL;
}

static void
reply_enrollment(struct ctx *cx, struct reply *rs, const struct est_out *out)
{
	if (out->cms.n > 0) {
		reply_certs(cx, rs, out->cms);
		return;
	}
	reply_body(rs, 202, "text/plain",
	    bytes_str("The owner has not approved this device yet.\n"));
	reply_retry_after(cx, rs, out->retry_after);
}

void
simpleenroll_together(struct call *const *calls, size_t n)
{
	struct enrollment v[LIMIT_TOGETHER];
	struct call *of[LIMIT_TOGETHER];
	size_t i, m = 0;

	must(n <= LIMIT_TOGETHER);
	for (i = 0; i < n; i++) {
		struct call *c = calls[i];

		v[m] = (struct enrollment){ .cx = c->cx,
			.unit = &c->rq->caller.unit,
			.bearer = c->rq->bearer,
			.handle = request_header(c->rq, HEADER_ATTESTATION),
			.binding = c->rq->binding,
			.address = c->rq->address };
		c->e = read_csr(c->cx, c->rq, &v[m].csr_der);
		if (c->e == NULL)
			of[m++] = c;
	}
	enroll_together(v, m);
	for (i = 0; i < m; i++) {
		of[i]->e = v[i].e;
		of[i]->again = v[i].step != ENROLLMENT_OVER;
		if (v[i].e == NULL && !of[i]->again)
			reply_enrollment(of[i]->cx, of[i]->rs, &v[i].out);
	}
}

const struct err *
post_simpleenroll(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct call one = { .cx = cx, .rq = rq, .rs = rs };
	struct call *calls[] = { &one };

	simpleenroll_together(calls, 1);
	return one.e;
}

const struct err *
post_simplereenroll(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct reenroll_in in = { .binding = rq->binding,
		.handle = request_header(rq, HEADER_ATTESTATION) };
	struct est_out out = { 0 };
	const struct err *e;

	e = read_csr(cx, rq, &in.csr_der);
	if (e == NULL)
		e = rq->caller.kind == CALLER_RA
			? reenroll_by_ra(cx, &rq->caller.ra, in.csr_der, &out)
			: reenroll_device(cx, &rq->caller.device, &in, &out);
	if (e == NULL)
		reply_certs(cx, rs, out.cms);
	return e;
}

const struct err *
post_serverkeygen(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct keygen_in in = { .unit = &rq->caller.unit,
		.bearer = rq->bearer,
		.binding = rq->binding };
	struct multipart_part part[2] = { { .type = "application/pkcs8" },
		{ .type = CERTS_ONLY } };
	struct keygen_out out = { 0 };
	const struct err *e;

	if (rq->peer.n > 0)
		in.cert = rq->peer.chain[0];
	e = read_csr(cx, rq, &in.csr_der);
	if (e == NULL)
		e = keygen_enroll(cx, &in, &out);
	if (e != NULL)
		return e;
	if (out.encrypted)
		part[0].type = KEY_ENCRYPTED;
	part[0].der = out.key;
	part[1].der = out.cms;
	/* In the arena, which is wiped when the answer was sent. */
	reply_body(
	    rs, 200, MULTIPART_MIXED, multipart_mixed(cx->arena, part, 2));
	reply_header(rs, "Cache-Control", "no-store");
	return NULL;
}

const struct err *
post_fullcmc(struct ctx *cx, struct request *rq, struct reply *rs)
{
	(void)rq;
	(void)rs;
	return fail(cx, &ERR_NO_CMC, "fullcmc");
}
