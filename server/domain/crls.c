#include "domain/crls.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/second.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/digest.h"
#include "pki/dn.h"
#include "pki/name.h"
#include "pki/path.h"
#include "pki/pem.h"
#include "store/event.h"
#include "store/registry.h"

#define ISSUER_SHOWN 200
/* Entries of one statement. */
#define BATCH 500

const struct err ERR_CRL_SIGNER = { KIND_INVALID, "crl-signer",
	"The list is not signed by a CA of this manufacturer." };
const struct err ERR_CRL_OLD = { KIND_CONFLICT, "crl-old",
	"A newer list of the same issuer is stored." };
static const struct err ERR_CRL_ROOM = { KIND_CONFLICT, "too-many-crls",
	"The manufacturer has as many lists as it may." };

/* Whether this CA signed the list under its own name. */
static bool
is_signer(const struct crl *crl, const struct path_cert *ca)
{
	return bytes_eq(crl->issuer_dn, ca->subject_dn) &&
	       (!path_cert_has(ca, PX_KEY_USAGE) ||
		   (ca->key_usage & USAGE_CRL_SIGN) != 0) &&
	       crl_signed_by(crl, ca->spki, false);
}

/* Whether a CA that issues no lists may have let this certificate sign them:
 * indirect ones, as in Matter. */
static bool
is_delegate(const struct crl *crl, const struct path_cert *c)
{
	return crl->indirect && (c->key_usage & USAGE_CRL_SIGN) != 0;
}

/* The CA for whose certificates a list speaks. */
struct speaker {
	struct bytes dn, spki;
};

/* An issuer with a path to one of the anchors.  What its list says before it
 * names an issuer is about its own certificates or, if it is no CA, about
 * those of the CA that let it sign. */
static ERR_FN
check_issuer(struct ctx *cx, const struct path_input *anchors, struct bytes der,
    struct crl *crl, struct speaker *by)
{
	const struct path_rules rules = { .anchor_is_ca = true };
	struct path_input in = *anchors;
	struct path_cert ca;
	struct path found;
	const struct err *e;

	in.leaf = der;
	e = path_cert_parse(cx, in.leaf, &ca);
	if (e == NULL)
		e = path_validate(cx, &in, &rules, &found);
	if (e != NULL)
		return fail(cx, &ERR_CRL_SIGNER, "issuer: %s", cx->reason);
	if (!is_signer(crl, &ca) || (!ca.ca && !is_delegate(crl, &ca)))
		return fail(cx, &ERR_CRL_SIGNER,
		    "the list is not this issuer's, or may not be");
	*by = (struct speaker){ ca.subject_dn, ca.spki };
	if (!ca.ca) {
		/* Its CA, found above, issued it. */
		must(found.n > 1);
		*by = (struct speaker){ ca.issuer_dn, found.cert[1]->spki };
		crl->issuer_dn = ca.issuer_dn;
	}
	return NULL;
}

/* One that signs lists for this maker, or the one that was named. */
static ERR_FN
check_issuers(struct ctx *cx, const struct crl_in *in, const struct anchor *all,
    size_t n_all, const struct path_input *anchors, struct crl *crl,
    struct speaker *by)
{
	struct bytes der;
	const struct err *e;
	size_t i, n;

	for (i = 0; i < n_all; i++)
		if (strcmp(all[i].kind, "crl_signer") == 0 &&
		    check_issuer(cx, anchors, all[i].certificate, crl, by) ==
			NULL)
			return NULL;
	if (in->issuer == NULL)
		return fail(cx, &ERR_CRL_SIGNER,
		    "no anchor of %s signed the list: name its issuer",
		    in->manufacturer_id);
	e = cert_read_pem(cx, bytes_str(in->issuer), &der, 1, &n);
	if (e != NULL)
		return fail(cx, &ERR_CRL_SIGNER, "issuer: %s", cx->reason);
	return check_issuer(cx, anchors, der, crl, by);
}

/* RFC 5280 section 6.3.3 (f), (g): who signed it, and that it may. */
static ERR_FN
check_signer(struct ctx *cx, const struct crl_in *in, struct crl *crl,
    struct speaker *by)
{
	struct path_anchor trust[LIMIT_ANCHORS];
	struct path_input anchors = { .anchor = trust };
	struct anchor *all;
	struct path_cert ca;
	const struct err *e;
	size_t i, n;

	e = anchor_list(cx, in->manufacturer_id, &all, &n);
	if (e != NULL)
		return e;
	for (i = 0; i < n && anchors.n_anchors < LIMIT_ANCHORS; i++) {
		if (strcmp(all[i].kind, "certificate") != 0)
			continue;
		trust[anchors.n_anchors++] =
		    (struct path_anchor){ .der = all[i].certificate,
			    .issues = true };
		if (path_cert_parse(cx, all[i].certificate, &ca) == NULL &&
		    is_signer(crl, &ca)) {
			*by = (struct speaker){ ca.subject_dn, ca.spki };
			return NULL;
		}
	}
	return check_issuers(cx, in, all, n, &anchors, crl, by);
}

static ERR_FN
read_list(struct ctx *cx, const struct crl_in *in, struct crl *out)
{
	static const char begin[] = "-----BEGIN ";
	struct bytes text = in->der, der = in->der, more;
	bool is_pem = in->crl != NULL ||
		      (text.n > strlen(begin) &&
			  bytes_eq((struct bytes){ text.p, strlen(begin) },
			      bytes_str(begin)));
	const struct err *e;

	if (in->crl != NULL)
		text = bytes_str(in->crl);
	if (is_pem &&
	    (pem_next(cx->arena, &text, "X509 CRL", &der) != PEM_BLOCK ||
		pem_next(cx->arena, &text, "X509 CRL", &more) != PEM_END))
		return fail(cx, &ERR_BAD_CRL, "crl: not one X509 CRL block");
	e = crl_parse(cx, der, out);
	return e != NULL ? e : crl_current(cx, out);
}

static ERR_FN
describe(struct ctx *cx, const struct crl_in *in, const struct crl *crl,
    const struct speaker *by, struct crl_row *c)
{
	struct crl_walk walk = { .started = false };
	struct crl_entry entry;
	struct bytes name;
	char id[UUID_TEXT_BYTES];

	rng_uuid(id);
	*c = (struct crl_row){
		.id = arena_strdup(cx->arena, id),
		.manufacturer_id = in->manufacturer_id,
		.issuer = arena_printf(cx->arena, "%.*s", ISSUER_SHOWN,
		    name_text(cx->arena, crl->issuer)),
		.der = crl->der,
		.url = in->url,
		.this_update = crl->this_update,
		.next_update = crl->next_update,
		.created_at = cx->now,
	};
	/* Whose list it is, whoever it speaks for: parsed once before. */
	must(dn_canon(cx->arena, crl->issuer, &name));
	digest_sha256(name, c->issuer_sha256);
	digest_sha256(crl->point, c->point_sha256);
	digest_sha256(crl->der, c->sha256);
	digest_sha256(by->dn, c->ca_sha256);
	digest_sha256(by->spki, c->ca_spki_sha256);
	while (crl_next(cx, crl, &walk, &entry))
		c->entries++;
	c->head = crl_head(cx, crl);
	return c->head.n <= LIMIT_CRL_HEAD
		   ? NULL
		   : fail(cx, &ERR_BAD_CRL,
			 "crl: over %d bytes beside its entries",
			 LIMIT_CRL_HEAD);
}

static ERR_FN
store_entries(struct ctx *cx, const struct crl *crl, const char *id)
{
	struct crl_name *name = arena_alloc(cx->arena, BATCH * sizeof(*name));
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_ARENA);
	struct crl_walk walk = { .started = false };
	struct ctx batch = *cx;
	struct crl_entry entry;
	const struct err *e = NULL;
	size_t n = 0;
	bool more;

	batch.arena = scratch;
	do {
		more = crl_next(cx, crl, &walk, &entry);
		if (more) {
			digest_sha256(entry.issuer_dn, name[n].issuer_sha256);
			name[n++].serial = entry.serial;
		}
		if (n == BATCH || (!more && n > 0)) {
			e = crl_add_entries(&batch, id, name, n);
			n = 0;
			arena_reset(scratch);
		}
	} while (more && e == NULL);
	return e;
}

/* Within the transaction: whether the list is new, and may be stored. */
static ERR_FN
check_place(
    struct ctx *cx, const struct crl_row *c, struct crl_row *old, bool *same)
{
	struct crl_row *all;
	const struct err *e;
	bool found;
	size_t n;

	*same = false;
	e = crl_find(cx, c, &found, old);
	if (e == NULL && !found)
		e = crl_list(cx, c->manufacturer_id, &all, &n);
	if (e != NULL)
		return e;
	if (!found && n >= LIMIT_MAKER_CRLS)
		return fail(cx, &ERR_CRL_ROOM, "%s has %d lists",
		    c->manufacturer_id, LIMIT_MAKER_CRLS);
	*same = found && bytes_eq(BYTES_OF(old->sha256), BYTES_OF(c->sha256));
	/* Stored before it was known for whom it speaks: anew. */
	if (*same && !old->has_head) {
		*same = false;
		return NULL;
	}
	if (found && !*same && old->this_update >= c->this_update)
		return fail(cx, &ERR_CRL_OLD,
		    "the list of %s that is stored is as new", c->issuer);
	return NULL;
}

static ERR_FN
store(struct ctx *cx, const struct admin_caller *by, const struct crl *crl,
    const struct crl_row *c)
{
	const struct err *e = crl_put(cx, c);

	if (e == NULL)
		e = store_entries(cx, crl, c->id);
	if (e != NULL)
		return e;
	return event_add(cx, &(struct event){ .kind = "crl.added",
				 .manufacturer_id = c->manufacturer_id,
				 .admin_token_id = by->token_id,
				 .detail = arena_printf(cx->arena,
				     "%s: %" PRId64 " entries of %s", c->id,
				     c->entries, c->issuer) });
}

const struct err *
crls_add(struct ctx *cx, const struct admin_caller *by, const struct crl_in *in,
    struct crl_row *out, bool *created)
{
	struct manufacturer m;
	const struct err *e;
	struct speaker ca;
	struct crl_row c;
	struct crl crl;
	bool same = false;
	TX tx = { 0 };

	*created = false;
	e = manufacturer_get(cx, in->manufacturer_id, &m);
	if (e == NULL)
		e = read_list(cx, in, &crl);
	if (e == NULL)
		e = check_signer(cx, in, &crl, &ca);
	if (e == NULL)
		e = describe(cx, in, &crl, &ca, &c);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = crl_lock(cx, c.manufacturer_id);
	if (e == NULL)
		e = check_place(cx, &c, out, &same);
	if (e != NULL || same)
		return e;
	e = store(cx, by, &crl, &c);
	if (e != NULL)
		return e;
	*created = true;
	*out = c;
	return tx_commit(&tx);
}

const struct err *
crls_list(struct ctx *cx, const char *manufacturer_id, struct crl_row **out,
    size_t *n)
{
	struct manufacturer m;
	const struct err *e = manufacturer_get(cx, manufacturer_id, &m);

	return e != NULL ? e : crl_list(cx, manufacturer_id, out, n);
}

const struct err *
crls_delete(struct ctx *cx, const struct admin_caller *by,
    const char *manufacturer_id, const char *id)
{
	const struct err *e = NULL;
	TX tx = { 0 };

	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "no UUID in lower case");
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = crl_delete(cx, manufacturer_id, id);
	/* Whom it refused is accepted again: that is lifting (H4). */
	if (e == NULL)
		e = second_ask(cx, by,
		    "accept again what list %s of manufacturer %s revokes", id,
		    manufacturer_id);
	if (e == NULL)
		e = event_add(cx, &(struct event){ .kind = "crl.removed",
				      .manufacturer_id = manufacturer_id,
				      .admin_token_id = by->token_id,
				      .detail = id });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
crls_sum_up(struct ctx *cx, struct crl_sums *out)
{
	return crl_sum_up(cx, out);
}
