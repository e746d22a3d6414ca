#include "pki/path_policy.h"

#include "base/arena.h"
#include "base/mem.h"
#include "pki/der.h"

const struct err ERR_PATH_POLICY = { KIND_FORBIDDEN, "path-policy",
	"The certificate chain was not issued under a policy that is asked "
	"for." };

static const uint8_t ANY_POLICY[] = { 0x55, 0x1d, 0x20, 0x00 };
/* id-qt-cps and id-qt-unotice (section 4.2.1.4). */
static const uint8_t QT_CPS[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02,
	0x01 };
static const uint8_t QT_NOTICE[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02,
	0x02 };

/* A policy at one depth.  Its parents are policies of the level above. */
struct node {
	struct bytes policy;
	uint64_t parents; /* by index; none: the parent is anyPolicy */
	bool mapped;
};

struct level {
	struct node node[LIMIT_POLICIES];
	size_t n;
	bool any; /* anyPolicy is a node, too */
};

/* level[depth] is the one that the next certificate is held against. */
struct policy_graph {
	const struct policy_input *in;
	struct level *level;
	size_t depth, max;
	size_t explicit, mapping, any; /* counted down; 0: in force */
};

/* policies or mappings of one certificate */
struct list {
	struct bytes a[LIMIT_POLICIES], b[LIMIT_POLICIES];
	size_t n;
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_PATH_POLICY, "path: policy: %s", reason);
}

static bool
is_any(struct bytes oid)
{
	return bytes_eq(oid, BYTES_OF(ANY_POLICY));
}

struct policy_graph *
policy_begin(struct ctx *cx, const struct policy_input *in, size_t n)
{
	struct policy_graph *g = arena_alloc(cx->arena, sizeof(*g));

	g->in = in;
	g->max = n + 2; /* an anchor, and the level after the last */
	g->level = arena_alloc(cx->arena, g->max * sizeof(*g->level));
	g->level[0].any = true;
	g->explicit = in->explicit ? 0 : n + 1;
	g->mapping = in->no_mapping ? 0 : n + 1;
	g->any = in->no_any ? 0 : n + 1;
	return g;
}

static struct node *
find(struct level *l, struct bytes policy)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (bytes_eq(l->node[i].policy, policy))
			return &l->node[i];
	return NULL;
}

/* The node of a policy, made if it is not there; NULL past the limit. */
static struct node *
need(struct level *l, struct bytes policy)
{
	struct node *node = find(l, policy);

	if (node != NULL || l->n == LIMIT_POLICIES)
		return node;
	node = &l->node[l->n++];
	*node = (struct node){ .policy = policy };
	return node;
}

/* Qualifiers that nobody knows must not be passed over where the extension
 * is critical (section 4.2.1.4). */
static bool
qualifiers_ok(struct bytes info, bool critical)
{
	struct bytes list, one, oid;

	if (info.n == 0)
		return true;
	if (!der_take(&info, DER_SEQUENCE, &list) || list.n == 0)
		return false;
	while (list.n > 0) {
		if (!der_take(&list, DER_SEQUENCE, &one) ||
		    !der_take_oid(&one, &oid))
			return false;
		if (critical && !bytes_eq(oid, BYTES_OF(QT_CPS)) &&
		    !bytes_eq(oid, BYTES_OF(QT_NOTICE)))
			return false;
	}
	return true;
}

static bool
holds(const struct list *l, struct bytes oid)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (bytes_eq(l->a[i], oid))
			return true;
	return false;
}

static bool
read_policies(const struct path_ext_value *x, struct list *out)
{
	struct bytes v = x->value, seq, info, oid;

	out->n = 0;
	if (!der_take(&v, DER_SEQUENCE, &seq))
		return false;
	while (seq.n > 0) {
		/* No policy stands twice (section 4.2.1.4). */
		if (!der_take(&seq, DER_SEQUENCE, &info) ||
		    !der_take_oid(&info, &oid) || holds(out, oid) ||
		    !qualifiers_ok(info, x->critical) ||
		    out->n == LIMIT_POLICIES)
			return false;
		out->a[out->n++] = oid;
	}
	return true;
}

static bool
read_mappings(struct bytes v, struct list *out)
{
	struct bytes seq, pair;

	out->n = 0;
	if (!der_take(&v, DER_SEQUENCE, &seq))
		return false;
	while (seq.n > 0) {
		if (out->n == LIMIT_POLICIES ||
		    !der_take(&seq, DER_SEQUENCE, &pair) ||
		    !der_take_oid(&pair, &out->a[out->n]) ||
		    !der_take_oid(&pair, &out->b[out->n]) || pair.n != 0)
			return false;
		/* Section 6.1.4 (a). */
		if (is_any(out->a[out->n]) || is_any(out->b[out->n]))
			return false;
		out->n++;
	}
	return true;
}

/* Section 6.1.3 (d) and (e): what the level keeps of the certificate's. */
static const struct err *
apply_policies(struct ctx *cx, struct policy_graph *g,
    const struct path_cert *c, bool any_allowed)
{
	struct level *l = &g->level[g->depth];
	bool any, had_any = l->any;
	struct list list;
	size_t i, kept = 0;

	if (!path_cert_has(c, PX_POLICIES)) {
		l->n = 0;
		l->any = false;
		return NULL;
	}
	if (!read_policies(&c->ext[PX_POLICIES], &list))
		return bad(cx, "malformed, repeated or too many");
	any = any_allowed && holds(&list, BYTES_OF(ANY_POLICY));
	for (i = 0; i < l->n; i++)
		if (any || holds(&list, l->node[i].policy))
			l->node[kept++] = l->node[i];
	l->n = kept;
	l->any = had_any && any;
	for (i = 0; had_any && i < list.n; i++)
		if (!is_any(list.a[i]) && need(l, list.a[i]) == NULL)
			return bad(cx, "more than the limit");
	return NULL;
}

static void
drop(struct level *l, struct bytes policy)
{
	struct node *node = find(l, policy);

	if (node != NULL)
		*node = l->node[--l->n];
}

/* Section 6.1.4 (b): marks what is mapped and adds what only anyPolicy held,
 * or takes away what may not be mapped any more. */
static bool
mark_mapped(struct policy_graph *g, const struct list *map)
{
	struct level *l = &g->level[g->depth];
	struct node *node;
	size_t i;

	for (i = 0; i < map->n; i++) {
		if (g->mapping == 0) {
			drop(l, map->a[i]);
			continue;
		}
		node = l->any ? need(l, map->a[i]) : find(l, map->a[i]);
		if (node != NULL)
			node->mapped = true;
		else if (l->any)
			return false;
	}
	return true;
}

/* The level below: each policy under itself, or under what it maps to. */
static bool
descend(struct policy_graph *g, const struct list *map)
{
	struct level *l = &g->level[g->depth], *next = l + 1;
	struct node *below;
	size_t i, j;

	must(g->depth + 1 < g->max);
	next->any = l->any;
	for (i = 0; i < l->n; i++)
		for (j = 0; j <= map->n; j++) {
			const struct node *node = &l->node[i];
			bool self = j == map->n;

			if (self ? node->mapped
				 : !node->mapped ||
				       !bytes_eq(map->a[j], node->policy))
				continue;
			below = need(next, self ? node->policy : map->b[j]);
			if (below == NULL)
				return false;
			below->parents |= UINT64_C(1) << i;
		}
	g->depth++;
	return true;
}

static void
lower(size_t *counter, int to)
{
	if (to >= 0 && (size_t)to < *counter)
		*counter = (size_t)to;
}

/* Section 6.1.4 (a), (b) and (h) to (j). */
static const struct err *
prepare(struct ctx *cx, struct policy_graph *g, const struct path_cert *c,
    bool counts)
{
	struct list map = { .n = 0 };

	if (path_cert_has(c, PX_MAPPINGS) &&
	    !read_mappings(c->ext[PX_MAPPINGS].value, &map))
		return bad(cx, "malformed mapping, or one of anyPolicy");
	if (!mark_mapped(g, &map) || !descend(g, &map))
		return bad(cx, "more than the limit");
	if (counts) {
		g->explicit -= g->explicit > 0;
		g->mapping -= g->mapping > 0;
		g->any -= g->any > 0;
	}
	lower(&g->explicit, c->require_explicit);
	lower(&g->mapping, c->inhibit_mapping);
	lower(&g->any, c->inhibit_any);
	return NULL;
}

static bool
is_empty(const struct level *l)
{
	return l->n == 0 && !l->any;
}

static bool
is_wanted(const struct policy_input *in, struct bytes policy)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		if (bytes_eq(in->wanted[i], policy))
			return true;
	return false;
}

/* Section 6.1.5 (g): whether a policy of the last level goes back to one that
 * is asked for, at the depth where anyPolicy was made it. */
static bool
reaches_wanted(const struct policy_graph *g)
{
	const struct level *l = &g->level[g->depth];
	uint64_t alive = UINT64_MAX, above;
	size_t i;

	if (is_empty(l))
		return false;
	if (g->in->n == 0 || l->any)
		return true;
	for (;; l--) {
		above = 0;
		for (i = 0; i < l->n; i++) {
			const struct node *node = &l->node[i];

			if ((alive >> i & 1) == 0)
				continue;
			if (node->parents == 0 &&
			    is_wanted(g->in, node->policy))
				return true;
			above |= node->parents;
		}
		if (l == g->level)
			return false;
		alive = above;
	}
}

const struct err *
policy_next(struct ctx *cx, struct policy_graph *g, const struct path_cert *c,
    bool last)
{
	bool self_issued = path_cert_self_issued(c);
	const struct err *e =
	    apply_policies(cx, g, c, g->any > 0 || (!last && self_issued));

	if (e != NULL)
		return e;
	if (g->explicit == 0 && is_empty(&g->level[g->depth]))
		return bad(cx, "none holds along the path");
	if (!last)
		return prepare(cx, g, c, !self_issued);
	/* Section 6.1.5 (a), (b). */
	g->explicit -= g->explicit > 0;
	if (c->require_explicit == 0)
		g->explicit = 0;
	if (g->explicit == 0 && !reaches_wanted(g))
		return bad(cx, "none that is asked for holds");
	return NULL;
}

const struct err *
policy_anchor(struct ctx *cx, struct policy_graph *g, const struct path_cert *c)
{
	const struct err *e = NULL;

	if (path_cert_has(c, PX_POLICIES))
		e = apply_policies(cx, g, c, g->any > 0);
	return e != NULL ? e : prepare(cx, g, c, false);
}
