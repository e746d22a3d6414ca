/*
 * Rows of certificates, requests for them, lists of them, and what carries
 * them.
 */
#include "tests/fuzz/fuzz.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/multipart.h"
#include "pki/anchors.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "pki/cms.h"
#include "pki/cms_signed.h"
#include "pki/csr_names.h"
#include "pki/csrattrs.h"
#include "pki/der.h"
#include "pki/ext.h"
#include "pki/identity.h"
#include "pki/keywrap.h"
#include "pki/matter_cert.h"
#include "pki/name.h"
#include "pki/ocsp_request.h"
#include "pki/path.h"

void
fuzz_csr(struct bytes in)
{
	struct csr csr, keyless;
	bool wish, made;

	made = csr_parse_keyless(&cx, in, &keyless, &wish) == NULL;
	if (csr_parse(&cx, in, &csr) != NULL)
		return;
	must(bytes_eq(csr.der, in) && csr.spki.n > 0);
	must(!csr.has_challenge ||
	     (csr.challenge.p > csr.der.p &&
		 csr.challenge.p + csr.challenge.n <= csr.der.p + csr.der.n));
	must(csr.evidence.format == NULL ||
	     csr.evidence.evidence.n + csr.evidence.nonce.n < in.n);
	/* Without its key it asks for the same. */
	must(made && keyless.extensions == csr.extensions);
}

/* Every slice lies in what was sent; a nonce is one that may be repeated. */
void
fuzz_ocsp(struct bytes in)
{
	struct ocsp_request rq;
	size_t i;

	if (ocsp_request_parse(&cx, in, &rq) != NULL)
		return;
	must(rq.n > 0 && rq.n <= LIMIT_OCSP_CERTS);
	must(rq.nonce.n <= LIMIT_OCSP_NONCE);
	for (i = 0; i < rq.n; i++)
		must(rq.cert[i].hash < OCSP_HASHES && rq.cert[i].serial.n > 0 &&
		     rq.cert[i].whole.p > in.p &&
		     rq.cert[i].whole.p + rq.cert[i].whole.n <= in.p + in.n);
}

/* SMIMECapabilities: without a recipient nothing comes of any. */
void
fuzz_capabilities(struct bytes in)
{
	struct keywrap_to to = { .capabilities = in };
	struct bytes out;

	must(keywrap(&cx, NULL, BYTES_NONE, &to, &out) == &ERR_KEYWRAP);
}

/* Whether it is DER to its end, and all that is within. */
static bool
is_der(struct bytes in)
{
	struct der_item it;

	while (in.n > 0)
		if (!der_next(&in, &it) ||
		    ((it.tag & 0x20) != 0 && !is_der(it.content)))
			return false;
	return true;
}

/* We write it and read none: whatever a label asks is one list of OIDs and
 * attributes, of which the last is the template. */
void
fuzz_csrattrs(struct bytes in)
{
	static const enum ext_id ids[] = { EXT_KEY_USAGE,
		EXT_EXTENDED_KEY_USAGE, EXT_SUBJECT_ALT_NAME };
	struct csrattrs ask = { .ask_key = false };
	struct der_item it = { .tag = 0 };
	struct bytes der, list;
	size_t i;

	if (in.n < 3)
		return;
	ask.key = (enum key_type)(in.p[0] & 3);
	ask.ask_key = (in.p[0] & 4) != 0;
	ask.binding = (in.p[0] & 8) != 0;
	ask.evidence = (in.p[0] & 16) != 0;
	for (i = 0; i < 3; i++)
		if ((in.p[0] & 32 << i) != 0)
			ask.extensions |= 1u << ids[i];
	ask.rsa_bits = 2048u + (unsigned)(in.p[1] << 8 | in.p[2]) % 2049u;
	der = csrattrs_der(&cx, &ask);
	must(is_der(der));
	must(der_take(&der, DER_SEQUENCE, &list) && der.n == 0);
	while (list.n > 0)
		must(der_next(&list, &it) &&
		     (it.tag == DER_OID || it.tag == DER_SEQUENCE));
	must(it.tag == DER_SEQUENCE);
}

/* One part off the front, as a client reads it. */
static struct bytes
take_part(const char **text, const char *type)
{
	const char *head = arena_printf(cx.arena,
	    "--latchkey-part\r\nContent-Type: %s\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n",
	    type);
	struct bytes line, der;

	must(strncmp(*text, head, strlen(head)) == 0);
	*text += strlen(head);
	line = (struct bytes){ (const uint8_t *)*text, strcspn(*text, "\r") };
	must(bytes_from_b64(cx.arena, line, &der));
	*text += line.n;
	must(strncmp(*text, "\r\n", 2) == 0);
	*text += 2;
	return der;
}

/* Whatever the parts hold, a client reads the same two, and no boundary. */
void
fuzz_multipart(struct bytes in)
{
	struct multipart_part part[2] = { { .type = "application/pkcs8" },
		{ .type = "application/pkcs7-mime; smime-type=certs-only" } };
	const char *text;
	size_t i, first;

	if (in.n < 2 || in.n > LIMIT_BODY_EST / 2)
		return;
	first = (size_t)(in.p[0] << 8 | in.p[1]) % (in.n - 1);
	in = (struct bytes){ in.p + 2, in.n - 2 };
	part[0].der = (struct bytes){ in.p, first };
	part[1].der = (struct bytes){ in.p + first, in.n - first };
	text = bytes_to_str(cx.arena, multipart_mixed(cx.arena, part, 2));
	for (i = 0; i < 2; i++)
		must(bytes_eq(take_part(&text, part[i].type), part[i].der));
	must(strcmp(text, "--latchkey-part--\r\n") == 0);
}

void
fuzz_cert(struct bytes in)
{
	struct identity id;
	struct cert c;

	bool bounded = cert_key_is_bounded(in);

	if (cert_parse(&cx, in, &c) != NULL)
		return;
	must(bytes_eq(c.der, in) && c.serial.n > 0 && bounded);
	(void)name_value(cx.arena, c.subject_der, "OU");
	must(identity_parse(&cx, &c, "fleet.example", &id) != NULL ||
	     strlen(id.id) > 0);
}

/* A request and the certificate that it renews.  What csr_parse would refuse
 * is let through, since no mutation keeps a signature. */
void
fuzz_names(struct bytes in)
{
	struct der_item request;
	struct csr csr = { .der = BYTES_NONE };
	const char *id;
	bool same;

	if (!der_next(&in, &request))
		return;
	csr.der = request.whole;
	(void)!csr_names_match(&cx, &csr, in, &same);
	id = csr_names_device(&cx, &csr);
	must(id == NULL || strlen(id) == 36);
}

/* The body of an enrollment, as it comes over the wire. */
void
fuzz_body(struct bytes in)
{
	struct bytes der;

	if (bytes_from_b64(cx.arena, in, &der))
		fuzz_csr(der);
}

/* Certificates one after the other, as many as there are and at most max. */
static size_t
split_certs(struct bytes in, struct bytes *der, size_t max)
{
	size_t n;

	/* DER SEQUENCE with a length of two bytes, as any certificate. */
	for (n = 0; n < max && in.n > 4; n++) {
		size_t size = 4u + (size_t)(in.p[2] << 8 | in.p[3]);

		if (in.p[1] != 0x82 || size > in.n)
			break;
		der[n] = (struct bytes){ in.p, size };
		in.p += size;
		in.n -= size;
	}
	return n;
}

/* The anchor, then the chain that a client sends: as one of ours, and as a
 * birth certificate with and without a scope. */
void
fuzz_chain(struct bytes in)
{
	struct bytes der[LIMIT_CHAIN + 2];
	size_t i, n = split_certs(in, der, LIMIT_CHAIN + 2);
	AUTO_STRUCT(trust) *t = n > 0 ? trust_new(der, 1) : NULL;
	AUTO_STRUCT(anchors) *known = anchors_new();
	struct cert last;

	if (t == NULL)
		return;
	(void)!chain_verify(&cx, der + 1, n - 1, t, CHAIN_CLIENT);
	if (chain_verify_anchor(
		&cx, der + 1, n - 1, NULL, der[0], BYTES_NONE) != NULL)
		return;
	must(cert_parse(&cx, der[n - 1], &last) == NULL);
	/* What was found good is found so again. */
	for (i = 0; i < 2; i++)
		must(chain_verify_anchor(&cx, der + 1, n - 1, known, der[0],
			 BYTES_NONE) == NULL);
	(void)!chain_verify_anchor(
	    &cx, der + 1, n - 1, NULL, der[0], BYTES_OF(last.key_sha256));
}

/* One list, asked about its own issuer. */
void
fuzz_crl(struct bytes in)
{
	struct crl crl;

	if (crl_parse(&cx, in, &crl) != NULL)
		return;
	(void)!crl_current(&cx, &crl);
	must(!crl_lists(&crl, crl.issuer_dn, BYTES_NONE));
	(void)crl_repeats(&crl);
	(void)crl_signed_by(&crl, BYTES_NONE, false);
}

/* Rules by the bits of two bytes. */
static void
path_rules(const uint8_t how[2], struct path_rules *r)
{
	static const uint8_t server[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
		0x03, 0x01 };
	static const uint8_t policy[] = { 0x2a, 0x03, 0x04 };
	static const struct bytes wanted = { policy, sizeof(policy) };
	const char *const hosts[] = { "example.com", NULL, "192.0.2.1",
		"2001:db8::1" };

	*r = (struct path_rules){ .host = hosts[how[1] & 3] };
	r->profile = (how[0] & 1) != 0;
	r->anchor_rules = r->anchor_is_ca = r->anchor_expires =
	    (how[0] & 2) != 0;
	r->weak = (how[0] & 4) != 0;
	r->crl = (how[0] & 8) != 0 ? PATH_CRL_NEEDED : PATH_CRL_KNOWN;
	r->purpose_strict = (how[0] & 16) != 0;
	r->policy.explicit = (how[0] & 32) != 0;
	r->policy.no_mapping = (how[0] & 64) != 0;
	r->policy.no_any = (how[0] & 128) != 0;
	if ((how[1] & 4) != 0)
		r->purpose = BYTES_OF(server);
	if ((how[1] & 8) != 0)
		r->policy.wanted = &wanted;
	r->policy.n = (how[1] & 8) != 0;
	r->key_usage = (how[1] & 16) != 0 ? USAGE_SIGNATURE : 0;
	r->depth_limited = (how[1] & 32) != 0;
}

/* Two bytes of rules, then DER after DER: the leaf, what it may be led over
 * by, lists; the last certificate is the anchor. */
void
fuzz_certpath(struct bytes in)
{
	struct bytes item[LIMIT_PATH_POOL], crl[LIMIT_PATH_POOL];
	struct path_anchor anchor = { .issues = true, .is_leaf = true };
	struct path_input p = { .anchor = &anchor, .n_anchors = 1 };
	struct path_rules r;
	struct der_item it;
	struct path path;
	struct crl list;

	if (in.n < 2)
		return;
	path_rules(in.p, &r);
	in = (struct bytes){ in.p + 2, in.n - 2 };
	while (p.n_pool + p.n_crls < LIMIT_PATH_POOL && der_next(&in, &it))
		if (crl_parse(&cx, it.whole, &list) == NULL)
			crl[p.n_crls++] = it.whole;
		else
			item[p.n_pool++] = it.whole;
	if (p.n_pool < 1)
		return;
	p.leaf = item[0];
	anchor.der = item[p.n_pool - 1];
	p.pool = item;
	p.crl = crl;
	if (path_validate(&cx, &p, &r, &path) == NULL)
		must(path.n >= 1 && path.n <= LIMIT_PATH_CERTS);
}

/* A certificate in each role: it is one of them at most. */
void
fuzz_matter_cert(struct bytes in)
{
	struct matter_cert c;
	int role, n = 0;

	for (role = MATTER_DAC; role <= MATTER_PAA; role++)
		if (matter_cert_parse(&cx, in, (enum matter_role)role, &c) ==
		    NULL) {
			must(role == MATTER_PAA || c.has_vid);
			(void)!matter_cert_issued(&cx, &c, &c);
			n += role != MATTER_PAA;
		}
	must(n <= 1);
	(void)!matter_cert_parse(&cx, in, MATTER_SIGNER, &c);
}

void
fuzz_cms_signed(struct bytes in)
{
	struct cms_signed s;

	if (cms_signed_parse(&cx, in, &s) == NULL)
		must(s.content.n + s.key_id.n + s.signature.n < in.n);
}

void
fuzz_pem(struct bytes in)
{
	struct bytes der[LIMIT_CHAIN], key;
	struct cert c;
	size_t n;

	if (cert_read_pem(&cx, in, der, LIMIT_CHAIN, &n) == NULL)
		(void)!cert_parse(&cx, der[0], &c);
	(void)!key_parse_pem(&cx, in, &key);
}

void
fuzz_cms(struct bytes in)
{
	struct bytes der[LIMIT_CHAIN];
	size_t n;

	if (cms_read_certs(&cx, in, der, LIMIT_CHAIN, &n) == NULL)
		must(n <= LIMIT_CHAIN);
}
