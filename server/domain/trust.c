#include "domain/trust.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/lineage.h"
#include "domain/second.h"
#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/mac.h"
#include "pki/seal.h"
#include "pki/signers.h"
#include "store/event.h"
#include "store/feed.h"

/* A trust anchor is a few hundred bytes; listings hold them all. */
#define ANCHOR_BYTES 3072
#define SUBJECT_SHOWN 200
/* Of HMAC with SHA-256, the least we take (RFC 9053 section 3.1). */
#define SECRET_MIN 32
#define SECRET_PURPOSE "anchor"

const struct err ERR_ANCHOR_SHARED = { KIND_CONFLICT, "anchor-shared",
	"Another manufacturer's units would pass under this anchor." };

static const struct err ERR_ANCHOR_DIFFERS = { KIND_CONFLICT, "anchor-differs",
	"This anchor is there with another key_id, in_hardware, valid_from "
	"or valid_until: remove it, and add it anew." };

static ERR_FN
check_uuid(struct ctx *cx, const char *s)
{
	if (!text_is_uuid(bytes_str(s)))
		return fail(cx, &ERR_NOT_FOUND, "no UUID in lower case");
	return NULL;
}

/* The one certificate of a PEM text. */
static ERR_FN
read_one(struct ctx *cx, const char *what, const char *pem, struct cert *out)
{
	struct bytes der;
	const struct err *e;
	size_t n;

	e = cert_read_pem(cx, bytes_str(pem), &der, 1, &n);
	if (e == NULL)
		e = cert_parse(cx, der, out);
	if (e != NULL)
		return e;
	if (out->der.n > ANCHOR_BYTES)
		return fail(cx, &ERR_BAD_ANCHOR, "%s: over %d bytes", what,
		    ANCHOR_BYTES);
	return NULL;
}

struct own_cas {
	struct cert cert[SIGNERS_MAX + ROOT_CERTS];
	const struct cert *at[SIGNERS_MAX + ROOT_CERTS];
	size_t n;
};

/* Our own CAs, which are no manufacturer's (A11). */
static ERR_FN
own_cas(struct ctx *cx, struct own_cas **out)
{
	struct own_cas *own = arena_alloc(cx->arena, sizeof(*own));
	const size_t roots = cx->svc->roots;
	struct bytes ders[SIGNERS_MAX + ROOT_CERTS];
	const struct err *e;
	size_t i;

	memcpy(ders, cx->svc->root_cert, roots * sizeof(ders[0]));
	own->n = roots + signers_certs(cx->svc->signers, ders + roots);
	for (i = 0; i < own->n; i++) {
		e = cert_parse(cx, ders[i], &own->cert[i]);
		if (e != NULL)
			return e;
		own->at[i] = &own->cert[i];
	}
	*out = own;
	return NULL;
}

/* The certificate of a signer that vouches for no unit, and is not looked up
 * by its name as those that do. */
static ERR_FN
read_signer(struct ctx *cx, const struct anchor_in *in, struct anchor *out)
{
	struct own_cas *own;
	const struct err *e;
	struct cert c;
	size_t i;

	if ((strcmp(in->kind, "declaration") != 0 &&
		strcmp(in->kind, "crl_signer") != 0) ||
	    in->intermediate != NULL || in->vendor_id != 0)
		return fail(cx, &ERR_BAD_ANCHOR,
		    "kind: declaration or crl_signer, without a scope");
	e = own_cas(cx, &own);
	if (e == NULL)
		e = read_one(cx, "certificate", in->certificate, &c);
	if (e != NULL)
		return e;
	for (i = 0; i < own->n; i++)
		if (bytes_eq(BYTES_OF(c.key_sha256),
			BYTES_OF(own->cert[i].key_sha256)))
			return fail(cx, &ERR_BAD_ANCHOR,
			    "certificate: has the key of one of our CAs");
	out->kind = in->kind;
	out->certificate = c.der;
	out->subject =
	    arena_printf(cx->arena, "%.*s", SUBJECT_SHOWN, c.subject);
	out->not_after = c.not_after;
	memcpy(out->sha256, c.sha256, sizeof(out->sha256));
	memcpy(out->spki_sha256, c.key_sha256, sizeof(out->spki_sha256));
	return NULL;
}

/* A CA's certificate, and the intermediate that it is narrowed to. */
static ERR_FN
read_certificates(
    struct ctx *cx, const struct anchor_in *in, struct anchor *out)
{
	struct cert ca, scope;
	struct own_cas *own;
	const struct err *e;

	e = own_cas(cx, &own);
	if (e == NULL)
		e = read_one(cx, "certificate", in->certificate, &ca);
	if (e == NULL)
		e = cert_check_anchor(cx, &ca, own->at, own->n);
	if (e != NULL)
		return e;
	out->kind = "certificate";
	out->certificate = ca.der;
	out->subject =
	    arena_printf(cx->arena, "%.*s", SUBJECT_SHOWN, ca.subject);
	out->not_after = ca.not_after;
	memcpy(out->sha256, ca.sha256, sizeof(out->sha256));
	memcpy(out->spki_sha256, ca.key_sha256, sizeof(out->spki_sha256));
	out->subject_sha256 = bytes_dup(cx->arena, BYTES_OF(ca.subject_sha256));
	if (in->intermediate == NULL)
		return NULL;
	e = read_one(cx, "intermediate", in->intermediate, &scope);
	if (e == NULL)
		e = cert_check_anchor(cx, &scope, own->at, own->n);
	if (e != NULL)
		return e;
	if (bytes_eq(BYTES_OF(scope.key_sha256), BYTES_OF(ca.key_sha256)))
		return fail(cx, &ERR_BAD_ANCHOR,
		    "intermediate: has the key of the anchor itself");
	out->intermediate_spki_sha256 =
	    bytes_dup(cx->arena, BYTES_OF(scope.key_sha256));
	return NULL;
}

/* The bare key of a signer, which none of ours may be. */
static ERR_FN
read_public_key(struct ctx *cx, const struct anchor_in *in, struct anchor *out)
{
	struct key_facts key;
	struct own_cas *own;
	const struct err *e;
	size_t i;

	if (in->intermediate != NULL)
		return fail(cx, &ERR_BAD_ANCHOR,
		    "intermediate: a key has none: name a certificate");
	e = own_cas(cx, &own);
	if (e == NULL)
		e = key_read_pem(
		    cx, bytes_str(in->public_key), &out->certificate, &key);
	if (e != NULL)
		return e;
	for (i = 0; i < own->n; i++)
		if (bytes_eq(BYTES_OF(key.sha256),
			BYTES_OF(own->cert[i].key_sha256)))
			return fail(cx, &ERR_BAD_ANCHOR,
			    "public_key: is one of our CAs'");
	out->kind = "public_key";
	out->subject = arena_printf(cx->arena, "key %s",
	    bytes_hex(cx->arena, (struct bytes){ key.sha256, 8 }));
	out->not_after = CERT_NO_EXPIRY;
	memcpy(out->sha256, key.sha256, sizeof(out->sha256));
	memcpy(out->spki_sha256, key.sha256, sizeof(out->spki_sha256));
	return NULL;
}

/* What units and we share for MACs: sealed, since it must be usable again,
 * and known by a keyed hash, the same whose ever it is (A11). */
static ERR_FN
read_secret(struct ctx *cx, const struct anchor_in *in, struct anchor *out)
{
	const struct seal_for use = { SECRET_PURPOSE, in->manufacturer_id };

	if (in->secret.n < SECRET_MIN || in->secret.n > LIMIT_SECRET)
		return fail(cx, &ERR_BAD_ANCHOR, "secret: not %d to %d bytes",
		    SECRET_MIN, LIMIT_SECRET);
	if (in->intermediate != NULL || in->vendor_id != 0)
		return fail(
		    cx, &ERR_BAD_ANCHOR, "secret: has no scope but its key_id");
	out->kind = "secret";
	mac_compute(cx->svc->mac, "secret anchor", &in->secret, 1, out->sha256);
	memcpy(out->spki_sha256, out->sha256, sizeof(out->spki_sha256));
	out->certificate = seal(cx, cx->svc->mac, &use, in->secret);
	out->subject = arena_printf(cx->arena, "secret %s",
	    bytes_hex(cx->arena, (struct bytes){ out->sha256, 8 }));
	out->not_after = CERT_NO_EXPIRY;
	return NULL;
}

/* Reads what is to be trusted, and refuses what must not be (A11). */
static ERR_FN
read_anchor(struct ctx *cx, const struct anchor_in *in, struct anchor *out)
{
	*out = (struct anchor){
		.manufacturer_id = in->manufacturer_id,
		.key_id = in->key_id,
		.vendor_id = in->vendor_id,
		.valid_from = in->valid_from,
		.valid_until = in->valid_until,
		.in_hardware = in->in_hardware,
	};
	if ((in->certificate != NULL) + (in->public_key != NULL) +
		(in->secret.p != NULL) !=
	    1)
		return fail(cx, &ERR_BAD_ANCHOR,
		    "one of certificate, public_key and secret must be there");
	/* Certificates say it of each unit themselves. */
	if (in->in_hardware && in->certificate != NULL)
		return fail(cx, &ERR_BAD_ANCHOR, "in_hardware: is for keys");
	if (in->valid_until != 0 && in->valid_until <= in->valid_from)
		return fail(cx, &ERR_BAD_ANCHOR,
		    "valid_until: is not after valid_from");
	if (in->kind != NULL && in->certificate == NULL)
		return fail(
		    cx, &ERR_BAD_ANCHOR, "kind: is for certificates alone");
	if (in->kind != NULL)
		return read_signer(cx, in, out);
	if (in->secret.p != NULL)
		return read_secret(cx, in, out);
	return in->certificate != NULL ? read_certificates(cx, in, out)
				       : read_public_key(cx, in, out);
}

static bool
is_for_units(const struct anchor *a)
{
	return strcmp(a->kind, "certificate") == 0 ||
	       strcmp(a->kind, "public_key") == 0 ||
	       strcmp(a->kind, "secret") == 0;
}

/* Within the transaction: refuses what another manufacturer's units would
 * pass under, and too many. */
static ERR_FN
check_anchor_room(struct ctx *cx, const struct anchor *a)
{
	struct anchor *all;
	const struct err *e = NULL;
	const char *other = NULL;
	size_t n;

	/* One signer of declarations serves all makers. */
	if (is_for_units(a))
		e = anchor_overlap(cx, a, &other);
	if (e != NULL)
		return e;
	if (other != NULL)
		return fail(cx, &ERR_ANCHOR_SHARED,
		    "%s has an anchor with this key: give both an "
		    "\"intermediate\" or a \"vendor_id\" of their own",
		    other);
	e = anchor_list(cx, a->manufacturer_id, &all, &n);
	if (e != NULL)
		return e;
	if (n >= LIMIT_ANCHORS)
		return fail(cx, &ERR_BAD_ANCHOR, "%s has %d anchors already",
		    a->manufacturer_id, LIMIT_ANCHORS);
	return NULL;
}

static ERR_FN
store_anchor(struct ctx *cx, const struct admin_caller *by, struct anchor *a)
{
	char id[UUID_TEXT_BYTES];
	const struct err *e = check_anchor_room(cx, a);

	if (e != NULL)
		return e;
	e = second_ask(cx, by,
	    "trust %s \"%s\" (SHA-256 %s) of manufacturer %s", a->kind,
	    a->subject, bytes_hex(cx->arena, BYTES_OF(a->sha256)),
	    a->manufacturer_id);
	if (e != NULL)
		return e;
	rng_uuid(id);
	a->id = arena_strdup(cx->arena, id);
	a->created_at = cx->now;
	e = anchor_add(cx, a);
	if (e != NULL)
		return e;
	return event_add(cx, &(struct event){ .kind = "anchor.added",
				 .manufacturer_id = a->manufacturer_id,
				 .admin_token_id = by->token_id,
				 .detail = arena_printf(
				     cx->arena, "%s: %s", a->id, a->subject) });
}

/* What is there counts as it is: nobody is told that it is otherwise. */
static ERR_FN
check_same(struct ctx *cx, const struct anchor *a, const struct anchor *there)
{
	if (strcmp(there->kind, a->kind) != 0)
		return fail(cx, &ERR_BAD_ANCHOR,
		    "the certificate is an anchor of kind %s already",
		    there->kind);
	if (!bytes_eq(a->key_id, there->key_id) ||
	    a->in_hardware != there->in_hardware ||
	    a->valid_from != there->valid_from ||
	    a->valid_until != there->valid_until)
		return fail(cx, &ERR_ANCHOR_DIFFERS, "anchor %s", there->id);
	return NULL;
}

const struct err *
trust_add_anchor(struct ctx *cx, const struct admin_caller *by,
    const struct anchor_in *in, struct anchor *out, bool *created)
{
	struct manufacturer m;
	struct anchor a;
	const struct err *e;
	bool found = false;
	TX tx = { 0 };

	e = manufacturer_get(cx, in->manufacturer_id, &m);
	if (e == NULL)
		e = read_anchor(cx, in, &a);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = anchor_lock(cx);
	if (e == NULL)
		e = anchor_find(cx, &a, &found, out);
	*created = !found;
	if (e == NULL && found)
		return check_same(cx, &a, out);
	if (e != NULL)
		return e;
	e = store_anchor(cx, by, &a);
	if (e != NULL)
		return e;
	*out = a;
	return tx_commit(&tx);
}

const struct err *
trust_list_anchors(
    struct ctx *cx, const char *manufacturer_id, struct anchor **out, size_t *n)
{
	struct manufacturer m;
	const struct err *e = manufacturer_get(cx, manufacturer_id, &m);

	return e != NULL ? e : anchor_list(cx, manufacturer_id, out, n);
}

const char *
trust_anchor_pem(struct ctx *cx, const struct anchor *a)
{
	if (strcmp(a->kind, "secret") == 0)
		return NULL;
	return strcmp(a->kind, "public_key") == 0
		   ? key_pem(cx, a->certificate)
		   : cert_pem(cx, a->certificate);
}

const struct err *
trust_open_secret(struct ctx *cx, const char *manufacturer_id,
    struct bytes sealed, struct bytes *secret)
{
	const struct seal_for use = { SECRET_PURPOSE, manufacturer_id };

	if (seal_open(cx, cx->svc->mac, &use, sealed, secret))
		return NULL;
	return fail(cx, &ERR_INTERNAL,
	    "%s: a secret was sealed by another mac_key: remove and add it",
	    manufacturer_id);
}

const struct err *
trust_delete_anchor(struct ctx *cx, const struct admin_caller *by,
    const char *manufacturer_id, const char *id)
{
	const struct err *e = check_uuid(cx, id);
	TX tx = { 0 };

	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = anchor_delete(cx, manufacturer_id, id);
	if (e == NULL)
		e = event_add(cx, &(struct event){ .kind = "anchor.removed",
				      .manufacturer_id = manufacturer_id,
				      .admin_token_id = by->token_id,
				      .detail = id });
	if (e == NULL)
		e = feed_removed(cx, "anchor", id, 0);
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : lineage_settle(cx);
}
