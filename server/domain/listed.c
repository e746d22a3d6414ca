#include "domain/listed.h"

#include "base/arena.h"
#include "base/mem.h"
#include "pki/crl.h"
#include "pki/digest.h"
#include "store/crl.h"

static ERR_FN
read_name(struct ctx *cx, struct bytes der, struct crl_name *out)
{
	struct path_cert c;
	const struct err *e = path_cert_parse(cx, der, &c);

	if (e != NULL)
		return e;
	digest_sha256(c.issuer_dn, out->issuer_sha256);
	while (c.serial.n > 1 && c.serial.p[0] == 0) {
		c.serial.p++;
		c.serial.n--;
	}
	out->serial = c.serial;
	return NULL;
}

const struct err *
listed_first(struct ctx *cx, const char *manufacturer_id,
    const struct bytes *chain, size_t n, const char **revoked)
{
	struct crl_name name[LIMIT_PATH_CERTS];
	const struct err *e;
	size_t i;

	must(n <= LIMIT_PATH_CERTS);
	for (i = 0; i < n; i++) {
		e = read_name(cx, chain[i], &name[i]);
		if (e != NULL)
			return e;
	}
	return crl_first_listed(cx, manufacturer_id, name, n, revoked);
}

/* Whether the list is about this certificate, and for which reasons.  One of
 * a delegate speaks for the CA that lets it (Matter Core Specification 1.3,
 * section 6.2.4), whose certificates name no distribution points. */
static unsigned
reasons_of(struct ctx *cx, const struct crl *crl, const struct path_cert *c)
{
	unsigned reasons = 0;

	if (bytes_eq(crl->issuer_dn, c->issuer_dn))
		return crl_covers(cx, crl, c, &reasons) ? reasons : 0;
	if (crl->only_attributes || (crl->only_users && c->ca) ||
	    (crl->only_cas && !c->ca))
		return 0;
	return crl->reasons;
}

/* Whether current lists cover the certificate for all reasons. */
static bool
is_covered(struct ctx *cx, const struct crl_head *head, size_t n,
    const struct path_cert *c, const struct path_cert *issuer)
{
	uint8_t dn[SHA256_BYTES], spki[SHA256_BYTES];
	unsigned covered = 0;
	struct crl crl;
	size_t i;

	digest_sha256(c->issuer_dn, dn);
	digest_sha256(issuer->spki, spki);
	for (i = 0; i < n; i++) {
		if (!bytes_eq(BYTES_OF(head[i].ca_sha256), BYTES_OF(dn)) ||
		    !bytes_eq(
			BYTES_OF(head[i].ca_spki_sha256), BYTES_OF(spki)) ||
		    crl_parse(cx, head[i].der, &crl) != NULL ||
		    crl_current(cx, &crl) != NULL)
			continue;
		covered |= reasons_of(cx, &crl, c);
	}
	return covered == CRL_ALL_REASONS;
}

static ERR_FN
check_covered(struct ctx *cx, const char *manufacturer_id,
    const struct verdict *v, bool *covered)
{
	struct path_cert *cert =
	    arena_alloc(cx->arena, v->n_path * sizeof(*cert));
	struct crl_head *head;
	const struct err *e;
	size_t i, n;

	e = crl_heads(cx, manufacturer_id, &head, &n);
	for (i = 0; i < v->n_path && e == NULL; i++)
		e = path_cert_parse(cx, v->path[i], &cert[i]);
	*covered = true;
	for (i = 0; i + 1 < v->n_path && e == NULL; i++)
		*covered =
		    *covered && is_covered(cx, head, n, &cert[i], &cert[i + 1]);
	return e;
}

static void
refuse(struct verdict *v, const struct err *e)
{
	const struct finding found = { .layer = LAYER_REVOCATION,
		.severity = FINDING_REFUSAL,
		.elsewhere = true,
		.code = e->code,
		.words = e->title };

	verdict_add(v, &found);
}

const struct err *
listed_judge(
    struct ctx *cx, const char *manufacturer_id, bool needed, struct verdict *v)
{
	const char *revoked = NULL;
	bool covered = true;
	const struct err *e;

	if (v->n_path < 2)
		return NULL;
	/* All but the anchor, which is in the trust list or is not. */
	e = listed_first(cx, manufacturer_id, v->path, v->n_path - 1, &revoked);
	if (e == NULL && needed)
		e = check_covered(cx, manufacturer_id, v, &covered);
	if (e != NULL)
		return e;
	if (revoked != NULL)
		refuse(v, &ERR_PATH_REVOKED);
	else if (!covered)
		refuse(v, &ERR_PATH_NO_CRL);
	return NULL;
}
