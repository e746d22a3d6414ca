#include "domain/revoked.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct set {
	struct crl_revoked *v;
	size_t n, cap;
};

struct revoked {
	struct set all, added;
};

struct revoked *
revoked_new(void)
{
	return mem_new(1, sizeof(struct revoked));
}

void
revoked_free(struct revoked *r)
{
	if (r == NULL)
		return;
	mem_free(r->all.v);
	mem_free(r->added.v);
	mem_free(r);
}

static void
push(struct set *s, const struct crl_revoked *one)
{
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 64 : s->cap * 2;
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->n++] = *one;
}

void
revoked_add(struct revoked *r, const struct crl_revoked *one)
{
	push(&r->added, one);
}

static int
compare(const uint8_t a[CRL_SERIAL_BYTES], const uint8_t b[CRL_SERIAL_BYTES])
{
	size_t i;

	for (i = 0; i < CRL_SERIAL_BYTES; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* By serial number, then by time. */
static int
order(const void *a, const void *b)
{
	const struct crl_revoked *x = a, *y = b;
	int c = compare(x->serial, y->serial);

	if (c != 0 || x->revoked_at == y->revoked_at)
		return c;
	return x->revoked_at < y->revoked_at ? -1 : 1;
}

/* Appends unless it expired or is there already: of equal serial numbers the
 * first comes first. */
static void
append(struct set *to, const struct crl_revoked *one, int64_t expired_before)
{
	if (one->not_after >= expired_before &&
	    (to->n == 0 || compare(to->v[to->n - 1].serial, one->serial) != 0))
		push(to, one);
}

static size_t
count_expired(const struct set *s, int64_t expired_before)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += s->v[i].not_after < expired_before;
	return n;
}

bool
revoked_settle(struct revoked *r, int64_t expired_before)
{
	struct set merged = { .v = NULL };
	size_t i = 0, k = 0;

	if (r->added.n == 0 && count_expired(&r->all, expired_before) == 0)
		return false;
	if (r->added.n > 0)
		qsort(r->added.v, r->added.n, sizeof(*r->added.v), order);
	while (i < r->all.n || k < r->added.n)
		if (k == r->added.n ||
		    (i < r->all.n && order(&r->all.v[i], &r->added.v[k]) <= 0))
			append(&merged, &r->all.v[i++], expired_before);
		else
			append(&merged, &r->added.v[k++], expired_before);
	mem_free(r->all.v);
	r->all = merged;
	r->added.n = 0;
	return true;
}

const struct crl_revoked *
revoked_all(const struct revoked *r, size_t *n)
{
	*n = r->all.n;
	return r->all.v;
}
