#include "pki/path.h"

#include "base/arena.h"
#include "pki/digest.h"
#include "pki/path_internal.h"
#include "pki/signed.h"

bool
path_signed(struct path_search *s, const struct path_cert *c,
    const struct path_cert *issuer)
{
	if (s->checks == 0)
		return false;
	s->checks--;
	return signed_by(
	    issuer->spki, c->algorithm, c->tbs, c->signature, s->rules->weak);
}

/* Keeps what was wrong with the first path that led to an anchor. */
static void
keep_refusal(struct ctx *cx, struct path_search *s, const struct err *e)
{
	if (s->refusal != NULL)
		return;
	s->refusal = e;
	s->reason = cx->reason;
}

/* The anchor's scope; that of lists' issuers is the anchor itself. */
static const struct err *
judge_scope(
    struct ctx *cx, const struct path_search *s, const struct path *path)
{
	const struct path_cert *last = path->cert[path->n - 1];
	uint8_t hash[SHA256_BYTES];
	struct bytes scope;
	size_t i;

	if (path->n < 2 || s->nesting > 0)
		return NULL;
	scope = s->in->anchor[last - s->anchor].scope;
	if (scope.n == 0)
		return NULL;
	for (i = 1; i + 1 < path->n; i++) {
		digest_sha256(path->cert[i]->spki, hash);
		if (bytes_eq(BYTES_OF(hash), scope))
			return NULL;
	}
	return fail(cx, &ERR_CHAIN_SCOPE,
	    "path: not through the anchor's intermediate (A11)");
}

static bool
accepts(struct ctx *cx, struct path_search *s, const struct path_rules *rules,
    const struct path *path)
{
	const struct err *e = path_judge(cx, rules, path);

	if (e == NULL)
		e = judge_scope(cx, s, path);
	if (e == NULL && rules->crl != PATH_CRL_NONE)
		e = path_revocation(cx, s, rules, path);
	if (e != NULL)
		keep_refusal(cx, s, e);
	return e == NULL;
}

/* Names chain (section 6.1.3 (a) (4)); an empty one is nobody's. */
static bool
named_issuer(const struct path_cert *c, const struct path_cert *issuer)
{
	return issuer->subject_dn.n > 0 &&
	       bytes_eq(c->issuer_dn, issuer->subject_dn);
}

/* The key identifiers say that it may well be this key.  They only help to
 * find (section 4.2.1.1). */
static bool
likely_issuer(const struct path_cert *c, const struct path_cert *issuer)
{
	return c->authority_key_id.n == 0 || issuer->key_id.n == 0 ||
	       bytes_eq(c->authority_key_id, issuer->key_id);
}

/* No key stands twice under one name: a circle. */
static bool
in_path(const struct path *path, const struct path_cert *c)
{
	size_t i;

	for (i = 0; i < path->n; i++)
		if (bytes_eq(path->cert[i]->spki, c->spki) &&
		    bytes_eq(path->cert[i]->subject_dn, c->subject_dn))
			return true;
	return false;
}

struct search_args {
	const struct path_rules *rules;
	const struct path_cert *only;
};

static bool extend(struct ctx *cx, struct path_search *s,
    const struct search_args *a, struct path *path);

static bool
try_anchor(struct ctx *cx, struct path_search *s, const struct search_args *a,
    struct path *path, const struct path_cert *anchor)
{
	const struct path_cert *c = path->cert[path->n - 1];

	if (!path_signed(s, c, anchor))
		return false;
	path->cert[path->n++] = anchor;
	if (accepts(cx, s, a->rules, path))
		return true;
	path->n--;
	return false;
}

static bool
try_issuer(struct ctx *cx, struct path_search *s, const struct search_args *a,
    struct path *path, const struct path_cert *issuer)
{
	const struct path_cert *c = path->cert[path->n - 1];

	if (path->n + 1 >= LIMIT_PATH_CERTS || in_path(path, issuer) ||
	    !path_signed(s, c, issuer))
		return false;
	path->cert[path->n++] = issuer;
	if (extend(cx, s, a, path))
		return true;
	path->n--;
	return false;
}

/* Goes on from the last certificate of the path, to an anchor first. */
static bool
extend(struct ctx *cx, struct path_search *s, const struct search_args *a,
    struct path *path)
{
	const struct path_cert *c = path->cert[path->n - 1];
	bool likely = true;
	size_t i, pass;

	for (pass = 0; pass < 2; pass++, likely = !likely)
		for (i = 0; i < s->n_anchors; i++)
			if (s->in->anchor[i].issues &&
			    (a->only == NULL || a->only == &s->anchor[i]) &&
			    named_issuer(c, &s->anchor[i]) &&
			    likely_issuer(c, &s->anchor[i]) == likely &&
			    try_anchor(cx, s, a, path, &s->anchor[i]))
				return true;
	for (pass = 0; pass < 2; pass++, likely = !likely)
		for (i = 0; i < s->n_pool; i++)
			if (named_issuer(c, &s->pool[i]) &&
			    likely_issuer(c, &s->pool[i]) == likely &&
			    try_issuer(cx, s, a, path, &s->pool[i]))
				return true;
	return false;
}

/* The leaf is an anchor itself. */
static bool
try_leaf(struct ctx *cx, struct path_search *s, const struct search_args *a,
    struct path *path)
{
	size_t i;

	for (i = 0; i < s->n_anchors; i++) {
		const struct path_anchor *anchor = &s->in->anchor[i];
		const struct path_cert *c = &s->anchor[i];

		if (!anchor->is_leaf || !bytes_eq(c->der, path->cert[0]->der) ||
		    (anchor->self_signed &&
			(!path_cert_self_issued(c) || !path_signed(s, c, c))))
			continue;
		if (accepts(cx, s, a->rules, path))
			return true;
	}
	return false;
}

const struct err *
path_find(struct ctx *cx, struct path_search *s, const struct path_cert *target,
    const struct path_rules *rules, const struct path_cert *only,
    struct path *out)
{
	struct search_args a = { rules, only };

	*out = (struct path){ .cert = { target }, .n = 1 };
	if (try_leaf(cx, s, &a, out) || extend(cx, s, &a, out))
		return NULL;
	if (s->refusal == NULL)
		return fail(
		    cx, &ERR_CHAIN_UNTRUSTED, "path: leads to no anchor");
	cx->reason = s->reason;
	return s->refusal;
}

/* Anchors that cannot be read vouch for nothing; their places are kept. */
static void
read_anchors(struct ctx *cx, struct path_search *s)
{
	const struct path_input *in = s->in;
	size_t i;

	s->anchor =
	    arena_alloc(cx->arena, (in->n_anchors + 1) * sizeof(*s->anchor));
	s->n_anchors = in->n_anchors;
	for (i = 0; i < in->n_anchors; i++)
		if (path_cert_parse(cx, in->anchor[i].der, &s->anchor[i]) !=
		    NULL)
			s->anchor[i] = (struct path_cert){ .version = 0 };
}

static void
read_pool(struct ctx *cx, struct path_search *s)
{
	const struct path_input *in = s->in;
	size_t i;

	s->pool = arena_alloc(cx->arena, (in->n_pool + 1) * sizeof(*s->pool));
	for (i = 0; i < in->n_pool; i++)
		if (path_cert_parse(cx, in->pool[i], &s->pool[s->n_pool]) ==
		    NULL)
			s->n_pool++;
}

static const struct err *
read_lists(struct ctx *cx, struct path_search *s)
{
	const struct path_input *in = s->in;
	const struct err *e = NULL;

	s->crl = arena_alloc(cx->arena, (in->n_crls + 1) * sizeof(*s->crl));
	while (s->n_crls < in->n_crls && e == NULL) {
		e = crl_parse(cx, in->crl[s->n_crls], &s->crl[s->n_crls]);
		s->n_crls++;
	}
	return e;
}

const struct err *
path_validate(struct ctx *cx, const struct path_input *in,
    const struct path_rules *rules, struct path *out)
{
	struct path_cert *leaf = arena_alloc(cx->arena, sizeof(*leaf));
	struct path_search s = {
		.in = in, .rules = rules, .checks = LIMIT_PATH_CHECKS
	};
	const struct err *e;

	if (in->n_pool > LIMIT_PATH_POOL || in->n_crls > LIMIT_CRLS)
		return fail(cx, &ERR_CHAIN_SHAPE,
		    "path: %zu certificates and %zu lists, limits %d and %d",
		    in->n_pool, in->n_crls, LIMIT_PATH_POOL, LIMIT_CRLS);
	e = path_cert_parse(cx, in->leaf, leaf);
	if (e != NULL)
		return e;
	read_anchors(cx, &s);
	read_pool(cx, &s);
	e = read_lists(cx, &s);
	if (e != NULL)
		return e;
	return path_find(cx, &s, leaf, rules, NULL, out);
}
