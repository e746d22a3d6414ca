#include "domain/holder.h"

#include "domain/clone.h"
#include "domain/label.h"
#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "pki/chain.h"
#include "pki/identity.h"
#include "store/event.h"
#include "store/renewal.h"
#include "store/service.h"

const struct err ERR_CERTIFICATE = { KIND_FORBIDDEN, "certificate-refused",
	"The certificate is not accepted here; the operator can find the "
	"reason by the request id." };
/* R4: with the same key and attestation again, which is simpleenroll. */
static const struct err ERR_EXPIRED = { KIND_FORBIDDEN, "certificate-expired",
	"The certificate has expired: come back through simpleenroll, with "
	"the same key and what first proved the device." };

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
	/* Where the label revokes what is superseded, that is no more than a
	 * sign of a clone. */
	if (s->revoked && !s->successor_used)
		return fail(cx, &ERR_CERTIFICATE, "revoked");
	if (!s->device_owned)
		return fail(cx, &ERR_CERTIFICATE, "the ownership has ended");
	if (s->refused)
		return fail(cx, &ERR_CERTIFICATE,
		    "the unit is lost, revoked or decommissioned");
	return NULL;
}

/* Our own leaf: chain, clock and identity, without the database. */
static ERR_FN
judge_leaf(struct ctx *cx, const struct peer *peer, struct cert *leaf,
    struct identity *id)
{
	const struct err *e;

	if (peer->n == 0)
		return fail(
		    cx, &ERR_NO_CLIENT_CERTIFICATE, "no client certificate");
	if (peer->too_long)
		return fail(cx, &ERR_CERTIFICATE,
		    "the client chain is longer than %d", LIMIT_CHAIN);
	e = cert_parse(cx, peer->chain[0], leaf);
	if (e == NULL)
		e = chain_verify(
		    cx, peer->chain, peer->n, cx->svc->own_trust, CHAIN_CLIENT);
	if (e == &ERR_CHAIN_EXPIRED)
		return &ERR_EXPIRED;
	if (e == NULL)
		e = identity_parse(cx, leaf, cx->svc->set.trust_domain, id);
	return e == NULL ? NULL : &ERR_CERTIFICATE;
}

/* Its predecessor is over from now on; a label whose settings are gone
 * revokes nothing. */
static ERR_FN
note_first_use(
    struct ctx *cx, const struct cert *leaf, const struct certificate_state *s)
{
	struct label l;
	const struct err *e = label_get(cx, s->profile, &l);

	if (e != NULL && e != &ERR_NO_LABEL)
		return e;
	return renewal_first_use(cx, leaf->serial, leaf->not_before, s,
	    e == NULL && l.superseded == SUPERSEDED_IS_REVOKED);
}

static void
fill_device(const struct cert *leaf, const struct certificate_state *s,
    struct device_caller *out)
{
	*out = (struct device_caller){
		.device_id = s->device_id,
		.birth_id = s->birth_id,
		.model_id = s->model_id,
		.manufacturer_id = s->manufacturer_id,
		.unit_serial = s->unit_serial,
		.asks_evidence = s->asks_evidence,
		.serial = leaf->serial,
		.der = leaf->der,
		.not_before = leaf->not_before,
		.not_after = leaf->not_after,
		.profile = s->profile,
		.quarantined = s->quarantined,
		.narrowed = s->narrowed,
		.successor = s->successor,
		.successor_der = s->successor_der,
	};
	memcpy(out->key_sha256, s->key_sha256, 32);
	memcpy(out->successor_key_sha256, s->successor_key_sha256, 32);
}

static ERR_FN
judge_device(struct ctx *cx, const struct cert *leaf, const struct identity *id,
    struct device_caller *out)
{
	struct event ev = { .kind = "certificate.refused" };
	struct certificate_state s;
	const struct err *e;

	e = renewal_judge(cx, leaf->serial, leaf->not_before, &s);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_CERTIFICATE, "not in the store");
	if (e != NULL)
		return e;
	ev.birth_id = s.birth_id;
	ev.device_id = s.device_id;
	fill_device(leaf, &s, out);
	e = check_certificate(cx, &s, leaf, id);
	if (e == NULL && s.successor_used)
		return clone_suspected(cx, out, &ERR_CERTIFICATE);
	if (e != NULL)
		return refuse(cx, e, &ev);
	return s.first_use ? note_first_use(cx, leaf, &s) : NULL;
}

/* A service's certificate that carries cmcRA, of a service that still has
 * labels to renew for (A13). */
static ERR_FN
judge_ra(struct ctx *cx, const struct cert *leaf, const struct identity *id,
    struct ra_caller *out)
{
	struct service_holder h;
	const struct err *e;

	if (!leaf->eku_cmc_ra)
		return fail(
		    cx, &ERR_CERTIFICATE, "service %s is no RA", id->id);
	e = service_by_certificate(cx, leaf->serial, &h);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_CERTIFICATE, "not in the store");
	if (e != NULL)
		return e;
	if (strcmp(h.name, id->id) != 0 ||
	    !bytes_eq(BYTES_OF(h.der_sha256), BYTES_OF(leaf->sha256)))
		return fail(cx, &ERR_CERTIFICATE,
		    "not the certificate that was stored under its serial");
	if (h.withdrawn)
		return fail(
		    cx, &ERR_CERTIFICATE, "service %s is withdrawn", h.name);
	*out = (struct ra_caller){
		.service = h.name, .labels = h.ra_labels.v, .n = h.ra_labels.n
	};
	return NULL;
}

const struct err *
holder_judge(struct ctx *cx, const struct peer *peer, struct caller *out)
{
	struct identity id;
	const struct err *e;
	struct cert leaf;

	e = judge_leaf(cx, peer, &leaf, &id);
	if (e != NULL)
		return e;
	if (id.kind == IDENTITY_SERVICE) {
		out->kind = CALLER_RA;
		return judge_ra(cx, &leaf, &id, &out->ra);
	}
	out->kind = CALLER_DEVICE;
	return judge_device(cx, &leaf, &id, &out->device);
}

bool
holder_is_operational(struct ctx *cx, const struct peer *peer)
{
	struct identity id;
	struct cert leaf;

	return peer->n > 0 && judge_leaf(cx, peer, &leaf, &id) == NULL &&
	       id.kind == IDENTITY_DEVICE;
}

bool
holder_key_is_bounded(struct bytes leaf)
{
	return cert_key_is_bounded(leaf);
}

struct bytes
holder_x5t(struct ctx *cx, const struct peer *peer)
{
	uint8_t hash[SHA256_BYTES];

	digest_sha256(peer->chain[0], hash);
	return bytes_dup(cx->arena, BYTES_OF(hash));
}
