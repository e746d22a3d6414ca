#include "domain/ocsp.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/ocsp_cache.h"
#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/reason.h"
#include "pki/responder.h"
#include "pki/signers.h"
#include "store/status.h"
#include "store/view.h"

struct ocsp {
	pthread_rwlock_t lock; /* of the responders, and what is our own */
	struct responder *responder[SIGNERS_MAX];
	const struct signers *signers;
	struct ocsp_cache *cache;
	struct bytes own; /* the TLS certificate, or empty */
	uint8_t own_serial[21];
	size_t own_serial_n;
	struct ocsp_staple staple;
};

struct ocsp *
ocsp_new(const struct svc *svc, int64_t now)
{
	struct ocsp *o = mem_new(1, sizeof(*o));
	const struct signer *ca;
	size_t i;

	must(pthread_rwlock_init(&o->lock, NULL) == 0);
	o->signers = svc->signers;
	for (i = 0; (ca = signers_at(o->signers, i)) != NULL; i++)
		o->responder[i] = responder_new(ca, now);
	o->cache = ocsp_cache_new((size_t)svc->set.ocsp_cache);
	return o;
}

void
ocsp_free(struct ocsp *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < SIGNERS_MAX; i++)
		responder_free(o->responder[i]);
	ocsp_cache_free(o->cache);
	mem_free((void *)(uintptr_t)o->own.p);
	must(pthread_rwlock_destroy(&o->lock) == 0);
	mem_free(o);
}

/* What the answer to the request would be kept under; false if it is one
 * that is not kept. */
static bool
key_of(const struct ocsp_request *rq, struct ocsp_kept *k)
{
	if (rq->n != 1 || rq->nonce.n > 0 ||
	    !view_id_of_serial(rq->cert[0].serial, k->serial))
		return false;
	k->cert_id = rq->cert[0].whole;
	return true;
}

static void
fill(struct ctx *cx, const struct ocsp_kept *k, struct ocsp_reply *out)
{
	out->der = k->der;
	out->this_update = k->this_update;
	out->next_update = k->next_update;
	out->etag = arena_printf(
	    cx->arena, "\"%s\"", bytes_hex(cx->arena, BYTES_OF(k->tag)));
}

const struct err *
ocsp_kept_reply(
    struct ctx *cx, struct bytes der, struct ocsp_reply *out, bool *kept)
{
	struct ocsp *o = cx->svc->ocsp;
	struct ocsp_kept k = { .der = BYTES_NONE };
	struct ocsp_request rq;
	const struct err *e = ocsp_request_parse(cx, der, &rq);

	*kept = e == NULL && key_of(&rq, &k) &&
		ocsp_cache_get(o->cache, &k, cx->now, cx->arena, &k);
	if (*kept)
		fill(cx, &k, out);
	return e;
}

/* Each responder in its turn gets a new key. */
static void
renew(struct ocsp *o, int64_t now)
{
	size_t i;

	must(pthread_rwlock_wrlock(&o->lock) == 0);
	for (i = 0; i < SIGNERS_MAX; i++)
		if (o->responder[i] != NULL &&
		    responder_is_due(o->responder[i], now)) {
			responder_free(o->responder[i]);
			o->responder[i] =
			    responder_new(signers_at(o->signers, i), now);
			LOG(NULL, "ocsp.responder_renewed",
			    LOG_I("issuer", (int64_t)i));
		}
	must(pthread_rwlock_unlock(&o->lock) == 0);
}

/* The responder of the CA that all of the request is about.  Read-locked on
 * success. */
static ERR_FN
lock_responder(
    struct ctx *cx, const struct ocsp_request *rq, const struct responder **out)
{
	struct ocsp *o = cx->svc->ocsp;
	bool due = false;
	size_t i, n;

	must(pthread_rwlock_rdlock(&o->lock) == 0);
	for (i = 0; i < SIGNERS_MAX; i++) {
		const struct responder *r = o->responder[i];

		if (r == NULL)
			continue;
		due = due || responder_is_due(r, cx->now);
		for (n = 0; n < rq->n && responder_is_for(r, &rq->cert[n]);)
			n++;
		*out = r;
		if (n == rq->n && !due)
			return NULL;
	}
	must(pthread_rwlock_unlock(&o->lock) == 0);
	if (!due)
		return fail(cx, &ERR_OCSP_ISSUER, "ocsp: no CA of ours");
	renew(o, cx->now);
	return lock_responder(cx, rq, out);
}

static ERR_FN
check_issuer(struct ctx *cx, const struct ocsp_request *rq)
{
	const struct responder *r;
	const struct err *e = lock_responder(cx, rq, &r);

	if (e == NULL)
		must(pthread_rwlock_unlock(&cx->svc->ocsp->lock) == 0);
	return e;
}

/* The TLS certificate is made by a command, and stands in no table. */
static void
recognize_own(struct ctx *cx, struct bytes serial, struct status *v)
{
	struct ocsp *o = cx->svc->ocsp;
	struct bytes own;

	must(pthread_rwlock_rdlock(&o->lock) == 0);
	own = (struct bytes){ o->own_serial, o->own_serial_n };
	if (v->der.n == 0 && own.n > 0 && bytes_eq(own, serial))
		v->der = bytes_dup(cx->arena, o->own);
	must(pthread_rwlock_unlock(&o->lock) == 0);
}

/* What is known of each certificate that is asked about. */
static ERR_FN
look_up(struct ctx *cx, const struct ocsp_request *rq, struct status *v)
{
	const struct err *e = NULL;
	size_t i;

	for (i = 0; e == NULL && i < rq->n; i++)
		e = status_get(cx, rq->cert[i].serial, &v[i]);
	for (i = 0; e == NULL && i < rq->n; i++)
		recognize_own(cx, rq->cert[i].serial, &v[i]);
	return e;
}

static struct ocsp_single
judge(const struct responder *r, const struct ocsp_cert_id *id,
    const struct status *st)
{
	struct ocsp_single s = { .id = id, .state = OCSP_UNKNOWN };

	/* Another CA's certificate with the same number is not this one. */
	if (st->der.n > 0 && !responder_issued(r, st->der))
		return s;
	if (st->revoked_at != 0) {
		s.state = OCSP_REVOKED;
		s.revoked_at = st->revoked_at;
		s.reason = reason_number(st->reason);
	} else if (st->der.n > 0) {
		s.state = OCSP_GOOD;
	}
	return s;
}

static void
sign(struct ctx *cx, const struct responder *r, const struct ocsp_request *rq,
    const struct status *v, struct ocsp_kept *k)
{
	struct ocsp_single single[LIMIT_OCSP_CERTS];
	uint8_t sha256[SHA256_BYTES];
	struct ocsp_answer a = { .single = single,
		.n = rq->n,
		.nonce = rq->nonce,
		.this_update = cx->now,
		.next_update = cx->now + cx->svc->set.ocsp_lifetime };
	size_t i;

	for (i = 0; i < rq->n; i++)
		single[i] = judge(r, &rq->cert[i], &v[i]);
	k->der = responder_sign(cx, r, &a);
	k->this_update = a.this_update;
	k->next_update = a.next_update;
	digest_sha256(k->der, sha256);
	memcpy(k->tag, sha256, sizeof(k->tag));
}

const struct err *
ocsp_reply(struct ctx *cx, struct bytes der, struct ocsp_reply *out)
{
	struct ocsp *o = cx->svc->ocsp;
	struct status v[LIMIT_OCSP_CERTS];
	struct ocsp_kept k = { .der = BYTES_NONE };
	const struct responder *r;
	struct ocsp_request rq;
	const struct err *e;
	uint64_t mark;

	e = ocsp_request_parse(cx, der, &rq);
	if (e == NULL)
		e = check_issuer(cx, &rq);
	/* Before the database is asked, so that what changes meanwhile is not
	 * kept as it was. */
	mark = ocsp_cache_mark(o->cache);
	if (e == NULL)
		e = look_up(cx, &rq, v);
	if (e == NULL)
		e = lock_responder(cx, &rq, &r);
	if (e != NULL)
		return e;
	sign(cx, r, &rq, v, &k);
	must(pthread_rwlock_unlock(&o->lock) == 0);
	fill(cx, &k, out);
	if (!key_of(&rq, &k)) {
		out->etag = NULL;
		return NULL;
	}
	if (v[0].device_id != NULL)
		must(view_id_of_uuid(v[0].device_id, k.device));
	if (v[0].der.n > 0)
		ocsp_cache_put(o->cache, &k, mark);
	return NULL;
}

/* The first certificate of the file, which is read anew: it may be another by
 * now.  False if it cannot be read; the listener says so. */
static bool
read_own(struct ctx *cx, struct cert *out)
{
	struct bytes ders[LIMIT_CHAIN], pem;
	struct keyfile text;
	char why[256];
	size_t n;

	if (!keyfile_read(cx->svc->set.tls_cert, false, &text, why))
		return false;
	pem = bytes_dup(
	    cx->arena, (struct bytes){ (const uint8_t *)text.p, text.n });
	keyfile_free(&text);
	return cert_read_pem(cx, pem, ders, LIMIT_CHAIN, &n) == NULL && n > 0 &&
	       cert_parse(cx, ders[0], out) == NULL;
}

/* Write-locked: the answer about the certificate, if a CA of ours issued
 * it. */
static void
sign_own(struct ctx *cx, const struct cert *own, const struct status *st)
{
	struct ocsp *o = cx->svc->ocsp;
	struct ocsp_request rq = { .n = 1 };
	struct ocsp_kept k;
	size_t i = 0;

	while (i < SIGNERS_MAX &&
	       (o->responder[i] == NULL ||
		   !responder_issued(o->responder[i], own->der)))
		i++;
	o->staple.n = 0;
	if (i == SIGNERS_MAX)
		return;
	rq.cert[0] = responder_cert_id(cx, o->responder[i], own->serial);
	sign(cx, o->responder[i], &rq, st, &k);
	if (k.der.n > sizeof(o->staple.der))
		return;
	memcpy(o->staple.der, k.der.p, k.der.n);
	memcpy(o->staple.cert_sha256, own->sha256, sizeof(own->sha256));
	o->staple.n = k.der.n;
	o->staple.next_update = k.next_update;
}

const struct err *
ocsp_own(struct ctx *cx, bool at_once)
{
	struct ocsp *o = cx->svc->ocsp;
	int64_t left, lifetime = cx->svc->set.ocsp_lifetime;
	const struct err *e;
	struct status st;
	struct cert own;
	uint8_t *der;

	cx->now = clock_now();
	/* Only this thread writes it. */
	left = o->staple.next_update - cx->now;
	/* More is left than there was where the clock was set back. */
	if (!at_once && left > lifetime / 2 && left <= lifetime)
		return NULL;
	if (!read_own(cx, &own) || own.serial.n > sizeof(o->own_serial))
		return NULL;
	e = status_get(cx, own.serial, &st);
	if (e != NULL)
		return e;
	st.der = own.der;
	renew(o, cx->now);
	der = mem_raw(own.der.n);
	memcpy(der, own.der.p, own.der.n);
	must(pthread_rwlock_wrlock(&o->lock) == 0);
	mem_free((void *)(uintptr_t)o->own.p);
	o->own = (struct bytes){ der, own.der.n };
	memcpy(o->own_serial, own.serial.p, own.serial.n);
	o->own_serial_n = own.serial.n;
	sign_own(cx, &own, &st);
	must(pthread_rwlock_unlock(&o->lock) == 0);
	return NULL;
}

void
ocsp_staple(struct ocsp *o, struct ocsp_staple *out)
{
	must(pthread_rwlock_rdlock(&o->lock) == 0);
	*out = o->staple;
	must(pthread_rwlock_unlock(&o->lock) == 0);
}

void
ocsp_heard(struct ocsp *o, const struct view_entry *entry)
{
	if (entry->kind == VIEW_CERTIFICATE)
		ocsp_cache_drop_serial(o->cache, entry->id);
	if (entry->kind == VIEW_DEVICE)
		ocsp_cache_drop_device(o->cache, entry->id);
}

void
ocsp_follow(struct ocsp *o, bool followed)
{
	ocsp_cache_follow(o->cache, followed);
}
