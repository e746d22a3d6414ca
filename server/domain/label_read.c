#include "domain/label_read.h"

#include "base/arena.h"
#include "base/limits.h"
#include "domain/svc.h"
#include "pki/ext.h"
#include "pki/key.h"

const struct err ERR_LABEL = { KIND_INVALID, "bad-label",
	"The label's settings are not possible." };

/* What a word means; the tables below say which there are. */
struct word {
	const char *text;
	unsigned value;
};

static const struct word KEY_TYPES[] = { { "p256", KEY_P256 },
	{ "p384", KEY_P384 }, { "ed25519", KEY_ED25519 }, { "rsa", KEY_RSA },
	{ NULL, 0 } };
static const struct word AUTH[] = { { "birth", LABEL_BIRTH },
	{ "token", LABEL_TOKEN }, { "bootstrap", LABEL_BOOTSTRAP },
	{ NULL, 0 } };
static const struct word OWNER[] = { { "required", true }, { "none", false },
	{ NULL, 0 } };
static const struct word RENEW_KEY[] = { { "any", RENEW_ANY_KEY },
	{ "same", RENEW_SAME_KEY }, { "new", RENEW_NEW_KEY }, { NULL, 0 } };
static const struct word SUPERSEDED[] = { { "expires", SUPERSEDED_EXPIRES },
	{ "revoked", SUPERSEDED_IS_REVOKED }, { NULL, 0 } };
static const struct word CLONE[] = { { "refuse", CLONE_REFUSED },
	{ "quarantine", CLONE_QUARANTINES }, { NULL, 0 } };
static const struct word SERVER_KEY[] = { { "off", SERVER_KEY_OFF },
	{ "on", SERVER_KEY_ON }, { "encrypted", SERVER_KEY_ENCRYPTED },
	{ NULL, 0 } };
static const struct word BINDING[] = { { "if-present", false },
	{ "required", true }, { NULL, 0 } };
static const struct word EXTENSIONS[] = { { "subjectAltName",
					      EXT_SUBJECT_ALT_NAME },
	{ "keyUsage", EXT_KEY_USAGE },
	{ "extendedKeyUsage", EXT_EXTENDED_KEY_USAGE }, { NULL, 0 } };

static ERR_FN
find_word(struct ctx *cx, const char *member, const struct word *words,
    const char *text, unsigned *out)
{
	const char *may = "";
	const struct word *w;

	for (w = words; w->text != NULL; w++) {
		if (strcmp(w->text, text) == 0) {
			*out = w->value;
			return NULL;
		}
		may = arena_printf(
		    cx->arena, "%s%s%s", may, w == words ? "" : ", ", w->text);
	}
	return fail(cx, &ERR_LABEL, "%s: one of %s", member, may);
}

/* A set of words as bits: the value itself, or 1 << value. */
static ERR_FN
find_words(struct ctx *cx, const char *member, const struct word *words,
    const struct json_strs *texts, unsigned *out)
{
	const struct err *e = NULL;
	unsigned value = 0;
	size_t i;

	*out = 0;
	for (i = 0; i < texts->n && e == NULL; i++) {
		e = find_word(cx, member, words, texts->v[i], &value);
		*out |= words == AUTH ? value : 1u << value;
	}
	return e;
}

static const char *const *
ended_by_null(struct ctx *cx, const struct json_strs *s)
{
	const char **v = arena_alloc(cx->arena, (s->n + 1) * sizeof(*v));

	if (s->n > 0)
		memcpy(v, s->v, s->n * sizeof(*v));
	return v;
}

static struct profile
read_profile(struct ctx *cx, const char *name, const struct label_json *in)
{
	return (struct profile){
		.name = name,
		.kind = PROFILE_DEVICE,
		.lifetime = in->lifetime,
		.backdate = in->backdate,
		.subject = in->subject,
		.spiffe_domain = in->spiffe ? cx->svc->set.trust_domain : NULL,
		.dns = ended_by_null(cx, &in->dns),
		.eku = ended_by_null(cx, &in->extended_key_usage),
		.policies = ended_by_null(cx, &in->policies),
		.ocsp_url = in->ocsp_url,
		.ca_issuers_url = in->ca_issuers_url,
		.crl_url = in->crl_url,
	};
}

const struct err *
label_read(struct ctx *cx, const char *name, const struct label_json *in,
    struct label *out)
{
	const struct {
		const char *member;
		const struct word *words;
		const char *text;
		unsigned value;
	} one[] = {
		{ "owner_approval", OWNER, in->owner_approval, 0 },
		{ "renew_key", RENEW_KEY, in->renew_key, 0 },
		{ "superseded", SUPERSEDED, in->superseded, 0 },
		{ "clone", CLONE, in->clone, 0 },
		{ "server_key", SERVER_KEY, in->server_key, 0 },
		{ "channel_binding", BINDING, in->channel_binding, 0 },
	};
	unsigned value[sizeof(one) / sizeof(one[0])];
	const struct err *e = NULL;
	size_t i;

	for (i = 0; i < sizeof(one) / sizeof(one[0]) && e == NULL; i++)
		e = find_word(
		    cx, one[i].member, one[i].words, one[i].text, &value[i]);
	if (e != NULL)
		return e;
	*out = (struct label){
		.name = name,
		.cert = read_profile(cx, name, in),
		.issuer = in->issuer,
		.rsa_bits = in->rsa_bits,
		.owner = value[0],
		.renew_key = (enum label_renew_key)value[1],
		.superseded = (enum label_superseded)value[2],
		.clone = (enum label_clone)value[3],
		.server_key = (enum label_server_key)value[4],
		.binding_required = value[5],
		.bootstrap_no_owner = in->bootstrap_replaces_owner,
		.renew_after = in->renew_after,
	};
	e = find_words(
	    cx, "key_types", KEY_TYPES, &in->key_types, &out->key_types);
	if (e == NULL)
		e = find_words(cx, "authentication", AUTH, &in->authentication,
		    &out->auth);
	if (e == NULL)
		e = find_words(cx, "csr_must_have", EXTENSIONS,
		    &in->csr_must_have, &out->csr_must_have);
	return e;
}

const struct err *
label_check(struct ctx *cx, const struct label *l)
{
	char why[256];

	if (!profile_check(&l->cert, why))
		return fail(cx, &ERR_LABEL, "%s", why);
	if (l->cert.spiffe_domain != NULL && l->cert.spiffe_domain[0] == '\0')
		return fail(
		    cx, &ERR_LABEL, "spiffe: this service has no trust_domain");
	if (l->key_types == 0)
		return fail(cx, &ERR_LABEL, "key_types: name at least one");
	if (l->rsa_bits < 2048)
		return fail(cx, &ERR_LABEL, "rsa_bits: from 2048 to %d",
		    LIMIT_RSA_BITS);
	if (l->auth == 0)
		return fail(
		    cx, &ERR_LABEL, "authentication: name at least one");
	if (l->bootstrap_no_owner && (l->auth & LABEL_BOOTSTRAP) == 0)
		return fail(cx, &ERR_LABEL,
		    "bootstrap_replaces_owner: authentication has no "
		    "bootstrap");
	if (l->renew_after > 95)
		return fail(
		    cx, &ERR_LABEL, "renew_after: from 0 to 95 percent");
	/* The owner's yes is for a key that the device has (A2); one that we
	 * make cannot be shown beforehand. */
	if (l->server_key != SERVER_KEY_OFF && l->owner &&
	    !l->bootstrap_no_owner)
		return fail(
		    cx, &ERR_LABEL, "server_key: only where no owner is asked");
	return NULL;
}
