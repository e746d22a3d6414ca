#include "domain/reenroll.h"

#include "domain/attested.h"
#include "domain/csrattrs.h"
#include "domain/label.h"
#include "domain/label_rule.h"
#include "domain/link.h"
#include "domain/proved.h"
#include "pki/csr_names.h"
#include "store/event.h"
#include "store/renewal.h"
#include "store/set_reenroll.h"

/* An RA that did not get its answer asks again within that time; the device
 * itself shows by its first use that it has the certificate. */
#define RA_REPEAT_SECONDS 600

static const struct err ERR_RENEWED = { KIND_FORBIDDEN, "renewed-already",
	"This certificate was renewed for another key: repeat that request, "
	"or use its certificate." };
static const struct err ERR_OTHER_NAMES = { KIND_FORBIDDEN, "other-names",
	"A renewal keeps subject and names: send those of the certificate, "
	"or none." };
static const struct err ERR_SAME_KEY = { KIND_FORBIDDEN, "same-key",
	"This profile wants a new key for each certificate." };
static const struct err ERR_NEW_KEY = { KIND_FORBIDDEN, "new-key",
	"This profile renews certificates for their own key alone." };
static const struct err ERR_MEANWHILE = { KIND_UNAVAILABLE, "changed-meanwhile",
	"The device's state was just changed; try again." };
static const struct err ERR_EARLY = { KIND_BUSY, "renewal-too-early",
	"This certificate need not be renewed yet: come back after "
	"Retry-After." };

/* A renewal that is asked for: from which certificate, and by whom. */
struct renewal {
	const struct device_caller *from;
	const char *ra;       /* or NULL */
	const char *handle;   /* of evidence, or NULL */
	struct bytes binding; /* of the device's connection, or empty */
	/* The state of one that was not shown in use before; NULL if it was */
	const struct certificate_state *unused;
	struct csr csr;
	struct label label;   /* the device's own: what is asked of it */
	struct label becomes; /* what its certificate becomes */
};

/* Another key than the successor's, which nobody has used: as likely a device
 * that lost its reply, and its new key with it, as a clone.  Whoever has the
 * successor will use it, and what comes from the old one after that is a sign
 * (A9). */
static ERR_FN
refuse_other_key(struct ctx *cx, const struct device_caller *device)
{
	const struct err *refusal = fail(cx, &ERR_RENEWED,
	    "certificate %s has the successor %s, for another key",
	    bytes_hex(cx->arena, device->serial),
	    bytes_hex(cx->arena, device->successor));
	const struct err *e =
	    event_add(cx, &(struct event){ .kind = "device.renewed_already",
			      .birth_id = device->birth_id,
			      .device_id = device->device_id,
			      .code = refusal->code,
			      .detail = cx->reason });

	return e != NULL ? e : refusal;
}

/* The same key again is a lost reply (A9). */
static ERR_FN
repeat_renewal(struct ctx *cx, const struct renewal *r,
    const struct device_caller *device, struct est_out *out)
{
	if (bytes_eq(BYTES_OF(device->successor_key_sha256),
		BYTES_OF(r->csr.key.sha256)))
		return certify_answer(cx, device->successor_der, out);
	/* An RA proves nothing of the device's key (A10). */
	if (r->ra != NULL)
		return fail(cx, &ERR_RENEWED, "renewed a moment ago");
	return refuse_other_key(cx, device);
}

/* What was just stored under us: the same renewal, or the end of trust. */
static ERR_FN
renewed_meanwhile(struct ctx *cx, const struct renewal *r, struct est_out *out)
{
	struct device_caller now = *r->from;
	struct certificate_state s;
	const struct err *e;

	e = renewal_judge(cx, now.serial, now.not_before, &s);
	if (e != NULL)
		return e;
	if (s.quarantined != now.quarantined)
		return fail(cx, &ERR_MEANWHILE,
		    "device %s just entered quarantine or left it",
		    now.device_id);
	if (s.successor_der.n == 0 || s.revoked || !s.device_owned || s.refused)
		return fail(cx, &ERR_NOT_ENROLLED,
		    "certificate %s was just revoked, or the device or key is "
		    "no longer good",
		    bytes_hex(cx->arena, now.serial));
	now.successor = s.successor;
	now.successor_der = s.successor_der;
	memcpy(now.successor_key_sha256, s.successor_key_sha256, 32);
	return repeat_renewal(cx, r, &now, out);
}

/* The same key renews, another one rekeys; the label may want one of them. */
static ERR_FN
check_key(struct ctx *cx, const struct renewal *r)
{
	bool same = bytes_eq(
	    BYTES_OF(r->from->key_sha256), BYTES_OF(r->csr.key.sha256));

	if (same && r->label.renew_key == RENEW_NEW_KEY)
		return fail(cx, &ERR_SAME_KEY, "label %s", r->label.name);
	if (!same && r->label.renew_key == RENEW_SAME_KEY)
		return fail(cx, &ERR_NEW_KEY, "label %s", r->label.name);
	return NULL;
}

/* Names are ours to give: a request may repeat them or say none (RFC 7030
 * section 4.2.2); what RFC 6402 calls a wish for others is refused. */
static ERR_FN
check_names(struct ctx *cx, const struct renewal *r)
{
	bool same;
	const struct err *e = csr_names_match(cx, &r->csr, r->from->der, &same);

	return e != NULL || same
		   ? e
		   : fail(cx, &ERR_OTHER_NAMES,
			 "the request is for other names than certificate %s",
			 bytes_hex(cx->arena, r->from->serial));
}

static ERR_FN
check_age(struct ctx *cx, const struct renewal *r)
{
	const struct device_caller *from = r->from;
	int64_t from_then_on =
	    from->not_before +
	    (from->not_after - from->not_before) * r->label.renew_after / 100;
	const struct err *e;
	bool hastened;

	/* Whoever enters quarantine or leaves it does so at once. */
	if (cx->now >= from_then_on || from->quarantined != from->narrowed)
		return NULL;
	e = set_reenroll_hastens(cx, from->serial, from->not_before, &hastened);
	if (e != NULL || hastened)
		return e;
	cx->retry_after = (int)(from_then_on - cx->now);
	return fail(cx, &ERR_EARLY, "%d s before %lld %% of its life",
	    cx->retry_after, (long long)r->label.renew_after);
}

/* In quarantine the certificate looks as that label says; who signs it, what
 * kind of id it has and where to ask about it stays (R5). */
static ERR_FN
find_becomes(struct ctx *cx, struct renewal *r)
{
	struct profile own = r->label.cert;
	const struct err *e;

	r->becomes = r->label;
	if (!r->from->quarantined)
		return NULL;
	e = label_get(cx, QUARANTINE_LABEL, &r->becomes);
	if (e != NULL)
		return e;
	r->becomes.issuer = r->label.issuer;
	r->becomes.key_types = r->label.key_types;
	r->becomes.rsa_bits = r->label.rsa_bits;
	r->becomes.cert.spiffe_domain = own.spiffe_domain;
	r->becomes.cert.ocsp_url = own.ocsp_url;
	r->becomes.cert.ca_issuers_url = own.ca_issuers_url;
	r->becomes.cert.crl_url = own.crl_url;
	return NULL;
}

/* Reads the label, which renews nobody once it was withdrawn, and refuses
 * what lacks something that it asks for, and other names. */
static ERR_FN
check_renewal(struct ctx *cx, struct renewal *r)
{
	const struct err *e = label_get(cx, r->from->profile, &r->label);

	if (e == NULL)
		e = find_becomes(cx, r);
	if (e == NULL)
		e = csrattrs_check(cx, &r->label, &r->csr);
	return e != NULL ? e : check_names(cx, r);
}

/* A renewal ends the predecessor of what is renewed.  Asked once nothing is
 * left that refuses: a refusal changes nothing. */
static ERR_FN
note_first_use(struct ctx *cx, const struct renewal *r)
{
	if (r->unused == NULL)
		return NULL;
	return renewal_first_use(cx, r->from->serial, r->from->not_before,
	    r->unused, r->label.superseded == SUPERSEDED_IS_REVOKED);
}

/* What is said of the unit is judged, also where nobody asked for it. */
static ERR_FN
judge_evidence(struct ctx *cx, const struct renewal *r)
{
	const struct attestation_in in = { .handle = r->handle,
		.format = r->csr.evidence.format,
		.evidence = r->csr.evidence.evidence,
		.nonce = r->csr.evidence.nonce,
		.key = r->csr.spki,
		.binding = r->binding,
		.purpose = HANDLE_RENEW };
	struct attested attested;
	const struct err *e;
	struct unit unit;

	if (in.handle == NULL && in.format == NULL)
		return NULL;
	e = attested_by_id(cx, r->from->birth_id, &unit);
	if (e != NULL)
		return e;
	unit.by_evidence = false;
	return attestation_judge(cx, &unit, &in, &attested);
}

static ERR_FN
renew(struct ctx *cx, const struct renewal *r, struct est_out *out)
{
	struct certificate_new c = { .device_id = r->from->device_id,
		.predecessor = r->from->serial,
		.predecessor_not_before = r->from->not_before,
		.ra = r->ra };
	struct issue io = { .model = r->from->model_id,
		.manufacturer = r->from->manufacturer_id,
		.unit_serial = r->from->unit_serial };
	const struct err *e;
	bool issued;

	e = check_age(cx, r);
	if (e == NULL)
		e = judge_evidence(cx, r);
	if (e == NULL && r->from->asks_evidence)
		e = proved_check_renewal(cx, r->from->birth_id);
	if (e == NULL)
		e = certify_sign(cx, &r->becomes, &r->csr, &io, &c);
	if (e == NULL)
		e = note_first_use(cx, r);
	if (e == NULL)
		e = renewal_add(cx, &c, &issued);
	if (e != NULL)
		return e;
	if (!issued)
		return renewed_meanwhile(cx, r, out);
	certify_log(cx, "certificate.renewed", io.model, &c);
	return certify_answer(cx, c.der, out);
}

const struct err *
reenroll_device(struct ctx *cx, const struct device_caller *device,
    const struct reenroll_in *in, struct est_out *out)
{
	struct renewal r = {
		.from = device, .handle = in->handle, .binding = in->binding
	};
	const struct err *e;

	e = csr_parse(cx, in->csr_der, &r.csr);
	if (e == NULL)
		e = check_renewal(cx, &r);
	if (e == NULL)
		e = link_check(cx, &r.label, &r.csr, in->binding);
	if (e == NULL)
		e = check_key(cx, &r);
	if (e != NULL)
		return e;
	if (device->successor_der.n > 0)
		return repeat_renewal(cx, &r, device, out);
	return renew(cx, &r, out);
}

static bool
may_renew(const struct ra_caller *ra, const char *label)
{
	size_t i;

	for (i = 0; i < ra->n; i++)
		if (strcmp(ra->labels[i], label) == 0)
			return true;
	return false;
}

/* The newest certificate of the device that the request names, as if that
 * device had shown it. */
static ERR_FN
find_newest(struct ctx *cx, const struct ra_caller *ra, const struct csr *csr,
    struct certificate_latest *c, struct certificate_state *s)
{
	const char *id = csr_names_device(cx, csr);
	const struct err *e;

	if (id == NULL)
		return fail(
		    cx, &ERR_NOT_ENROLLED, "the request names no device");
	e = certificate_newest(cx, id, c);
	if (e == &ERR_NOT_FOUND)
		return fail(
		    cx, &ERR_NOT_ENROLLED, "device %s has no certificate", id);
	if (e == NULL && !may_renew(ra, c->profile))
		return fail(cx, &ERR_NOT_ENROLLED,
		    "%s does not renew for label %s", ra->service, c->profile);
	if (e == NULL)
		e = renewal_judge(cx, c->serial, c->not_before, s);
	if (e != NULL)
		return e;
	if (s->revoked || !s->device_owned || s->refused)
		return fail(cx, &ERR_NOT_ENROLLED,
		    "device %s or its certificate is no longer good", id);
	return NULL;
}

static struct device_caller
device_of(const struct certificate_latest *c, const struct certificate_state *s)
{
	struct device_caller device = {
		.device_id = s->device_id,
		.birth_id = s->birth_id,
		.model_id = s->model_id,
		.manufacturer_id = s->manufacturer_id,
		.unit_serial = s->unit_serial,
		.asks_evidence = s->asks_evidence,
		.serial = c->serial,
		.der = c->der,
		.not_before = c->not_before,
		.not_after = c->not_after,
		.profile = c->profile,
		.quarantined = s->quarantined,
		.narrowed = c->narrowed,
	};

	memcpy(device.key_sha256, c->key_sha256, 32);
	return device;
}

/* Whether this is what the RA got a moment ago, and did not receive. */
static bool
was_just_renewed(const struct ctx *cx, const struct renewal *r,
    const struct certificate_state *s)
{
	return s->first_use &&
	       cx->now < r->from->not_before + r->label.cert.backdate +
			     RA_REPEAT_SECONDS &&
	       bytes_eq(
		   BYTES_OF(r->from->key_sha256), BYTES_OF(r->csr.key.sha256));
}

const struct err *
reenroll_by_ra(struct ctx *cx, const struct ra_caller *ra, struct bytes csr_der,
    struct est_out *out)
{
	struct device_caller device;
	struct renewal r = { .from = &device, .ra = ra->service };
	struct certificate_latest newest;
	struct certificate_state s;
	const struct err *e;

	e = csr_parse(cx, csr_der, &r.csr);
	if (e == NULL)
		e = find_newest(cx, ra, &r.csr, &newest, &s);
	if (e != NULL)
		return e;
	device = device_of(&newest, &s);
	e = label_rule_device(cx, &device, ra->label);
	if (e == NULL)
		e = check_renewal(cx, &r);
	if (e != NULL)
		return e;
	if (was_just_renewed(cx, &r, &s))
		return certify_answer(cx, newest.der, out);
	r.unused = s.first_use ? &s : NULL;
	e = check_key(cx, &r);
	return e != NULL ? e : renew(cx, &r, out);
}
