#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "codec/json.h"
#include "domain/client.h"
#include "http/handlers.h"

/* As many as a service of all clients has, below what phones would read. */
#define ANSWER_MOST (LIMIT_ARENA / 4)

/* The texts as a JSON list. */
static void
put_list(struct ctx *cx, struct buf *b, const char *const *v, size_t n)
{
	size_t i;

	buf_str(b, "[");
	for (i = 0; i < n; i++)
		buf_printf(b, "%s%s", i == 0 ? "" : ",", json_quote(cx, v[i]));
	buf_str(b, "]");
}

static ERR_FN
answer(struct ctx *cx, const struct buf *b, struct reply *rs)
{
	struct bytes body;

	if (!buf_bytes(b, &body))
		return fail(cx, &ERR_INTERNAL, "association: too long");
	reply_body(rs, 200, "application/json", body);
	reply_header(rs, "Cache-Control", "public, max-age=300");
	return NULL;
}

static void
put_android(struct ctx *cx, struct buf *b, const struct client_android *app)
{
	buf_str(b, "{\"relation\":[\"delegate_permission/"
		   "common.get_login_creds\",\"delegate_permission/"
		   "common.handle_all_urls\"],\"target\":"
		   "{\"namespace\":\"android_app\",\"package_name\":");
	buf_str(b, json_quote(cx, app->package));
	buf_printf(b, ",\"sha256_cert_fingerprints\":[%s]}}",
	    json_quote(cx, app->fingerprint));
}

/* A statement for each build: its package, and who signs it. */
const struct err *
get_assetlinks(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	const char **apps;
	struct buf b;
	size_t i, n;

	(void)rq;
	e = client_names(cx, CLIENT_ANDROID_APPS, &apps, &n);
	if (e != NULL)
		return e;
	buf_init(&b, cx->arena, ANSWER_MOST);
	buf_str(&b, "[");
	for (i = 0; i < n; i++) {
		struct client_android app;

		if (!client_android_read(apps[i], &app))
			return fail(cx, &ERR_INTERNAL, "app: %s", apps[i]);
		buf_str(&b, i == 0 ? "" : ",");
		put_android(cx, &b, &app);
	}
	buf_str(&b, "]");
	return answer(cx, &b, rs);
}

/* Passkeys of this host, and the link that a device shows (/activate). */
const struct err *
get_apple_association(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	const char **apps;
	struct buf b;
	size_t n;

	(void)rq;
	e = client_names(cx, CLIENT_IOS_APPS, &apps, &n);
	if (e != NULL)
		return e;
	buf_init(&b, cx->arena, ANSWER_MOST);
	buf_str(&b, "{\"webcredentials\":{\"apps\":");
	put_list(cx, &b, apps, n);
	buf_str(&b, "},\"applinks\":{\"details\":[{\"appIDs\":");
	put_list(cx, &b, apps, n);
	buf_str(&b, ",\"components\":[{\"/\":\"/activate\"}]}]}}");
	return answer(cx, &b, rs);
}

const struct err *
get_related_origins(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	const char **origins;
	struct buf b;
	size_t n;

	(void)rq;
	e = client_names(cx, CLIENT_ORIGINS, &origins, &n);
	if (e != NULL)
		return e;
	buf_init(&b, cx->arena, ANSWER_MOST);
	buf_str(&b, "{\"origins\":");
	put_list(cx, &b, origins, n);
	buf_str(&b, "}");
	return answer(cx, &b, rs);
}
