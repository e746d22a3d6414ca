#include "domain/service.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "codec/topic.h"
#include "domain/label.h"
#include "domain/lineage.h"
#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/issue.h"
#include "pki/profile.h"
#include "pki/signer.h"
#include "store/birth.h"
#include "store/event.h"
#include "store/feed.h"

const struct err ERR_SERVICE = { KIND_INVALID, "bad-service",
	"The service cannot be set up like that." };
const struct err ERR_SERVICE_GONE = { KIND_CONFLICT, "service-withdrawn",
	"The service was withdrawn; its name is not used again." };
const struct err ERR_SERVICE_KEY = { KIND_CONFLICT, "key-taken",
	"The key is known already; make a new one." };

static ERR_FN
check_topics(struct ctx *cx, const char *what, const struct topics *t)
{
	size_t i;

	if (t->n > LIMIT_TOPICS)
		return fail(cx, &ERR_SERVICE, "%s: more than %d topics", what,
		    LIMIT_TOPICS);
	for (i = 0; i < t->n; i++)
		if (!topic_grant_valid(bytes_str(t->v[i])))
			return fail(cx, &ERR_SERVICE,
			    "%s: number %zu is no topic filter of at most %d "
			    "bytes, or starts with $",
			    what, i + 1, LIMIT_TOPIC);
	return NULL;
}

/* Each must be a label that there is: a mistyped one would be found out by
 * the RA, much later. */
static ERR_FN
check_ra_labels(struct ctx *cx, const struct topics *t)
{
	const struct err *e;
	struct label l;
	size_t i;

	for (i = 0; i < t->n; i++) {
		e = label_get(cx, t->v[i], &l);
		if (e == &ERR_NO_LABEL)
			return fail(cx, &ERR_SERVICE, "ra_labels: no label %s",
			    t->v[i]);
		if (e != NULL)
			return e;
	}
	return NULL;
}

static bool
same_topics(const struct topics *a, const struct topics *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (!bytes_eq(bytes_str(a->v[i]), bytes_str(b->v[i])))
			return false;
	return true;
}

static ERR_FN
add_event(struct ctx *cx, const struct admin_caller *by, const char *kind,
    const char *name)
{
	return event_add(cx, &(struct event){
				 .kind = kind,
				 .admin_token_id = by->token_id,
				 .detail = name,
			     });
}

const struct err *
service_set(struct ctx *cx, const struct admin_caller *by,
    const struct service *in, bool *created)
{
	struct service old;
	const struct err *e;
	bool found;
	TX tx = { 0 };

	if (!text_is_slug(bytes_str(in->name)))
		return fail(cx, &ERR_SERVICE,
		    "name: lower-case letters, digits and inner hyphens");
	e = check_topics(cx, "publish", &in->publish);
	if (e == NULL)
		e = check_topics(cx, "subscribe", &in->subscribe);
	if (e == NULL)
		e = check_ra_labels(cx, &in->ra_labels);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = service_lock(cx, in->name, &found, &old);
	if (e != NULL)
		return e;
	*created = !found;
	if (found && old.withdrawn)
		return fail(cx, &ERR_SERVICE_GONE, "%s", in->name);
	if (found && same_topics(&old.publish, &in->publish) &&
	    same_topics(&old.subscribe, &in->subscribe) &&
	    same_topics(&old.ra_labels, &in->ra_labels))
		return NULL;
	e = service_put(cx, in);
	if (e == NULL)
		e = add_event(cx, by,
		    found ? "service.changed" : "service.added", in->name);
	if (e == NULL)
		e = feed_service_changed(cx, in->name, false);
	return e != NULL ? e : tx_commit(&tx);
}

/* Reads and locks a service that must be there. */
static ERR_FN
lock_service(struct ctx *cx, const char *name, struct service *s)
{
	bool found;
	const struct err *e = service_lock(cx, name, &found, s);

	if (e == NULL && !found)
		return fail(cx, &ERR_NOT_FOUND, "no service %s", name);
	return e;
}

/* No key is a service's and a unit's or a device's (A9). */
static ERR_FN
check_key(struct ctx *cx, const struct csr *csr)
{
	bool taken;
	const struct err *e =
	    birth_key_is_taken(cx, csr->key.sha256, NULL, &taken);

	if (e == NULL && taken)
		return fail(
		    cx, &ERR_SERVICE_KEY, "the key is a unit's or a device's");
	return e;
}

/* Within the transaction that holds the service's row. */
static ERR_FN
issue_locked(struct ctx *cx, const struct service *s, const struct csr *csr,
    struct issue *io)
{
	struct service_certificate c;
	const struct err *e;

	*io = (struct issue){
		.profile = profile_get(cx->svc->profiles, "service"),
		.spki = csr->spki,
		.id = s->name,
		.now = cx->now,
		.earliest = lineage_earliest(cx),
		.ra = s->ra_labels.n > 0,
	};
	if (io->profile == NULL || io->profile->kind != PROFILE_SERVICE)
		return fail(cx, &ERR_INTERNAL, "no profile for services");
	e = issue_certificate(cx, cx->svc->signer, io);
	if (e != NULL)
		return e;
	c = (struct service_certificate){
		.service_name = s->name,
		.serial = io->serial,
		.der = io->der,
		.not_before = io->not_before,
		.not_after = io->not_after,
	};
	memcpy(c.key_sha256, csr->key.sha256, sizeof(c.key_sha256));
	return service_certificate_add(cx, &c);
}

const struct err *
service_issue(struct ctx *cx, const struct admin_caller *by, const char *name,
    struct bytes csr_der, struct service_issued *out)
{
	const struct err *e;
	struct service s;
	struct issue io;
	struct csr csr;
	TX tx = { 0 };

	e = csr_parse(cx, csr_der, &csr);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = lock_service(cx, name, &s);
	if (e != NULL)
		return e;
	if (s.withdrawn)
		return fail(cx, &ERR_SERVICE_GONE, "%s", name);
	e = check_key(cx, &csr);
	if (e == NULL)
		e = issue_locked(cx, &s, &csr, &io);
	if (e == NULL)
		e = add_event(cx, by, "service.issued",
		    arena_printf(cx->arena, "%s: %s", name,
			bytes_hex(cx->arena, io.serial)));
	if (e == NULL)
		e = tx_commit(&tx);
	if (e != NULL)
		return e;
	out->certificate = cert_pem(cx, io.der);
	out->chain = cert_pem(cx, signer_cert(cx->svc->signer));
	return NULL;
}

/* The feed last: others wait for its lock (store/feed). */
static ERR_FN
refuse_service(struct ctx *cx, const char *name)
{
	struct service_certificate *certs;
	const struct err *e;
	size_t i, n;

	e = service_certificate_list(cx, name, &certs, &n);
	for (i = 0; e == NULL && i < n; i++)
		e = feed_refuse_certificate(cx, certs[i].serial,
		    certs[i].not_after, "cessationOfOperation");
	return e != NULL ? e : feed_service_changed(cx, name, true);
}

const struct err *
service_remove(struct ctx *cx, const struct admin_caller *by, const char *name)
{
	const struct err *e;
	struct service s;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = lock_service(cx, name, &s);
	if (e != NULL || s.withdrawn)
		return e;
	e = service_withdraw(cx, name);
	if (e == NULL)
		e = add_event(cx, by, "service.withdrawn", name);
	if (e == NULL)
		e = refuse_service(cx, name);
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : lineage_settle(cx);
}

const struct err *
service_page(struct ctx *cx, const char *after, int64_t limit,
    struct service **out, size_t *n)
{
	return service_list(cx, after, limit, out, n);
}
