#include "domain/crl_publish.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/crl_set.h"
#include "domain/svc.h"
#include "domain/task.h"
#include "pki/reason.h"
#include "pki/signers.h"
#include "store/status.h"
#include "store/view.h"

const struct err ERR_CRL_NOT_READY = { KIND_UNAVAILABLE, "crl-not-ready",
	"The list is being made; try again soon." };

#define ASK_EVERY_MS 5000
#define ARENA_BYTES (16 * (size_t)MIB) /* a page of what is revoked */
#define DAY INT64_C(86400)

struct crl_publish {
	const struct svc *svc;
	struct task *task;
	struct crl_set *lists[SIGNERS_MAX]; /* of each CA */
	char url[SIGNERS_MAX][LIMIT_URL + 1];
	size_t n;
	struct view_mark mark; /* how far the feed was read */
};

/* Notes one for its CA; one whose issuer is not known, for all of them, since
 * serial numbers are never given out twice. */
static void
note(struct crl_publish *p, const struct status_revoked *r)
{
	struct crl_revoked one = { .revoked_at = r->revoked_at,
		.not_after = r->not_after,
		.reason = reason_number(r->reason) };
	int issuer = -1;
	size_t i;

	if (!view_id_of_serial(r->serial, one.serial))
		return;
	if (r->head.n > 0) {
		issuer = crl_issuer_of(p->svc->signers, r->head);
		/* A CA that is no longer on this node. */
		if (issuer < 0)
			return;
	}
	for (i = 0; i < p->n; i++)
		if (issuer < 0 || (size_t)issuer == i)
			crl_set_note(p->lists[i], &one);
}

/* Until when an entry has to be listed: on one list more than the one during
 * which its certificate expired (section 3.3). */
static int64_t
expired_before(const struct crl_publish *p, int64_t now)
{
	return now - p->svc->set.crl_lifetime;
}

/* Reads what came after the mark.  A feed that is not the one which was read
 * so far (a database was restored) is read from its start, on top of what is
 * known: what was refused once stays refused (SECURITY.md R6). */
static ERR_FN
read_feed(struct crl_publish *p, struct ctx *cx)
{
	struct status_page page = {
		.expired_before = expired_before(p, cx->now), .more = true
	};
	struct view_mark head;
	const struct err *e = view_read_head(cx, &head);
	bool holds = true;
	size_t i;

	if (e == NULL && p->mark.position > 0)
		e = view_mark_holds(cx, &p->mark, &holds);
	if (!holds)
		p->mark = (struct view_mark){ .epoch = 0 };
	while (e == NULL && page.more) {
		e = status_read_revoked(cx, &p->mark, &head, &page);
		for (i = 0; e == NULL && i < page.n; i++)
			note(p, &page.v[i]);
		arena_reset(cx->arena);
	}
	if (e == NULL)
		p->mark = head;
	return e;
}

/* Makes the lists that changed or are due. */
static ERR_FN
publish(struct task *t, struct ctx *cx, void *arg, int *wait_ms)
{
	struct crl_publish *p = arg;
	const struct err *e = read_feed(p, cx);
	size_t i;

	(void)t;
	*wait_ms = ASK_EVERY_MS;
	for (i = 0; e == NULL && i < p->n; i++) {
		int64_t began = clock_mono_us();
		int64_t entries = crl_set_make(p->lists[i], cx->now);

		if (entries >= 0)
			LOG(NULL, "crl.made", LOG_I("issuer", (int64_t)i),
			    LOG_I("entries", entries),
			    LOG_I("us", clock_mono_us() - began));
	}
	return e;
}

static const struct stmt *const *const STATEMENTS[] = { status_stmts,
	view_stmts, NULL };

static const struct task_kind PUBLISHER = {
	.name = "crl",
	.channel = "latchkey_feed",
	.statements = STATEMENTS,
	.arena_bytes = ARENA_BYTES,
	.last = true,
	.turn = publish,
};

/* Where relying parties find the lists of a CA, NULL if that is not known. */
static const char *
url_of(struct crl_publish *p, size_t i)
{
	const struct settings *set = &p->svc->set;

	if (set->status_url[0] == '\0')
		return NULL;
	(void)snprintf(p->url[i], sizeof(p->url[i]), "%s/crl/%s",
	    set->status_url, signers_name(p->svc->signers, i));
	return p->url[i];
}

struct crl_publish *
crl_publish_start(const struct svc *svc, const char *conninfo)
{
	struct crl_publish *p = mem_new(1, sizeof(*p));
	const struct signer *ca;

	p->svc = svc;
	for (; (ca = signers_at(svc->signers, p->n)) != NULL; p->n++)
		p->lists[p->n] =
		    crl_set_new(ca, svc->set.crl_lifetime, url_of(p, p->n));
	p->task = task_start(svc, conninfo, &PUBLISHER, p);
	return p;
}

void
crl_publish_stop(struct crl_publish *p)
{
	size_t i;

	if (p == NULL)
		return;
	task_stop(p->task);
	for (i = 0; i < p->n; i++)
		crl_set_free(p->lists[i]);
	mem_free(p);
}

/* "delta", or a day, in one spelling. */
static bool
kind_of(const char *list, enum crl_kind *kind, int64_t *day)
{
	int64_t t;

	*day = 0;
	*kind = list == NULL ? CRL_COMPLETE : CRL_DELTA;
	if (list == NULL || strcmp(list, "delta") == 0)
		return true;
	*kind = CRL_DAY;
	if (strlen(list) != strlen("2026-11-28") ||
	    !clock_parse(bytes_str(list), &t))
		return false;
	*day = t / DAY;
	return true;
}

/* The complete list is the last to be made. */
static ERR_FN
take(struct ctx *cx, struct crl_set *l, enum crl_kind kind, int64_t day,
    struct crl_made **out)
{
	struct crl_made *complete;

	*out = crl_set_get1(l, kind, day);
	if (*out != NULL)
		return NULL;
	complete = crl_set_get1(l, CRL_COMPLETE, 0);
	crl_made_drop(complete);
	return complete == NULL
		   ? fail(cx, &ERR_CRL_NOT_READY, "crl: none made yet")
		   : fail(cx, &ERR_NOT_FOUND, "crl: none of that kind or day");
}

const struct err *
crl_publish_get(struct ctx *cx, const char *issuer, const char *list, bool gzip,
    struct crl_list *out)
{
	const struct crl_publish *p = cx->svc->crl_publish;
	const struct err *e;
	struct crl_made *m;
	enum crl_kind kind;
	int64_t day;
	int i = signers_find(cx->svc->signers, issuer);

	if (i < 0 || !kind_of(list, &kind, &day))
		return fail(cx, &ERR_NOT_FOUND, "crl: none of that name");
	e = take(cx, p->lists[i], kind, day, &m);
	if (e != NULL)
		return e;
	arena_own(cx->arena, crl_made_drop, m);
	if (m->next_update <= cx->now)
		return fail(cx, &ERR_CRL_NOT_READY, "crl: past nextUpdate");
	out->gzip = gzip && m->gz.n > 0;
	out->bytes = out->gzip ? m->gz : m->der;
	out->this_update = m->this_update;
	out->next_update = m->next_update;
	out->etag = arena_printf(cx->arena, "\"%s%s\"",
	    bytes_hex(cx->arena, BYTES_OF(m->tag)), out->gzip ? "-gzip" : "");
	return NULL;
}

void
crl_publish_times(
    const struct crl_publish *p, size_t i, int64_t *made, int64_t *next)
{
	struct crl_made *m = crl_set_get1(p->lists[i], CRL_COMPLETE, 0);

	*made = *next = 0;
	if (m == NULL)
		return;
	*made = m->this_update;
	*next = m->next_update;
	crl_made_drop(m);
}
