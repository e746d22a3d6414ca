#include "pki/chain.h"

#include <stdatomic.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/anchors.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "pki/ossl.h"

const struct err ERR_CHAIN_SHAPE = { KIND_FORBIDDEN, "chain-shape",
	"The certificate chain is empty, too long or not readable." };
const struct err ERR_CHAIN_UNTRUSTED = { KIND_FORBIDDEN, "chain-untrusted",
	"The certificate chain does not lead to a known CA." };
const struct err ERR_CHAIN_EXPIRED = { KIND_FORBIDDEN, "chain-expired",
	"A certificate of the chain has expired or is not yet valid." };
const struct err ERR_CHAIN_WEAK = { KIND_FORBIDDEN, "chain-weak",
	"A certificate of the chain has a weak key or signature." };
const struct err ERR_CHAIN_PURPOSE = { KIND_FORBIDDEN, "chain-purpose",
	"A certificate of the chain is not made for this purpose." };
const struct err ERR_CHAIN_SCOPE = { KIND_FORBIDDEN, "chain-scope",
	"The certificate chain is outside of the manufacturer's scope." };

struct trust {
	atomic_uint refs;
	X509_STORE *store;
};

/* What one call works with: facts and handles of the same certificates. */
struct path {
	struct cert certs[LIMIT_CHAIN];
	size_t n;
	enum chain_use use;
	struct bytes scope; /* SHA-256 of an SPKI, or empty */
	/* When all of it is valid, once it was found good. */
	int64_t from, until;
};

static X509 *
decode(struct bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	if (x != NULL && p != der.p + der.n) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

struct trust *
trust_new(const struct bytes *ders, size_t n)
{
	struct trust *t = mem_new(1, sizeof(*t));
	size_t i;

	atomic_init(&t->refs, 1);
	t->store = X509_STORE_new();
	must(t->store != NULL);
	for (i = 0; i < n; i++) {
		AUTO(X509) *x = decode(ders[i]);

		if (x == NULL) {
			trust_free(t);
			return NULL;
		}
		must(X509_STORE_add_cert(t->store, x) == 1);
	}
	return t;
}

void
trust_free(struct trust *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) > 1)
		return;
	X509_STORE_free(t->store);
	mem_free(t);
}

struct trust *
trust_share(struct trust *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

/* The leaf's own facts: what it may be used for (RFC 5280 sections 4.2.1.3
 * and 4.2.1.12, IEEE 802.1AR section 8.10). */
static const struct err *
judge_leaf(struct ctx *cx, const struct cert *c, enum chain_use use)
{
	if (c->is_ca)
		return fail(cx, &ERR_CHAIN_PURPOSE, "chain: leaf is a CA");
	if (c->has_ku && !c->ku_digital_signature)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "chain: leaf may not sign (keyUsage)");
	if (use == CHAIN_CLIENT && !c->eku_client)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "chain: leaf is not for clientAuth");
	if (c->has_eku && !c->eku_client && !c->eku_any)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "chain: leaf is for other purposes than clientAuth");
	return NULL;
}

/* A CA's facts, stricter than the library, which takes a CA without
 * basicConstraints in some forms. */
static const struct err *
judge_ca(struct ctx *cx, const struct cert *c)
{
	if (!c->is_ca || (c->has_ku && !c->ku_cert_sign))
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "chain: issuer is no CA: %s", c->subject);
	if (c->has_eku && !c->eku_client && !c->eku_any)
		return fail(cx, &ERR_CHAIN_PURPOSE,
		    "chain: CA is for other purposes: %s", c->subject);
	return NULL;
}

/* Parses all of the chain and judges its keys and hashes, before anything is
 * verified (E4). */
static const struct err *
parse_chain(
    struct ctx *cx, const struct bytes *chain, size_t n, struct path *path)
{
	size_t i;

	if (n < 1 || n > LIMIT_CHAIN)
		return fail(cx, &ERR_CHAIN_SHAPE,
		    "chain: %zu certificates, limit %d (E4)", n, LIMIT_CHAIN);
	path->n = n;
	for (i = 0; i < n; i++) {
		if (cert_parse(cx, chain[i], &path->certs[i]) != NULL)
			return fail(cx, &ERR_CHAIN_SHAPE,
			    "chain: certificate %zu is not accepted: %s", i,
			    cx->reason);
		if (!path->certs[i].strong_signature)
			return fail(cx, &ERR_CHAIN_WEAK,
			    "chain: certificate %zu has a weak signature", i);
	}
	return judge_leaf(cx, &path->certs[0], path->use);
}

static const struct err *
library_refusal(struct ctx *cx, X509_STORE_CTX *v)
{
	int code = X509_STORE_CTX_get_error(v);
	int depth = X509_STORE_CTX_get_error_depth(v);
	const struct err *e = &ERR_CHAIN_UNTRUSTED;

	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		e = &ERR_CHAIN_EXPIRED;
		break;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
	case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
		e = &ERR_CHAIN_WEAK;
		break;
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		e = &ERR_CHAIN_PURPOSE;
		break;
	default:
		break;
	}
	ERR_clear_error();
	return fail(cx, e, "chain: %s (certificate %d)",
	    X509_verify_cert_error_string(code), depth);
}

/* The certificate is of the path: the library takes it from not_before on and
 * before not_after. */
static void
narrow(struct path *path, const struct cert *c)
{
	if (c->not_before > path->from)
		path->from = c->not_before;
	if (c->not_after < path->until)
		path->until = c->not_after;
}

/* Judges the CAs of the path that was found, the anchor last. */
static const struct err *
judge_found(struct ctx *cx, X509_STORE_CTX *v, struct path *path)
{
	STACK_OF(X509) *found = X509_STORE_CTX_get0_chain(v);
	bool in_scope = path->scope.n == 0;
	int i, n = sk_X509_num(found);

	path->from = path->certs[0].not_before;
	path->until = path->certs[0].not_after;
	for (i = 1; i < n; i++) {
		struct cert ca;
		const struct err *e =
		    cert_parse_x509(cx, sk_X509_value(found, i), &ca);

		if (e == NULL)
			e = judge_ca(cx, &ca);
		if (e != NULL)
			return e;
		narrow(path, &ca);
		if (i < n - 1 && bytes_eq(BYTES_OF(ca.key_sha256), path->scope))
			in_scope = true;
	}
	if (!in_scope)
		return fail(cx, &ERR_CHAIN_SCOPE,
		    "chain: not through the anchor's intermediate (A11)");
	return NULL;
}

static void
set_rules(X509_STORE_CTX *v, int64_t now)
{
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(v);

	/* An anchor need not be a root: the manufacturer's choice. */
	must(X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN) == 1);
	X509_VERIFY_PARAM_set_time(p, (time_t)now);
	X509_VERIFY_PARAM_set_depth(p, LIMIT_CHAIN - 1);
	/* 112 bits: no SHA-1, no RSA below 2048. */
	X509_VERIFY_PARAM_set_auth_level(p, 2);
}

/* Verifies with the library the handles of what parse_chain accepted. */
static const struct err *
verify_handles(struct ctx *cx, X509_STORE *store, STACK_OF(X509) * handles,
    struct path *path)
{
	AUTO(X509_STORE_CTX) *v = X509_STORE_CTX_new();

	must(v != NULL);
	must(X509_STORE_CTX_init(
		 v, store, sk_X509_value(handles, 0), handles) == 1);
	set_rules(v, cx->now);
	if (X509_verify_cert(v) != 1)
		return library_refusal(cx, v);
	return judge_found(cx, v, path);
}

static const struct err *
verify_in(struct ctx *cx, X509_STORE *store, struct path *path)
{
	STACK_OF(X509) *handles = sk_X509_new_null();
	const struct err *e = NULL;
	size_t i;

	must(handles != NULL);
	for (i = 0; i < path->n && e == NULL; i++) {
		X509 *x = decode(path->certs[i].der);

		if (x == NULL)
			e = fail(cx, &ERR_CHAIN_SHAPE,
			    "chain: certificate %zu does not decode", i);
		else
			must(sk_X509_push(handles, x) > 0);
	}
	if (e == NULL)
		e = verify_handles(cx, store, handles, path);
	sk_X509_pop_free(handles, X509_free);
	return e;
}

/* A sender's chain may be large, and one request may have it judged against
 * many anchors: what that takes is given back each time. */
static const struct err *
judge(struct ctx *cx, const struct bytes *chain, size_t n, X509_STORE *store,
    struct path *path)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_ARENA);
	struct ctx inner = *cx;
	const struct err *e;

	inner.arena = scratch;
	e = parse_chain(&inner, chain, n, path);
	if (e == NULL)
		e = verify_in(&inner, store, path);
	if (e != NULL)
		cx->reason = arena_strdup(cx->arena, inner.reason);
	return e;
}

const struct err *
chain_verify(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct trust *t, enum chain_use use)
{
	struct path path = { .use = use };

	return judge(cx, chain, n, t->store, &path);
}

/* A hash of the hashes of all that is judged but the time. */
static void
digest_of(const struct bytes *chain, size_t n, struct bytes anchor,
    struct bytes scope, uint8_t out[32])
{
	uint8_t part[2 + LIMIT_CHAIN][32];
	size_t i;

	digest_sha256(anchor, part[0]);
	digest_sha256(scope, part[1]);
	for (i = 0; i < n; i++)
		digest_sha256(chain[i], part[2 + i]);
	digest_sha256((struct bytes){ part[0], (2 + n) * 32 }, out);
}

const struct err *
chain_verify_anchor(struct ctx *cx, const struct bytes *chain, size_t n,
    struct anchors *known, struct bytes anchor_der,
    struct bytes scope_spki_sha256)
{
	AUTO_STRUCT(trust) *t = NULL;
	struct path path = { .use = CHAIN_BIRTH, .scope = scope_spki_sha256 };
	bool kept = known != NULL && n <= LIMIT_CHAIN;
	struct anchors_path good;
	const struct err *e;

	if (kept) {
		digest_of(chain, n, anchor_der, scope_spki_sha256, good.of);
		if (anchors_recall(known, good.of, cx->now))
			return NULL;
	}
	t = known == NULL ? trust_new(&anchor_der, 1)
			  : anchors_get(known, anchor_der);
	if (t == NULL)
		return fail(cx, &ERR_CHAIN_UNTRUSTED,
		    "chain: the anchor does not decode");
	e = judge(cx, chain, n, t->store, &path);
	if (e != NULL || !kept)
		return e;
	good.from = path.from;
	good.until = path.until;
	anchors_remember(known, &good);
	return NULL;
}
