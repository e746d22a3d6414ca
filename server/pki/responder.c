#include "pki/responder.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/der_put.h"
#include "pki/key_internal.h"
#include "pki/leaf.h"
#include "pki/sigalg.h"
#include "pki/signer_internal.h"

#define DAY INT64_C(86400)
#define LIFETIME (7 * DAY)
#define DUE_AFTER (1 * DAY)
#define BACKDATE 3600 /* for clocks that lag */
#define ANSWER_MOST (8 * KIB)

/* id-kp-OCSPSigning (RFC 6960 section 4.2.2.2) */
#define OCSP_SIGNING "1.3.6.1.5.5.7.3.9"

/* id-pkix-ocsp-basic and id-pkix-ocsp-nonce */
static const uint8_t OID_BASIC[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30,
	0x01, 0x01 };
static const uint8_t OID_NONCE[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30,
	0x01, 0x02 };

struct hash {
	uint8_t v[EVP_MAX_MD_SIZE];
	unsigned n;
};

struct responder {
	struct bytes ca_name; /* borrowed from the signer */
	struct hash name[OCSP_HASHES], key[OCSP_HASHES]; /* of the CA */
	EVP_PKEY *own;
	EVP_MD_CTX *begun;
	struct hash own_id; /* SHA-1 of its public key */
	uint8_t *cert;
	size_t cert_n;
	int64_t due_at, not_after;
};

static struct hash
hash_of(enum ocsp_hash kind, struct bytes data)
{
	struct hash h;

	must(EVP_Digest(data.p, data.n, h.v, &h.n,
		 kind == OCSP_SHA1 ? EVP_sha1() : EVP_sha256(), NULL) == 1);
	return h;
}

/* The public key's BIT STRING without tag, length and unused bits, which is
 * what a CertID and a ResponderID hash (section 4.1.1, 4.2.1). */
static struct bytes
key_bits(struct bytes spki)
{
	struct bytes seq, skip, bits;

	must(der_take(&spki, DER_SEQUENCE, &seq) &&
	     der_take(&seq, DER_SEQUENCE, &skip) && der_take_bits(&seq, &bits));
	return bits;
}

/* The certificate of the responder's own key. */
static void
certify(struct ctx *cx, struct responder *r, const struct signer *ca)
{
	struct keypair kp = { r->own };
	struct leaf l = { .spki = keypair_spki(cx, &kp),
		.subject = { { "CN", "Latchkey OCSP" } },
		.n_subject = 1,
		.eku = { OCSP_SIGNING },
		.nocheck = true,
		.not_before = cx->now - BACKDATE,
		.not_after = cx->now + LIFETIME };
	struct bytes der;

	if (l.not_before < ca->not_before)
		l.not_before = ca->not_before;
	if (l.not_after > ca->not_after)
		l.not_after = ca->not_after;
	build_serial(l.serial);
	der = leaf_sign(cx, &l, ca);
	r->cert = mem_new(1, der.n);
	memcpy(r->cert, der.p, der.n);
	r->cert_n = der.n;
	r->not_after = l.not_after;
	r->own_id = hash_of(OCSP_SHA1, key_bits(l.spki));
}

struct responder *
responder_new(const struct signer *ca, int64_t now)
{
	AUTO_STRUCT(arena) *a = NULL;
	struct ctx cx = { .now = now };
	struct responder *r;
	struct keypair kp = { ca->key };
	int i;

	if (now < ca->not_before || now >= ca->not_after)
		return NULL;
	cx.arena = a = arena_new(LIMIT_ARENA);
	r = mem_new(1, sizeof(*r));
	r->ca_name = ca->name;
	for (i = 0; i < OCSP_HASHES; i++) {
		r->name[i] = hash_of((enum ocsp_hash)i, ca->name);
		r->key[i] = hash_of(
		    (enum ocsp_hash)i, key_bits(keypair_spki(&cx, &kp)));
	}
	r->own = key_make_p256();
	r->begun = signer_begin(r->own);
	r->due_at = now + DUE_AFTER;
	certify(&cx, r, ca);
	return r;
}

void
responder_free(struct responder *r)
{
	if (r == NULL)
		return;
	EVP_MD_CTX_free(r->begun);
	EVP_PKEY_free(r->own);
	mem_free(r->cert);
	mem_free(r);
}

bool
responder_is_due(const struct responder *r, int64_t now)
{
	return now >= r->due_at || now < r->due_at - DUE_AFTER - BACKDATE;
}

static bool
is_hash(const struct hash *h, struct bytes v)
{
	return bytes_eq((struct bytes){ h->v, h->n }, v);
}

bool
responder_is_for(const struct responder *r, const struct ocsp_cert_id *id)
{
	return id->hash < OCSP_HASHES &&
	       is_hash(&r->name[id->hash], id->issuer_name) &&
	       is_hash(&r->key[id->hash], id->issuer_key);
}

/* TBSCertificate ::= { version, serialNumber, signature, issuer, ... } */
bool
responder_issued(const struct responder *r, struct bytes cert)
{
	struct bytes seq, tbs, skip, issuer;

	return der_take(&cert, DER_SEQUENCE, &seq) &&
	       der_take(&seq, DER_SEQUENCE, &tbs) &&
	       der_take(&tbs, DER_CONTEXT_CONSTRUCTED(0), &skip) &&
	       der_take(&tbs, DER_INTEGER, &skip) &&
	       der_take(&tbs, DER_SEQUENCE, &skip) &&
	       der_take_whole(&tbs, DER_SEQUENCE, &issuer) &&
	       bytes_eq(issuer, r->ca_name);
}

struct ocsp_cert_id
responder_cert_id(
    struct ctx *cx, const struct responder *r, struct bytes serial)
{
	static const uint8_t sha1[] = { 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
		0x03, 0x02, 0x1a, 0x05, 0x00 };
	const struct hash *name = &r->name[OCSP_SHA1];
	const struct hash *key = &r->key[OCSP_SHA1];
	struct ocsp_cert_id id = { .hash = OCSP_SHA1, .serial = serial };
	struct buf b;
	size_t at;

	buf_init(&b, cx->arena, ANSWER_MOST);
	at = der_begin(&b, DER_SEQUENCE);
	buf_put(&b, BYTES_OF(sha1));
	der_put(&b, DER_OCTET_STRING, (struct bytes){ name->v, name->n });
	der_put(&b, DER_OCTET_STRING, (struct bytes){ key->v, key->n });
	der_put(&b, DER_INTEGER, serial);
	der_end(&b, at);
	must(buf_bytes(&b, &id.whole));
	return id;
}

static void
put_enumerated(struct buf *b, uint8_t v)
{
	der_put(b, DER_ENUMERATED, (struct bytes){ &v, 1 });
}

/* RevokedInfo, [1] IMPLICIT. */
static void
put_revoked(struct buf *b, const struct ocsp_single *s)
{
	size_t reason, at = der_begin(b, DER_CONTEXT_CONSTRUCTED(1));

	der_put_generalized(b, s->revoked_at);
	/* unspecified is left out (RFC 5280 section 5.3.1). */
	if (s->reason != 0) {
		reason = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));
		put_enumerated(b, (uint8_t)s->reason);
		der_end(b, reason);
	}
	der_end(b, at);
}

static void
put_single(
    struct buf *b, const struct ocsp_single *s, const struct ocsp_answer *a)
{
	size_t next, at = der_begin(b, DER_SEQUENCE);

	buf_put(b, s->id->whole);
	if (s->state == OCSP_REVOKED)
		put_revoked(b, s);
	else
		der_put(
		    b, DER_CONTEXT(s->state == OCSP_GOOD ? 0 : 2), BYTES_NONE);
	der_put_generalized(b, a->this_update);
	next = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));
	der_put_generalized(b, a->next_update);
	der_end(b, next);
	der_end(b, at);
}

static void
put_nonce(struct buf *b, struct bytes nonce)
{
	size_t outer, list, one, value;

	if (nonce.n == 0)
		return;
	outer = der_begin(b, DER_CONTEXT_CONSTRUCTED(1));
	list = der_begin(b, DER_SEQUENCE);
	one = der_begin(b, DER_SEQUENCE);
	der_put(b, DER_OID, BYTES_OF(OID_NONCE));
	value = der_begin(b, DER_OCTET_STRING);
	der_put(b, DER_OCTET_STRING, nonce);
	der_end(b, value);
	der_end(b, one);
	der_end(b, list);
	der_end(b, outer);
}

/* ResponseData: what is signed. */
static void
put_data(struct buf *b, const struct responder *r, const struct ocsp_answer *a,
    int64_t now)
{
	size_t i, id, list, at = der_begin(b, DER_SEQUENCE);

	id = der_begin(b, DER_CONTEXT_CONSTRUCTED(2));
	der_put(
	    b, DER_OCTET_STRING, (struct bytes){ r->own_id.v, r->own_id.n });
	der_end(b, id);
	der_put_generalized(b, now);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < a->n; i++)
		put_single(b, &a->single[i], a);
	der_end(b, list);
	put_nonce(b, a->nonce);
	der_end(b, at);
}

static void
put_basic(struct buf *b, const struct responder *r, const struct ocsp_answer *a,
    int64_t now)
{
	size_t certs, list, data, at = der_begin(b, DER_SEQUENCE);
	uint8_t sig[SIGNATURE_MAX];
	struct bytes signature = { sig, 0 };

	data = b->n;
	put_data(b, r, a, now);
	must(!b->overflow);
	signature.n = signer_finish(
	    r->begun, (struct bytes){ b->p + data, b->n - data }, sig);
	buf_put(b, sigalg_der(r->own));
	der_put_bits(b, signature);
	certs = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));
	list = der_begin(b, DER_SEQUENCE);
	buf_put(b, (struct bytes){ r->cert, r->cert_n });
	der_end(b, list);
	der_end(b, certs);
	der_end(b, at);
}

struct bytes
responder_sign(struct ctx *cx, const struct responder *r, struct ocsp_answer *a)
{
	size_t at, bytes, seq, octets;
	struct bytes out;
	struct buf b;

	if (a->next_update > r->not_after)
		a->next_update = r->not_after;
	buf_init(&b, cx->arena, ANSWER_MOST);
	at = der_begin(&b, DER_SEQUENCE);
	put_enumerated(&b, 0); /* successful */
	bytes = der_begin(&b, DER_CONTEXT_CONSTRUCTED(0));
	seq = der_begin(&b, DER_SEQUENCE);
	der_put(&b, DER_OID, BYTES_OF(OID_BASIC));
	octets = der_begin(&b, DER_OCTET_STRING);
	put_basic(&b, r, a, cx->now);
	der_end(&b, octets);
	der_end(&b, seq);
	der_end(&b, bytes);
	der_end(&b, at);
	must(buf_bytes(&b, &out));
	return out;
}
