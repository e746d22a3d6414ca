#include "domain/holder.h"

#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "pki/identity.h"
#include "store/event.h"
#include "store/renewal.h"

static const struct err ERR_CERTIFICATE = { KIND_FORBIDDEN,
	"certificate-refused",
	"The certificate is not accepted here; the operator can find the "
	"reason by the request id." };

/* With a record for the operator, which is owed: should that fail, the
 * sender is told to try again. */
static ERR_FN
refuse(struct ctx *cx, const struct err *e, const struct event *ev)
{
	struct event record = *ev;
	const struct err *failed;

	record.code = e->code;
	record.detail = cx->reason;
	failed = event_add(cx, &record);
	return failed != NULL ? failed : e;
}

/* What the stored row says of a certificate whose mathematics is right. */
static ERR_FN
check_certificate(struct ctx *cx, const struct certificate_state *s,
    const struct cert *leaf, const struct identity *id)
{
	if (strcmp(s->device_id, id->id) != 0 ||
	    !bytes_eq(BYTES_OF(s->der_sha256), BYTES_OF(leaf->sha256)))
		return fail(cx, &ERR_CERTIFICATE,
		    "not the certificate that was stored under its serial");
	if (s->revoked)
		return fail(cx, &ERR_CERTIFICATE, "revoked");
	if (!s->device_owned)
		return fail(cx, &ERR_CERTIFICATE, "the ownership has ended");
	if (s->refused)
		return fail(cx, &ERR_CERTIFICATE,
		    "the unit is lost, revoked or decommissioned");
	if (s->successor_used)
		return fail(cx, &ERR_CERTIFICATE,
		    "superseded: its successor is in use, so this may be a "
		    "clone (A9)");
	return NULL;
}

/* Our own leaf: chain, clock and identity, without the database. */
static ERR_FN
judge_leaf(struct ctx *cx, const struct peer *peer, struct cert *leaf,
    struct identity *id)
{
	const struct err *e;

	if (peer->too_long)
		return fail(cx, &ERR_CERTIFICATE,
		    "the client chain is longer than %d", LIMIT_CHAIN);
	e = cert_parse(cx, peer->chain[0], leaf);
	if (e == NULL)
		e = chain_verify(
		    cx, peer->chain, peer->n, cx->svc->own_trust, CHAIN_CLIENT);
	if (e == NULL)
		e = identity_parse(cx, leaf, id);
	if (e == NULL && id->kind != IDENTITY_DEVICE)
		e = fail(cx, &ERR_CERTIFICATE, "not a device's certificate");
	return e == NULL ? NULL : &ERR_CERTIFICATE;
}

const struct err *
holder_device(
    struct ctx *cx, const struct peer *peer, struct device_caller *out)
{
	struct event ev = { .kind = "certificate.refused" };
	struct certificate_state s;
	struct identity id;
	const struct err *e;
	struct cert leaf;

	if (peer->n == 0)
		return fail(
		    cx, &ERR_NO_CLIENT_CERTIFICATE, "no client certificate");
	e = judge_leaf(cx, peer, &leaf, &id);
	if (e != NULL)
		return e;
	e = renewal_judge(cx, leaf.serial, leaf.not_before, &s);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_CERTIFICATE, "not in the store");
	if (e != NULL)
		return e;
	ev.birth_id = s.birth_id;
	ev.device_id = s.device_id;
	e = check_certificate(cx, &s, &leaf, &id);
	if (e != NULL)
		return refuse(cx, e, &ev);
	if (s.first_use) {
		e = renewal_first_use(
		    cx, leaf.serial, leaf.not_before, &s, false);
		if (e != NULL)
			return e;
	}
	*out = (struct device_caller){
		.device_id = s.device_id,
		.serial = leaf.serial,
		.not_before = leaf.not_before,
		.profile = s.profile,
		.successor_der = s.successor_der,
	};
	memcpy(out->successor_key_sha256, s.successor_key_sha256, 32);
	return NULL;
}

bool
holder_is_operational(struct ctx *cx, const struct peer *peer)
{
	struct identity id;
	struct cert leaf;

	return peer->n > 0 && judge_leaf(cx, peer, &leaf, &id) == NULL;
}
