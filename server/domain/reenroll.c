#include "domain/reenroll.h"

#include "store/event.h"
#include "store/renewal.h"

static const struct err ERR_RENEWED = { KIND_FORBIDDEN, "renewed-already",
	"This certificate was renewed for another key: repeat that request, "
	"or use its certificate." };

/* The same key again is a lost reply; another one may be a clone (A9). */
static ERR_FN
repeat_renewal(struct ctx *cx, const struct device_caller *device,
    const struct csr *csr, struct est_out *out)
{
	const struct err *e;

	if (bytes_eq(BYTES_OF(device->successor_key_sha256),
		BYTES_OF(csr->key.sha256)))
		return certify_answer(cx, device->successor_der, out);
	e = event_add(cx, &(struct event){ .kind = "device.second_renewal",
			      .device_id = device->device_id });
	return e != NULL ? e
			 : fail(cx, &ERR_RENEWED,
			       "certificate %s has a successor with another "
			       "key",
			       bytes_hex(cx->arena, device->serial));
}

/* What was just stored under us: the same renewal, or the end of trust. */
static ERR_FN
renewed_meanwhile(struct ctx *cx, const struct device_caller *device,
    const struct csr *csr, struct est_out *out)
{
	struct device_caller now = *device;
	struct certificate_state s;
	const struct err *e;

	e = renewal_judge(cx, device->serial, device->not_before, &s);
	if (e != NULL)
		return e;
	if (s.successor_der.n == 0 || s.revoked || !s.device_owned || s.refused)
		return fail(cx, &ERR_NOT_ENROLLED,
		    "certificate %s was just revoked, or the device or key is "
		    "no longer good",
		    bytes_hex(cx->arena, device->serial));
	now.successor_der = s.successor_der;
	memcpy(now.successor_key_sha256, s.successor_key_sha256, 32);
	return repeat_renewal(cx, &now, csr, out);
}

const struct err *
reenroll_device(struct ctx *cx, const struct device_caller *device,
    struct bytes csr_der, struct est_out *out)
{
	struct certificate_new c = { .device_id = device->device_id,
		.predecessor = device->serial,
		.predecessor_not_before = device->not_before };
	struct issue io = { 0 };
	const struct err *e;
	struct csr csr;
	bool issued;

	e = csr_parse(cx, csr_der, &csr);
	if (e != NULL)
		return e;
	if (device->successor_der.n > 0)
		return repeat_renewal(cx, device, &csr, out);
	e = certify_sign(cx, device->profile, &csr, &io, &c);
	if (e == NULL)
		e = renewal_add(cx, &c, &issued);
	if (e != NULL)
		return e;
	if (!issued)
		return renewed_meanwhile(cx, device, &csr, out);
	certify_log(cx, "certificate.renewed", &c);
	return certify_answer(cx, c.der, out);
}
