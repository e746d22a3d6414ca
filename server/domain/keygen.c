#include "domain/keygen.h"

#include "domain/comeback.h"
#include "pki/keywrap.h"

static const struct err ERR_NO_KEYGEN = { KIND_NOT_FOUND, "no-serverkeygen",
	"Keys are not made here under this label: make one and use "
	"simpleenroll." };
static const struct err ERR_OWNER_ASKED = { KIND_FORBIDDEN,
	"owner-needs-the-key",
	"An owner approves a key that the device has: make one and use "
	"simpleenroll." };

/* Whether, and for whom, the label has keys made. */
static ERR_FN
check_label(struct ctx *cx, const struct label *l, const struct unit *unit)
{
	if (l->server_key == SERVER_KEY_OFF)
		return fail(
		    cx, &ERR_NO_KEYGEN, "label %s: server_key is off", l->name);
	if (l->owner && (unit->bootstrap == NULL || !l->bootstrap_no_owner))
		return fail(cx, &ERR_OWNER_ASKED,
		    "label %s asks an owner of this client", l->name);
	return NULL;
}

static struct keywrap_to
recipient(const struct keygen_in *in, const struct csr *csr)
{
	return (struct keywrap_to){ .cert = in->cert,
		.key_id = csr->client_key_id,
		.capabilities = csr->capabilities };
}

/* Never in clear if the client, or the label, wants it encrypted. */
static ERR_FN
check_wish(struct ctx *cx, const struct label *l, const struct csr *csr)
{
	if (csr->has_shared_key)
		return fail(
		    cx, &ERR_KEYWRAP, "keygen: no symmetric keys are shared");
	if (l->server_key == SERVER_KEY_ENCRYPTED && !csr->has_client_key)
		return fail(cx, &ERR_KEYWRAP,
		    "label %s: the request must name a key to encrypt to",
		    l->name);
	return NULL;
}

/* What refuses before a key is made, which may take a processor a second:
 * nobody makes us do that for nothing. */
static ERR_FN
check_before(struct ctx *cx, const struct keygen_in *in, const struct label *l,
    const struct csr *csr)
{
	const struct signer *ca;
	const struct err *e;

	if (in->bearer != NULL)
		return fail(cx, &ERR_OWNER_ASKED,
		    "an enroll token is for a key that there is");
	if (in->unit->by_evidence)
		return fail(cx, &ERR_OWNER_ASKED,
		    "evidence is for a key that there is");
	e = check_wish(cx, l, csr);
	if (e == NULL)
		e = enroll_check(cx, in->unit, l, csr, in->binding);
	if (e == NULL)
		e = comeback_check_new_key(cx, in->unit);
	if (e == NULL)
		e = certify_issuer(cx, l, &ca);
	if (e == NULL && csr->has_client_key) {
		struct keywrap_to to = recipient(in, csr);

		e = keywrap_check(cx, ca, &to);
	}
	return e;
}

/* As the request's key, if the label takes that; else the first that it
 * does. */
static struct keypair *
make_key(const struct label *l, const struct csr *csr, bool wish)
{
	enum key_type type = KEY_P256;

	while (type < KEY_RSA && (l->key_types & 1u << type) == 0)
		type++;
	if (wish && (l->key_types & 1u << csr->key.type) != 0)
		type = csr->key.type;
	return keypair_make(type, (int)l->rsa_bits);
}

static ERR_FN
enclose(struct ctx *cx, const struct keygen_in *in, const struct label *l,
    const struct csr *csr, struct keygen_out *out)
{
	struct keywrap_to to;
	const struct signer *ca;
	const struct err *e;

	out->encrypted = csr->has_client_key;
	if (!out->encrypted)
		return NULL;
	e = certify_issuer(cx, l, &ca);
	if (e != NULL)
		return e;
	to = recipient(in, csr);
	return keywrap(cx, ca, out->key, &to, &out->key);
}

const struct err *
keygen_enroll(
    struct ctx *cx, const struct keygen_in *in, struct keygen_out *out)
{
	struct enrollment en = {
		.cx = cx, .unit = in->unit, .binding = in->binding
	};
	AUTO_STRUCT(keypair) *kp = NULL;
	const struct err *e;
	struct label label;
	struct csr csr;
	bool wish;

	e = label_get(cx, in->unit->profile, &label);
	if (e == NULL)
		e = check_label(cx, &label, in->unit);
	if (e == NULL)
		e = csr_parse_keyless(cx, in->csr_der, &csr, &wish);
	if (e == NULL)
		e = check_before(cx, in, &label, &csr);
	if (e != NULL)
		return e;
	kp = make_key(&label, &csr, wish);
	csr.spki = keypair_spki(cx, kp);
	e = key_parse_spki(cx, csr.spki, &csr.key);
	out->key = keypair_pkcs8(cx, kp);
	if (e == NULL)
		e = enclose(cx, in, &label, &csr, out);
	if (e != NULL)
		return e;
	en.made = &csr;
	enroll_together(&en, 1);
	/* The label may have changed since it was looked at. */
	if (en.e == NULL && en.out.cms.n == 0)
		return fail(cx, &ERR_OWNER_ASKED,
		    "label %s asks an owner of this client", label.name);
	out->cms = en.out.cms;
	return en.e;
}
