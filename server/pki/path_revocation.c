#include "pki/path_internal.h"

/* A list's issuer may have a certificate of its own, whose path is judged
 * with lists again: so deep and no deeper. */
#define NESTING_MAX 2

/* What one question is about. */
struct asked {
	const struct path_rules *rules;
	const struct path *path;
	const struct path_cert *cert, *issuer;
};

static bool
may_sign_lists(const struct path_cert *c)
{
	return !path_cert_has(c, PX_KEY_USAGE) ||
	       (c->key_usage & USAGE_CRL_SIGN) != 0;
}

static bool
signed_list(
    struct path_search *s, const struct crl *crl, const struct path_cert *c)
{
	if (s->checks == 0 || !may_sign_lists(c) ||
	    !bytes_eq(crl->issuer_dn, c->subject_dn))
		return false;
	s->checks--;
	return crl_signed_by(crl, c->spki, s->rules->weak);
}

/* Whether a certificate that is not in the path leads to the same anchor
 * (section 6.3.3 (f)).  It is asked for nothing but to sign lists. */
static bool
leads_to_anchor(struct ctx *cx, struct path_search *s, const struct asked *a,
    const struct path_cert *c)
{
	struct path_rules rules = *a->rules;
	const struct err *e, *kept = s->refusal;
	struct path found;

	if (s->nesting == NESTING_MAX)
		return false;
	rules.purpose = BYTES_NONE;
	rules.key_usage = 0;
	rules.host = NULL;
	rules.policy = (struct policy_input){ .n = 0 };
	s->nesting++;
	e = path_find(cx, s, c, &rules, a->path->cert[a->path->n - 1], &found);
	s->nesting--;
	s->refusal = kept;
	return e == NULL;
}

/* Who signed the list: the issuer itself, another of the path, or one of the
 * pool with a path of its own. */
static bool
has_signer(struct ctx *cx, struct path_search *s, const struct asked *a,
    const struct crl *crl)
{
	size_t i;

	if (signed_list(s, crl, a->issuer))
		return true;
	for (i = 1; i < a->path->n; i++)
		if (a->path->cert[i] != a->issuer &&
		    signed_list(s, crl, a->path->cert[i]))
			return true;
	for (i = 0; i < s->n_pool; i++)
		if (&s->pool[i] != a->cert &&
		    signed_list(s, crl, &s->pool[i]) &&
		    leads_to_anchor(cx, s, a, &s->pool[i]))
			return true;
	return false;
}

/* Section 5.2.3, and entries that contradict each other at worst. */
static const struct err *
judge_profile(struct ctx *cx, const struct crl *crl)
{
	if (!crl->number || crl->number_critical || crl_repeats(crl))
		return fail(cx, &ERR_PATH_PROFILE,
		    "path: a list without cRLNumber, with a critical one, or "
		    "with an entry twice");
	return NULL;
}

/* What one list adds to the reasons that are covered. */
static const struct err *
ask_list(struct ctx *cx, struct path_search *s, const struct asked *a,
    const struct crl *crl, unsigned *covered)
{
	unsigned reasons;

	if (crl->delta || !crl_covers(cx, crl, a->cert, &reasons) ||
	    !has_signer(cx, s, a, crl))
		return NULL;
	/* An entry stays true when its list has aged. */
	if (crl_lists(crl, a->cert->issuer_dn, a->cert->serial))
		return fail(cx, &ERR_PATH_REVOKED,
		    "path: a certificate is on its issuer's revocation list");
	if (crl_current(cx, crl) != NULL ||
	    (a->rules->profile && judge_profile(cx, crl) != NULL))
		return NULL;
	*covered |= reasons;
	return NULL;
}

const struct err *
path_revocation(struct ctx *cx, struct path_search *s,
    const struct path_rules *rules, const struct path *path)
{
	struct asked a = { .rules = rules, .path = path };
	const struct err *e = NULL;
	size_t i, k;

	for (i = 0; i + 1 < path->n; i++) {
		unsigned covered = 0;

		a.cert = path->cert[i];
		a.issuer = path->cert[i + 1];
		for (k = 0; k < s->n_crls && e == NULL; k++)
			e = ask_list(cx, s, &a, &s->crl[k], &covered);
		if (e != NULL)
			return e;
		if (rules->crl == PATH_CRL_NEEDED && covered != CRL_ALL_REASONS)
			return fail(cx, &ERR_PATH_NO_CRL,
			    "path: no current list for certificate %zu", i);
	}
	return NULL;
}
