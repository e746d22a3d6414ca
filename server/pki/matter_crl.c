#include "pki/matter_crl.h"

#include "base/arena.h"
#include "pki/dn.h"
#include "pki/signed.h"

/* What one question is about. */
struct asked {
	const struct matter_cert *cert;
	const struct matter_cert *const *ca; /* the issuer first */
	size_t n;
	struct bytes issuer_dn;
	struct bytes serial; /* content of the INTEGER */
};

const struct err *
matter_lists_add(struct ctx *cx, struct matter_lists *l, struct bytes crl)
{
	const struct err *e;

	if (l->n == LIMIT_CRLS)
		return fail(
		    cx, &ERR_BAD_CRL, "matter: more than %d lists", LIMIT_CRLS);
	e = crl_parse(cx, crl, &l->crl[l->n]);
	if (e == NULL)
		l->n++;
	return e;
}

const struct err *
matter_lists_add_signer(
    struct ctx *cx, struct matter_lists *l, struct bytes cert)
{
	const struct err *e;

	if (l->n_signers == LIMIT_CRLS)
		return fail(cx, &ERR_BAD_CRL, "matter: more than %d signers",
		    LIMIT_CRLS);
	e = path_cert_parse(cx, cert, &l->signer[l->n_signers]);
	if (e == NULL)
		l->n_signers++;
	return e;
}

static bool
signed_by_ca(const struct crl *crl, const struct matter_cert *ca)
{
	return dn_same(ca->subject, crl->issuer_dn) &&
	       (crl->authority_key_id.n == 0 ||
		   bytes_eq(crl->authority_key_id, ca->key_id)) &&
	       crl_signed_by(crl, ca->cert.spki, false);
}

/* Whether the CA gave the signer a certificate for signing lists, and it is
 * valid. */
static bool
is_delegate(const struct ctx *cx, const struct path_cert *s,
    const struct matter_cert *ca)
{
	return (s->key_usage & USAGE_CRL_SIGN) != 0 && !s->unknown_critical &&
	       cx->now >= s->not_before && cx->now <= s->not_after &&
	       bytes_eq(s->issuer, ca->subject) &&
	       bytes_eq(s->authority_key_id, ca->key_id) &&
	       signed_by(
		   ca->cert.spki, s->algorithm, s->tbs, s->signature, false);
}

/* The CA in whose name the list speaks: which signed it, or gave its signer a
 * certificate.  NULL if it is none of those above the certificate. */
static const struct matter_cert *
speaks_for(const struct ctx *cx, const struct matter_lists *l,
    const struct asked *a, const struct crl *crl)
{
	size_t i, k;

	for (i = 0; i < a->n; i++)
		if (signed_by_ca(crl, a->ca[i]))
			return a->ca[i];
	if (!crl->indirect)
		return NULL;
	for (k = 0; k < l->n_signers; k++) {
		const struct path_cert *s = &l->signer[k];

		if (!bytes_eq(crl->issuer_dn, s->subject_dn) ||
		    !crl_signed_by(crl, s->spki, false))
			continue;
		for (i = 0; i < a->n; i++)
			if (is_delegate(cx, s, a->ca[i]))
				return a->ca[i];
	}
	return NULL;
}

/* Whether the list is about certificates of this kind (RFC 5280 section
 * 5.2.5). */
static bool
is_about(const struct crl *crl, const struct matter_cert *c)
{
	return !crl->delta && !crl->only_attributes &&
	       !(crl->only_users && c->cert.is_ca) &&
	       !(crl->only_cas && !c->cert.is_ca);
}

static enum matter_revoked
ask_list(struct ctx *cx, const struct matter_lists *l, const struct asked *a,
    const struct crl *crl)
{
	const struct matter_cert *by;
	struct crl said = *crl;

	if (!is_about(crl, a->cert))
		return MATTER_NO_LIST;
	by = speaks_for(cx, l, a, crl);
	if (by == NULL || (by != a->ca[0] && !crl->indirect))
		return MATTER_NO_LIST;
	/* Entries before the first that names an issuer are the list's own
	 * issuer's by RFC 5280 section 5.3.3.  A delegate of Matter issues
	 * no certificates: they are those of the CA that it signs for. */
	said.issuer = by->subject;
	/* An entry stays true when its list has aged. */
	if (crl_lists(&said, a->issuer_dn, a->serial))
		return MATTER_REVOKED;
	if (by != a->ca[0] || crl->some_reasons || crl_current(cx, crl) != NULL)
		return MATTER_NO_LIST;
	return MATTER_NOT_LISTED;
}

/* The content of an INTEGER: never negative. */
static struct bytes
integer(struct arena *a, struct bytes magnitude)
{
	uint8_t *p = arena_alloc(a, magnitude.n + 1);

	memcpy(p + 1, magnitude.p, magnitude.n);
	if (magnitude.n > 0 && magnitude.p[0] < 0x80)
		return (struct bytes){ p + 1, magnitude.n };
	return (struct bytes){ p, magnitude.n + 1 };
}

enum matter_revoked
matter_lists_ask(struct ctx *cx, const struct matter_lists *l,
    const struct matter_cert *c, const struct matter_cert *const ca[], size_t n)
{
	struct asked a = { .cert = c, .ca = ca, .n = n };
	enum matter_revoked all = MATTER_NO_LIST;
	size_t i;

	a.serial = integer(cx->arena, c->cert.serial);
	if (!dn_canon(cx->arena, c->issuer, &a.issuer_dn))
		return MATTER_NO_LIST;
	for (i = 0; i < l->n; i++) {
		enum matter_revoked one = ask_list(cx, l, &a, &l->crl[i]);

		if (one == MATTER_REVOKED)
			return one;
		if (one == MATTER_NOT_LISTED)
			all = one;
	}
	return all;
}
