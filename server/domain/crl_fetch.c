#include "domain/crl_fetch.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/trace.h"
#include "domain/crls.h"
#include "domain/registry.h"
#include "domain/svc.h"
#include "fetch/fetch.h"
#include "pki/cert.h"
#include "store/event.h"

#define LOOK_EVERY_MS 30000
#define RETRY_SECONDS 900
#define EVERY_LEAST 60
#define EVERY_MOST (30 * INT64_C(86400))
#define EVERY_DEFAULT 3600
/* A list of LIMIT_CRL bytes with all that is made of it. */
#define FETCH_ARENA (32 * (size_t)MIB)

static const struct err ERR_SOURCE = { KIND_INVALID, "bad-crl-source",
	"No list can be fetched from there." };

/* Fetched and stored; the reason stays on the context. */
static ERR_FN
fetch_one(struct ctx *cx, const struct crl_source *s)
{
	static const struct admin_caller schedule = { .token_id = NULL };
	struct crl_in in = { .manufacturer_id = s->manufacturer_id,
		.issuer = s->issuer,
		.url = s->url };
	char uuid[UUID_TEXT_BYTES];
	struct trace trace;
	struct crl_row row;
	const struct err *e;
	bool created;

	rng_uuid(uuid);
	trace_begin(&trace, uuid, NULL, NULL);
	cx->trace = &trace;
	e = fetch_get(cx, s->url, LIMIT_CRL, &in.der);
	if (e == NULL)
		e = crls_add(cx, &schedule, &in, &row, &created);
	cx->trace = NULL;
	return e;
}

/* One source that is due; *more false if there was none.  A failure is an
 * event when it begins. */
static ERR_FN
work(struct ctx *cx, bool *more)
{
	struct crl_source s;
	const struct err *e = crl_source_take(cx, &s, more), *failed;

	if (e != NULL || !*more)
		return e;
	failed = fetch_one(cx, &s);
	if (failed == &ERR_STORE)
		return failed;
	if (failed != NULL && s.failure == NULL)
		e = event_add(cx, &(struct event){ .kind = "crl.fetch_failed",
				      .manufacturer_id = s.manufacturer_id,
				      .code = failed->code,
				      .detail = cx->reason });
	if (e != NULL)
		return e;
	return crl_source_done(
	    cx, s.id, failed == NULL ? NULL : cx->reason, RETRY_SECONDS);
}

static ERR_FN
fetch(struct task *t, struct ctx *cx, void *arg, int *wait_ms)
{
	const struct err *e;
	bool more;

	(void)t;
	(void)arg;
	e = work(cx, &more);
	*wait_ms = more ? 0 : LOOK_EVERY_MS;
	return e;
}

static const struct stmt *const *const STATEMENTS[] = { crl_stmts,
	crl_source_stmts, event_stmts, registry_stmts, NULL };

const struct task_kind CRL_FETCHER = {
	.name = "crl-fetch",
	.channel = "latchkey_crl",
	.statements = STATEMENTS,
	.arena_bytes = FETCH_ARENA,
	.turn = fetch,
};

static ERR_FN
check_source(struct ctx *cx, const struct crl_source_in *in)
{
	struct bytes der;
	size_t n;

	if (!fetch_url_ok(in->url))
		return fail(cx, &ERR_SOURCE,
		    "url: http or https, at most %d bytes, no user", LIMIT_URL);
	if (in->every != 0 &&
	    (in->every < EVERY_LEAST || in->every > EVERY_MOST))
		return fail(cx, &ERR_SOURCE, "every: from a minute to 30 days");
	return in->issuer == NULL
		   ? NULL
		   : cert_read_pem(cx, bytes_str(in->issuer), &der, 1, &n);
}

const struct err *
crl_source_set(struct ctx *cx, const struct admin_caller *by,
    const struct crl_source_in *in, struct crl_source *out, bool *created)
{
	char id[UUID_TEXT_BYTES];
	const struct crl_source s = { .id = id,
		.manufacturer_id = in->manufacturer_id,
		.url = in->url,
		.issuer = in->issuer,
		.every = in->every == 0 ? EVERY_DEFAULT : in->every };
	struct crl_source *all;
	struct manufacturer m;
	const struct err *e;
	TX tx = { 0 };
	size_t n = 0;

	rng_uuid(id);
	e = manufacturer_get(cx, in->manufacturer_id, &m);
	if (e == NULL)
		e = check_source(cx, in);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = crl_lock(cx, in->manufacturer_id);
	if (e == NULL)
		e = crl_source_list(cx, in->manufacturer_id, &all, &n);
	if (e == NULL && n >= LIMIT_MAKER_CRLS)
		e = fail(cx, &ERR_SOURCE, "%s has %d sources",
		    in->manufacturer_id, LIMIT_MAKER_CRLS);
	if (e == NULL)
		e = crl_source_put(cx, &s, out, created);
	if (e == NULL)
		e = event_add(cx, &(struct event){ .kind = "crl_source.set",
				      .manufacturer_id = in->manufacturer_id,
				      .admin_token_id = by->token_id,
				      .detail = in->url });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
crl_sources(struct ctx *cx, const char *manufacturer_id,
    struct crl_source **out, size_t *n)
{
	struct manufacturer m;
	const struct err *e = manufacturer_get(cx, manufacturer_id, &m);

	return e != NULL ? e : crl_source_list(cx, manufacturer_id, out, n);
}

const struct err *
crl_source_remove(struct ctx *cx, const struct admin_caller *by,
    const char *manufacturer_id, const char *id)
{
	const struct err *e;
	TX tx = { 0 };

	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "no UUID in lower case");
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = crl_source_delete(cx, manufacturer_id, id);
	if (e == NULL)
		e = event_add(cx, &(struct event){ .kind = "crl_source.removed",
				      .manufacturer_id = manufacturer_id,
				      .admin_token_id = by->token_id,
				      .detail = id });
	return e != NULL ? e : tx_commit(&tx);
}
