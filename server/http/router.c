#include "http/router.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "domain/label.h"

const struct err ERR_NO_ROUTE = { KIND_NOT_FOUND, "not-found",
	"There is nothing at this path." };
const struct err ERR_METHOD = { KIND_METHOD, "method-not-allowed",
	"This path does not take that method; see Allow." };
const struct err ERR_LENGTH = { KIND_LENGTH, "length-required",
	"Send Content-Length, or the body in chunks." };
const struct err ERR_TOO_LARGE = { KIND_TOO_LARGE, "too-large",
	"The body is larger than this path takes." };
const struct err ERR_TYPE = { KIND_TYPE, "unsupported-type",
	"This path does not take that Content-Type." };

#define EST "/.well-known/est/"

static const char *const method_names[] = {
	[METHOD_GET] = "GET",
	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",
	[METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS",
	[METHOD_OTHER] = "OTHER",
};

enum method
router_method(const char *name)
{
	int m;

	if (strcmp(name, "HEAD") == 0)
		return METHOD_GET;
	for (m = METHOD_GET; m < METHOD_OTHER; m++)
		if (strcmp(name, method_names[m]) == 0)
			return (enum method)m;
	return METHOD_OTHER;
}

const char *
router_method_name(enum method m)
{
	return method_names[m];
}

const char *
router_spelling(struct ctx *cx, const char *path)
{
	size_t n = *path == '/' ? strcspn(path + 1, "/") : 0;
	const char *rest = path + 1 + n;

	if (n == 0 || strncmp(rest, EST, strlen(EST)) != 0)
		return path;
	return arena_printf(
	    cx->arena, EST "%.*s/%s", (int)n, path + 1, rest + strlen(EST));
}

/* Whether the pattern matches; captures segments into rq->param. */
static bool
match_path(struct ctx *cx, const char *pattern, struct request *rq)
{
	const char *p = pattern, *s = rq->path;
	size_t n = 0;

	while (*p != '\0') {
		size_t len;

		if (*p != '{') {
			if (*p++ != *s++)
				return false;
			continue;
		}
		/* The base64 of an OCSP request has slashes (RFC 6960
		 * appendix A.1). */
		len = strncmp(p, "{request}", 9) == 0 ? strlen(s)
						      : strcspn(s, "/");
		if (len == 0)
			return false;
		must(n < PATH_PARAMS);
		rq->param[n] = arena_printf(cx->arena, "%.*s", (int)len, s);
		if (strncmp(p, "{label}", 7) == 0 &&
		    !label_name_ok(rq->param[n]))
			return false;
		n++;
		s += len;
		p = strchr(p, '}') + 1;
	}
	return *s == '\0';
}

const struct route *
router_find(struct ctx *cx, const struct route_table *t, struct request *rq,
    enum method method)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->rows[i].method == method &&
		    match_path(cx, t->rows[i].path, rq))
			return &t->rows[i];
	return NULL;
}

const struct err *
router_match(struct ctx *cx, const struct route_table *t, struct request *rq,
    const char **allow)
{
	struct bytes text;
	struct buf methods;
	size_t i;

	buf_init(&methods, cx->arena, 256);
	for (i = 0; i < t->n; i++) {
		const struct route *r = &t->rows[i];

		if (!match_path(cx, r->path, rq))
			continue;
		rq->route = r;
		if (strstr(r->path, "{label}") != NULL)
			rq->label = rq->param[0];
		if (r->method == rq->method)
			return NULL;
		buf_printf(&methods, "%s%s%s", methods.n > 0 ? ", " : "",
		    method_names[r->method],
		    r->method == METHOD_GET ? ", HEAD" : "");
	}
	if (rq->route == NULL)
		return fail(cx, &ERR_NO_ROUTE, "route: %.80s", rq->path);
	must(buf_bytes(&methods, &text));
	*allow = bytes_to_str(cx->arena, text);
	return fail(cx, &ERR_METHOD, "route: method");
}

enum error_format
router_errors(const struct request *rq)
{
	if (rq->route != NULL)
		return rq->route->errors;
	return rq->path != NULL && strncmp(rq->path, EST, strlen(EST)) == 0
		   ? AS_EST
		   : AS_PROBLEM;
}

static bool
type_fits(enum body_kind kind, const char *type)
{
	switch (kind) {
	case BODY_NONE:
	case BODY_ANY:
		return true;
	case BODY_JSON:
		return strcmp(type, "application/json") == 0;
	case BODY_FORM:
		return strcmp(type, "application/x-www-form-urlencoded") == 0;
	case BODY_OCSP:
		return strcmp(type, "application/ocsp-request") == 0;
	case BODY_PKCS10:
		return strcmp(type, "application/pkcs10") == 0;
	case BODY_ALLOWLIST:
		return strcmp(type, "text/csv") == 0 ||
		       strcmp(type, "application/x-ndjson") == 0;
	}
	return false;
}

const struct err *
router_check_body(
    struct ctx *cx, const struct request *rq, const struct framing *fr)
{
	const struct route *r = rq->route;
	const char *coding = request_header(rq, "Content-Encoding");

	/* RFC 9110 section 8.6: a body's length is known, or it is chunked. */
	if (!fr->has_length && !fr->chunked &&
	    (r->method == METHOD_POST || r->method == METHOD_PUT))
		return fail(cx, &ERR_LENGTH, "route: no length");
	if (fr->has_length && fr->length > r->limit)
		return fail(cx, &ERR_TOO_LARGE, "route: %llu bytes announced",
		    (unsigned long long)fr->length);
	if (r->body == BODY_NONE || r->body == BODY_ANY)
		return NULL;
	if (rq->content_type == NULL || !type_fits(r->body, rq->content_type))
		return fail(cx, &ERR_TYPE, "route: type %.60s",
		    rq->content_type == NULL ? "none" : rq->content_type);
	/* RFC 9110 section 8.4: no coding is understood here. */
	if (coding != NULL)
		return fail(cx, &ERR_TYPE, "route: Content-Encoding");
	return NULL;
}

const char *
router_media_type(struct ctx *cx, const char *value)
{
	size_t i, n = strcspn(value, "; \t");
	char *type = arena_alloc(cx->arena, n + 1);

	for (i = 0; i < n; i++)
		type[i] = (char)tolower((unsigned char)value[i]);
	return type;
}
