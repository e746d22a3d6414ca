#include "base/arena.h"
#include "base/mem.h"
#include "pki/path_internal.h"

/* What goes from certificate to certificate (section 6.1.2). */
struct state {
	const struct path_rules *rules;
	size_t max_length; /* CAs that may still come */
	size_t cas;        /* that came, self-issued ones apart */
	struct bytes names[LIMIT_PATH_CERTS]; /* name constraints in force */
	size_t n_names, budget;
	struct policy_graph *graph;
};

static const struct err *
judge_time(struct ctx *cx, const struct path_cert *c)
{
	if (cx->now < c->not_before || cx->now > c->not_after)
		return fail(cx, &ERR_CHAIN_EXPIRED,
		    "path: a certificate has expired or is not yet valid");
	return NULL;
}

static const struct err *
judge_critical(struct ctx *cx, const struct path_cert *c)
{
	if (c->unknown_critical || c->ext[PX_DICE].critical)
		return fail(cx, &ERR_PATH_CERT,
		    "path: a critical extension that nobody here knows "
		    "(RFC 5280 section 4.2)");
	return NULL;
}

/* The constraints of a CA are in force below it. */
static const struct err *
take_names(struct ctx *cx, struct state *st, const struct path_cert *c)
{
	struct bytes names = c->ext[PX_NAME_CONSTRAINTS].value;
	const struct err *e;

	if (names.p == NULL)
		return NULL;
	e = name_rules_check(cx, names);
	must(st->n_names < LIMIT_PATH_CERTS);
	st->names[st->n_names++] = names;
	return e;
}

static void
take_length(struct state *st, const struct path_cert *c)
{
	if (c->path_length >= 0 && (size_t)c->path_length < st->max_length)
		st->max_length = (size_t)c->path_length;
}

/* Section 6.1.4 (k) to (n). */
static const struct err *
judge_ca(struct ctx *cx, struct state *st, const struct path_cert *c)
{
	if (c->version != 3 || !c->ca)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: an issuer is no CA (basicConstraints)");
	if (path_cert_has(c, PX_KEY_USAGE) && !(c->key_usage & USAGE_CERT_SIGN))
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: an issuer may not sign certificates (keyUsage)");
	if (!path_cert_self_issued(c)) {
		if (st->max_length == 0)
			return fail(cx, &ERR_CHAIN_PURPOSE,
			    "path: longer than a pathLenConstraint");
		st->max_length--;
		st->cas++;
	}
	take_length(st, c);
	return take_names(cx, st, c);
}

/* The anchor's own constraints (RFC 5937 section 3.2). */
static const struct err *
judge_anchor_rules(struct ctx *cx, struct state *st, const struct path_cert *c)
{
	const struct err *e = judge_critical(cx, c);

	if (e != NULL)
		return e;
	if (path_cert_has(c, PX_BASIC_CONSTRAINTS)
		? !c->ca
		: st->rules->anchor_is_ca && c->version == 3)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: the anchor is no CA (basicConstraints)");
	if (path_cert_has(c, PX_KEY_USAGE) && !(c->key_usage & USAGE_CERT_SIGN))
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: the anchor may not sign certificates (keyUsage)");
	take_length(st, c);
	e = path_purpose(cx, st->rules, c, false, true);
	if (e == NULL)
		e = policy_anchor(cx, st->graph, c);
	return e != NULL ? e : take_names(cx, st, c);
}

static const struct err *
judge_anchor(struct ctx *cx, struct state *st, const struct path_cert *c)
{
	const struct err *e = NULL;

	if (st->rules->anchor_expires)
		e = judge_time(cx, c);
	if (e == NULL && st->rules->profile)
		e = path_profile(cx, st->rules, c, true);
	if (e == NULL && st->rules->anchor_rules)
		e = judge_anchor_rules(cx, st, c);
	return e;
}

/* Section 6.1.3, names and signature being the search's. */
static const struct err *
judge_cert(
    struct ctx *cx, struct state *st, const struct path_cert *c, bool leaf)
{
	const struct err *e = judge_time(cx, c);

	if (e == NULL)
		e = judge_critical(cx, c);
	if (e == NULL && st->rules->profile)
		e = path_profile(cx, st->rules, c, false);
	if (e == NULL && (leaf || !path_cert_self_issued(c)))
		e = name_rules_apply(
		    cx, st->names, st->n_names, c, &st->budget);
	if (e == NULL)
		e = policy_next(cx, st->graph, c, leaf);
	if (e == NULL)
		e = path_purpose(cx, st->rules, c, leaf, false);
	return e != NULL || leaf ? e : judge_ca(cx, st, c);
}

/* What the rules ask of the leaf and the whole. */
static const struct err *
judge_end(struct ctx *cx, const struct state *st, const struct path_cert *leaf)
{
	const struct path_rules *r = st->rules;

	if (path_cert_has(leaf, PX_KEY_USAGE) &&
	    (leaf->key_usage & r->key_usage) != r->key_usage)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "path: the leaf's keyUsage is for other things");
	if (r->depth_limited && st->cas > r->depth)
		return fail(cx, &ERR_CHAIN_SHAPE,
		    "path: %zu CAs between, %zu allowed", st->cas, r->depth);
	if (r->host != NULL && !name_rules_host(leaf, r->host))
		return fail(cx, &ERR_PATH_NAMES,
		    "path: names: the leaf is not the host's");
	return NULL;
}

static const struct err *
judge_all(
    struct ctx *cx, const struct path_rules *rules, const struct path *path)
{
	struct state st = { .rules = rules,
		.max_length = path->n,
		.budget = LIMIT_NAME_CHECKS };
	const struct err *e = NULL;
	size_t i = path->n;

	st.graph = policy_begin(cx, &rules->policy, path->n);
	if (path->n > 1)
		e = judge_anchor(cx, &st, path->cert[--i]);
	while (e == NULL && i-- > 0)
		e = judge_cert(cx, &st, path->cert[i], i == 0);
	return e != NULL ? e : judge_end(cx, &st, path->cert[0]);
}

/* One search may judge many paths: what that takes is given back each time. */
const struct err *
path_judge(
    struct ctx *cx, const struct path_rules *rules, const struct path *path)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_ARENA);
	struct ctx inner = *cx;
	const struct err *e;

	inner.arena = scratch;
	e = judge_all(&inner, rules, path);
	if (e != NULL)
		cx->reason = arena_strdup(cx->arena, inner.reason);
	return e;
}
