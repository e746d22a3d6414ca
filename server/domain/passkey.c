#include "domain/passkey.h"

#include "base/arena.h"
#include "codec/webauthn.h"
#include "pki/digest.h"
#include "pki/fido.h"

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_WEBAUTHN, "passkey: %s", reason);
}

static bool
is_allowed(const struct passkey_want *want, const char *origin)
{
	size_t i;

	for (i = 0; want->origins[i] != NULL; i++)
		if (strcmp(want->origins[i], origin) == 0)
			return true;
	return false;
}

/* Sections 7.1 and 7.2, what both want of the client data; its hash. */
static ERR_FN
check_client(struct ctx *cx, const struct passkey_want *want, const char *type,
    struct bytes json, uint8_t sum[32])
{
	struct webauthn_client c;
	const struct err *e = webauthn_client_read(cx, json, &c);

	if (e != NULL)
		return e;
	if (strcmp(c.type, type) != 0)
		return bad(cx, "client data of another ceremony");
	/* As text: one value has one spelling. */
	if (!bytes_eq(bytes_str(c.challenge),
		bytes_str(bytes_b64u(cx->arena, want->challenge))))
		return bad(cx, "another challenge");
	if (!is_allowed(want, c.origin))
		return bad(cx, "another origin");
	if (c.cross_origin || c.topOrigin != NULL)
		return bad(cx, "shown within another site");
	digest_sha256(json, sum);
	return NULL;
}

/* The same of the authenticator data. */
static ERR_FN
check_data(struct ctx *cx, const struct passkey_want *want, struct bytes in,
    bool created, struct webauthn_data *out)
{
	const struct err *e = webauthn_data_read(cx, in, created, out);
	uint8_t sum[32];

	if (e != NULL)
		return e;
	digest_sha256(bytes_str(want->rp_id), sum);
	if (!bytes_eq(out->rp_id_sha256, BYTES_OF(sum)))
		return bad(cx, "for another relying party");
	if (!out->present || !out->verified)
		return bad(cx, "the user was not there, or not verified");
	return NULL;
}

static struct fido_key
fido_key_of(const struct webauthn_key *k)
{
	return (struct fido_key){ (int)k->alg, k->x, k->y, k->modulus };
}

/* A statement that came though none was asked for, section 6.5.4. */
static ERR_FN
check_statement(struct ctx *cx, const struct webauthn_attestation *a, int alg,
    const struct fido_signed *what)
{
	const struct fido_statement s = { a->fmt, a->statement, a->certified };

	if (strcmp(a->fmt, "none") == 0)
		return a->empty ? NULL : bad(cx, "\"none\" with a statement");
	if (!fido_verify_statement(alg, what, &s))
		return bad(cx, "attestation statement does not verify");
	return NULL;
}

const struct err *
passkey_created(struct ctx *cx, const struct passkey_want *want,
    struct bytes client_data, struct bytes attestation,
    struct passkey_made *out)
{
	struct webauthn_attestation a;
	struct webauthn_data data;
	struct webauthn_key read;
	struct fido_key key;
	const struct err *e;
	uint8_t sum[32];

	e = check_client(cx, want, "webauthn.create", client_data, sum);
	if (e == NULL)
		e = webauthn_attestation_read(cx, attestation, &a);
	if (e == NULL)
		e = check_data(cx, want, a.data, true, &data);
	if (e == NULL)
		e = webauthn_key_read(cx, data.key, &read);
	if (e != NULL)
		return e;
	key = fido_key_of(&read);
	if (!fido_key_ok(&key))
		return bad(cx, "the key is none");
	e = check_statement(
	    cx, &a, key.alg, &(struct fido_signed){ want->rp_id, a.data, sum });
	if (e != NULL)
		return e;
	*out = (struct passkey_made){ .credential_id = data.credential_id,
		.key = data.key,
		.sign_count = data.sign_count,
		.backup_eligible = data.backup_eligible,
		.backed_up = data.backed_up };
	return NULL;
}

/* By the stored key, over authenticator data and the hash of client data. */
static ERR_FN
check_signature(struct ctx *cx, const struct passkey_want *want,
    const struct passkey_answer *in, struct bytes stored, const uint8_t sum[32])
{
	const struct fido_signed what = { want->rp_id, in->authenticator_data,
		sum };
	struct webauthn_key read;
	const struct err *e = webauthn_key_read(cx, stored, &read);
	struct fido_key key;

	if (e != NULL)
		return e;
	key = fido_key_of(&read);
	return fido_verify(&key, &what, in->signature)
		   ? NULL
		   : bad(cx, "the signature does not verify");
}

const struct err *
passkey_asserted(struct ctx *cx, const struct passkey_want *want,
    const struct passkey_answer *in, struct passkey_known *known)
{
	struct webauthn_data data;
	const struct err *e;
	uint8_t sum[32];

	e = check_client(cx, want, "webauthn.get", in->client_data, sum);
	if (e == NULL)
		e = check_data(cx, want, in->authenticator_data, false, &data);
	if (e == NULL)
		e = check_signature(cx, want, in, known->key, sum);
	if (e != NULL)
		return e;
	/* Section 7.2 step 22: 0 and 0 is an authenticator without one. */
	if (data.sign_count <= known->sign_count &&
	    (data.sign_count != 0 || known->sign_count != 0))
		return bad(cx, "the counter did not grow");
	known->sign_count = data.sign_count;
	known->backup_eligible = data.backup_eligible;
	known->backed_up = data.backed_up;
	return NULL;
}
