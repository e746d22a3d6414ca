#include "domain/attested.h"

#include "attest/attest.h"
#include "attest/handle.h"
#include "base/arena.h"
#include "domain/attestation.h"
#include "domain/code.h"
#include "domain/holder.h"
#include "domain/svc.h"
#include "pki/key.h"
#include "store/unit.h"

static const struct err ERR_PURPOSE = { KIND_INVALID, "bad-purpose",
	"The purpose is enroll or renew." };

static const struct unit nobody = { .birth_id = 0 };

static void
fill_unit(const struct unit_row *r, struct unit *out)
{
	*out = (struct unit){
		.by_evidence = true,
		.came = r->came,
		.birth_id = r->birth_id,
		.manufacturer_id = r->manufacturer_id,
		.manufacturer_name = r->manufacturer_name,
		.model_id = r->model_id,
		.model_name = r->model_name,
		.client_id = r->client_id,
		.profile = r->profile,
		.labels = r->labels,
		.model_policy = r->policy,
		.support_until = r->support_until,
		.serial = r->serial,
		.listed_serial = r->serial,
		.batch = r->batch,
		.made_at = r->made_at,
		.boot_test = r->boot_test,
		.device_id = r->device_id,
		.quarantined = r->quarantined,
	};
}

/* What the unit is, whatever it shows (A11). */
static ERR_FN
judge(struct ctx *cx, const struct unit_row *r, struct unit *out)
{
	fill_unit(r, out);
	if (!r->model_active)
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "model %s is retired", r->model_id);
	if (r->revoked || r->lost || r->decommissioned)
		return fail(cx, &ERR_BAD_EVIDENCE, "the unit is %s",
		    r->revoked ? "revoked"
		    : r->lost  ? "lost"
			       : "decommissioned");
	if (r->manufacturer_frozen && !r->came)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "the manufacturer is frozen and the unit is new");
	return NULL;
}

/* One that is there and no longer good is refused with a record. */
static ERR_FN
judge_found(struct ctx *cx, const struct unit_row *r, struct unit *out)
{
	return judge(cx, r, out) == NULL ? NULL : attestation_refuse(cx, out);
}

const struct err *
attested_by_id(struct ctx *cx, int64_t birth_id, struct unit *out)
{
	struct unit_row r;
	const struct err *e = unit_get(cx, birth_id, &r);

	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_BAD_EVIDENCE, "there is no such unit");
	return e != NULL ? e : judge_found(cx, &r, out);
}

const struct err *
attested_model(struct ctx *cx, const char *client_id, struct unit *out)
{
	struct unit_row r;
	const struct err *e = unit_model(cx, client_id, &r);

	if (e == &ERR_NOT_FOUND)
		e = fail(cx, &ERR_BAD_EVIDENCE, "no model has this client_id");
	if (e == &ERR_BAD_EVIDENCE)
		return attestation_refuse(cx, &nobody);
	if (e != NULL)
		return e;
	fill_unit(&r, out);
	return NULL;
}

const struct err *
attested_by_handle(struct ctx *cx, const char *handle, struct unit *out)
{
	const struct err *e = NULL;
	struct bytes sealed;
	struct handle h;

	if (!bytes_from_b64u(cx->arena, bytes_str(handle), &sealed))
		e = fail(cx, &ERR_BAD_EVIDENCE, "the handle is not base64url");
	if (e == NULL)
		e = handle_open(
		    cx, cx->svc->mac, cx->svc->set.issuer, sealed, &h);
	if (e == &ERR_BAD_EVIDENCE)
		return attestation_refuse(cx, &nobody);
	return e != NULL ? e : attested_by_id(cx, h.birth_id, out);
}

const struct err *
attested_by_token(struct ctx *cx, const char *token, struct unit *out)
{
	const struct err *e;
	struct unit_row r;
	uint8_t mac[32];

	code_token_mac(cx, token, mac);
	e = unit_of_token(cx, mac, &r);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_NO_CLIENT_CERTIFICATE,
		    "no client certificate, and the token is none that was "
		    "given for evidence alone");
	return e != NULL ? e : judge_found(cx, &r, out);
}

/* Whoever shows the certificate that is to be renewed. */
static ERR_FN
judge_device(struct ctx *cx, const struct peer *peer, struct unit *out)
{
	struct caller caller;
	const struct err *e = holder_judge(cx, peer, &caller);

	if (e == NULL && caller.kind != CALLER_DEVICE)
		e = fail(cx, &ERR_BAD_EVIDENCE,
		    "a registration authority has no evidence");
	if (e == NULL)
		e = attested_by_id(cx, caller.device.birth_id, out);
	if (e == NULL)
		out->by_evidence = false;
	return e;
}

static ERR_FN
judge_caller(struct ctx *cx, const struct peer *peer,
    const struct attested_in *in, bool renews, struct unit *out)
{
	const struct err *e;

	if (renews)
		return judge_device(cx, peer, out);
	if (peer->n == 0)
		return in->client_id == NULL
			   ? fail(cx, &ERR_NO_CLIENT_CERTIFICATE,
				 "neither a certificate nor a client_id")
			   : attested_model(cx, in->client_id, out);
	e = caller_unit(cx, peer, out);
	if (e == NULL && in->client_id != NULL &&
	    strcmp(in->client_id, out->client_id) != 0)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "client_id is not the model's, %s", out->client_id);
	return e;
}

const struct err *
attested_ahead(struct ctx *cx, const struct peer *peer,
    const struct attested_in *in, struct attestation_out *out)
{
	bool renews = in->purpose != NULL && strcmp(in->purpose, "renew") == 0;
	const struct attestation_in evidence = { .format = in->format,
		.evidence = in->evidence,
		.nonce = in->nonce,
		.key = in->key,
		.binding = in->binding,
		.purpose = renews ? HANDLE_RENEW : HANDLE_ENROLL };
	const struct err *e;
	struct key_facts key;
	struct unit unit;

	if (!renews && in->purpose != NULL &&
	    strcmp(in->purpose, "enroll") != 0)
		return fail(cx, &ERR_PURPOSE, "purpose");
	e = key_parse_spki(cx, in->key, &key);
	if (e == NULL)
		e = judge_caller(cx, peer, in, renews, &unit);
	return e != NULL ? e : attestation_seal(cx, &unit, &evidence, out);
}
