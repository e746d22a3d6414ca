#include "fetch/fetch.h"

#include <curl/curl.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/trace.h"

#define CONNECT_SECONDS 5L
#define FETCH_SECONDS 20L

typedef struct curl_slist curl_headers;
AUTO_DEFINE(CURL, curl_easy_cleanup);
AUTO_DEFINE(curl_headers, curl_slist_free_all);

const struct err ERR_FETCH = { KIND_UNAVAILABLE, "fetch-failed",
	"The file could not be fetched." };

bool
fetch_url_ok(const char *url)
{
	const char *host, *p;

	if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else
		return false;
	for (p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return p - url <= LIMIT_URL && strcspn(host, "/?#@") > 0 &&
	       host[strcspn(host, "/?#@")] != '@';
}

static size_t
take(char *data, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;
	struct bytes all;

	buf_put(body, (struct bytes){ (const uint8_t *)data, size * n });
	/* Anything but n ends the transfer: over the limit. */
	return buf_bytes(body, &all) ? n : 0;
}

bool
fetch_url_is_safe(const char *url)
{
	return fetch_url_ok(url) &&
	       (strncmp(url, "https://", 8) == 0 ||
		   strncmp(url, "http://127.0.0.1:", 17) == 0 ||
		   strncmp(url, "http://[::1]:", 13) == 0);
}

/* Whose call this is part of. */
static curl_headers *
trace_headers(struct ctx *cx)
{
	const struct trace *t = cx->trace;
	char parent[TRACE_PARENT_BYTES];
	curl_headers *list = NULL;

	if (t == NULL)
		return NULL;
	trace_parent(t, parent);
	list = curl_slist_append(
	    list, arena_printf(cx->arena, "traceparent: %s", parent));
	if (t->state != NULL)
		list = curl_slist_append(
		    list, arena_printf(cx->arena, "tracestate: %s", t->state));
	return list;
}

static ERR_FN
get(struct ctx *cx, const struct fetch_from *from, struct bytes *out)
{
	AUTO(CURL) *c = curl_easy_init();
	AUTO(curl_headers) *headers = trace_headers(cx);
	char why[CURL_ERROR_SIZE] = "";
	struct buf body;
	long status = 0;
	CURLcode rc;

	if (c == NULL || !fetch_url_ok(from->url))
		return fail(cx, &ERR_FETCH, "not a URL to fetch");
	buf_init(&body, cx->arena, from->max);
	if (from->ca != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, from->ca);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_URL, from->url);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &body);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, FETCH_SECONDS);
	rc = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (!buf_bytes(&body, out))
		return fail(cx, &ERR_FETCH, "more than %zu bytes", from->max);
	if (rc != CURLE_OK)
		return fail(cx, &ERR_FETCH, "%s",
		    *why != '\0' ? why : curl_easy_strerror(rc));
	if (status != 200)
		return fail(cx, &ERR_FETCH, "status %ld", status);
	return NULL;
}

const struct err *
fetch_get(struct ctx *cx, const char *url, size_t max, struct bytes *out)
{
	return get(cx, &(struct fetch_from){ .url = url, .max = max }, out);
}

const struct err *
fetch_safely(struct ctx *cx, const struct fetch_from *from, struct bytes *out)
{
	if (!fetch_url_is_safe(from->url))
		return fail(cx, &ERR_FETCH, "%s: not by https", from->url);
	return get(cx, from, out);
}
