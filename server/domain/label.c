#include "domain/label.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/label_read.h"
#include "domain/labels.h"
#include "domain/svc.h"
#include "pki/signers.h"
#include "store/label.h"

const struct err ERR_NO_LABEL = { KIND_NOT_FOUND, "no-such-label",
	"There is no enrollment under this label." };
static const struct err ERR_NOT_LOADED = { KIND_UNAVAILABLE, "not-ready",
	"The service has not read its settings yet; try again." };

struct labels {
	pthread_mutex_t loading; /* one load at a time, so the last wins */
	pthread_mutex_t lock;    /* of what follows */
	struct arena *arena;     /* NULL: never loaded */
	struct label *v;
	size_t n;
};

bool
label_name_ok(const char *name)
{
	/* RFC 7030 section 3.2.2. */
	static const char *const operations[] = { "cacerts", "simpleenroll",
		"simplereenroll", "fullcmc", "serverkeygen", "csrattrs" };
	size_t i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(name, operations[i]) == 0)
			return false;
	return text_is_slug(bytes_str(name));
}

struct labels *
labels_new(void)
{
	struct labels *l = mem_new(1, sizeof(*l));

	must(pthread_mutex_init(&l->loading, NULL) == 0);
	must(pthread_mutex_init(&l->lock, NULL) == 0);
	return l;
}

void
labels_free(struct labels *l)
{
	if (l == NULL)
		return;
	arena_free(l->arena);
	must(pthread_mutex_destroy(&l->loading) == 0);
	must(pthread_mutex_destroy(&l->lock) == 0);
	mem_free(l);
}

/* A stored label that cannot be read any more enrolls nobody, and harms no
 * other. */
static bool
read_row(struct ctx *cx, const struct label_row *row, struct label *out)
{
	struct label_json in;

	if (row->withdrawn)
		return false;
	if (label_json_read(cx, bytes_str(row->settings), &in) != NULL ||
	    label_read(cx, row->name, &in, out) != NULL) {
		LOG(cx, "label.unreadable", LOG_S("label", row->name));
		return false;
	}
	out->version = row->version;
	out->evidence = row->evidence;
	return true;
}

static ERR_FN
read_all(struct ctx *cx, struct label **v, size_t *n)
{
	const struct err *e;
	struct label_row *rows;
	size_t i, count;

	*n = 0;
	e = label_list(cx, NULL, LIMIT_LABELS, &rows, &count);
	if (e != NULL)
		return e;
	*v = arena_alloc(cx->arena, count * sizeof(**v));
	for (i = 0; i < count; i++)
		if (read_row(cx, &rows[i], &(*v)[*n]))
			++*n;
	return NULL;
}

/* Whether this very version was in memory before, and was looked at then. */
static bool
was_known(const struct labels *l, const struct label *label)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, label->name) == 0)
			return l->v[i].version == label->version;
	return false;
}

/* Such a label answers 503 on this node, which its operator is told where
 * it can be mended: once for each version, as the labels are read often. */
static void
report_issuers(
    struct ctx *cx, const struct labels *old, const struct label *v, size_t n)
{
	const char *dir = cx->svc->set.issuers_dir;
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = v[i].issuer;

		if (signers_get(cx->svc->signers, name) != NULL ||
		    was_known(old, &v[i]))
			continue;
		LOG(cx, "label.issuer_missing", LOG_S("label", v[i].name),
		    LOG_S("issuer", name),
		    LOG_S("hint",
			dir[0] == '\0'
			    ? "set issuers_dir, then start again"
			    : arena_printf(cx->arena,
				  "put %s.crt and %s.key into %s, then start "
				  "again",
				  name, name, dir)));
	}
}

const struct err *
labels_load(struct ctx *cx)
{
	struct labels *l = cx->svc->labels;
	struct arena *fresh = arena_new(LIMIT_LABELS * LIMIT_ARENA / 16);
	struct ctx inner = *cx;
	const struct err *e;
	struct label *v;
	size_t n;

	inner.arena = fresh;
	must(pthread_mutex_lock(&l->loading) == 0);
	e = read_all(&inner, &v, &n);
	if (e == NULL) {
		struct arena *old = l->arena;

		report_issuers(&inner, l, v, n);
		must(pthread_mutex_lock(&l->lock) == 0);
		l->arena = fresh;
		l->v = v;
		l->n = n;
		must(pthread_mutex_unlock(&l->lock) == 0);
		fresh = old;
	}
	must(pthread_mutex_unlock(&l->loading) == 0);
	arena_free(fresh);
	return e;
}

static const char *
copy(struct ctx *cx, const char *s)
{
	return s == NULL ? NULL : arena_strdup(cx->arena, s);
}

static const char *const *
copy_all(struct ctx *cx, const char *const *v)
{
	const char **out;
	size_t i, n = 0;

	while (v[n] != NULL)
		n++;
	out = arena_alloc(cx->arena, (n + 1) * sizeof(*out));
	for (i = 0; i < n; i++)
		out[i] = arena_strdup(cx->arena, v[i]);
	return out;
}

static void
copy_label(struct ctx *cx, const struct label *from, struct label *to)
{
	const struct profile *p = &from->cert;

	*to = *from;
	to->name = to->cert.name = copy(cx, from->name);
	to->issuer = copy(cx, from->issuer);
	to->cert.subject = copy(cx, p->subject);
	to->cert.spiffe_domain = copy(cx, p->spiffe_domain);
	to->cert.dns = copy_all(cx, p->dns);
	to->cert.eku = copy_all(cx, p->eku);
	to->cert.policies = copy_all(cx, p->policies);
	to->cert.ocsp_url = copy(cx, p->ocsp_url);
	to->cert.ca_issuers_url = copy(cx, p->ca_issuers_url);
	to->cert.crl_url = copy(cx, p->crl_url);
}

const struct err *
label_get(struct ctx *cx, const char *name, struct label *out)
{
	struct labels *l = cx->svc->labels;
	const struct err *e = NULL;
	size_t i;

	must(pthread_mutex_lock(&l->lock) == 0);
	for (i = 0; i < l->n && strcmp(l->v[i].name, name) != 0; i++)
		continue;
	if (l->arena == NULL)
		e = &ERR_NOT_LOADED;
	else if (i == l->n)
		e = &ERR_NO_LABEL;
	else
		copy_label(cx, &l->v[i], out);
	must(pthread_mutex_unlock(&l->lock) == 0);
	if (e == NULL)
		return NULL;
	return fail(cx, e, "label %s is not in memory", name);
}
