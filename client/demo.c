#include "client/demo.h"

#include <inttypes.h>

#include "base/clock.h"
#include "client/demo_parts.h"
#include "client/print.h"

/* ---- steps of the device and its owner */

static const struct err *
attest(struct demo *d)
{
	struct device_result r;
	const struct err *e = device_authorize(d->cx, &d->device, &r);

	if (e != NULL)
		return e;
	if (r.next != DEVICE_DONE)
		return fail(d->cx, &ERR_DEMO, "the service is busy");
	demo_say(d, "device attested by its birth certificate");
	demo_tell("user code %s shown, to be typed at %s",
	    d->device.state.user_code, d->device.state.verification_uri);
	return NULL;
}

static const struct err *
look(struct demo *d)
{
	const struct owner_facts *f = &d->shown.facts;
	const struct err *e = owner_lookup(
	    d->cx, &d->owner, d->device.state.user_code, &d->shown);

	if (e != NULL)
		return e;
	if (f->serial == NULL || strcmp(f->serial, d->serial) != 0)
		return fail(d->cx, &ERR_DEMO, "the facts are of another unit");
	demo_say(d, "owner sees verified facts");
	demo_tell("%s by %s, serial %s", print_safe(d->cx, f->model),
	    print_safe(d->cx, f->manufacturer), f->serial);
	demo_tell("attested by %s, key held in %s; key %.16s...",
	    f->attestation.format, f->attestation.grade, f->key_sha256);
	return NULL;
}

static const struct err *
approve(struct demo *d)
{
	struct owner_decision made;
	const struct err *e;

	e = owner_decide(d->cx, &d->owner, &d->shown, true, &made);
	if (e != NULL)
		return e;
	if (strcmp(made.state, "approved") != 0 || made.device_id == NULL)
		return fail(d->cx, &ERR_DEMO, "state %s", made.state);
	d->device_id = made.device_id;
	demo_say(d, "owner approved: device %s", d->device_id);
	return NULL;
}

/* The device's next poll.  It was told an interval and keeps it, but its
 * first poll may come at once (RFC 8628 section 3.5). */
static const struct err *
poll_token(struct demo *d)
{
	struct device_result r = { .next = DEVICE_WAIT };
	const struct err *e = NULL;

	while (e == NULL && r.next == DEVICE_WAIT) {
		if (r.wait > 0)
			api_wait_ms(r.wait * 1000);
		d->cx->now = clock_now();
		e = device_poll(d->cx, &d->device, &r);
	}
	if (e == NULL && r.next != DEVICE_DONE)
		e = fail(d->cx, &ERR_DEMO, "the code is over");
	if (e == NULL)
		demo_say(d, "device polled: token received, for one "
			    "enrollment of this key");
	return e;
}

/* The certificate's facts, and that they are the approval's. */
static const struct err *
tell_identity(struct demo *d)
{
	struct device_identity who;
	char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
	const struct err *e = device_identity(d->cx, &d->device, &who);

	if (e != NULL)
		return e;
	clock_text(who.not_before, from);
	clock_text(who.not_after, to);
	demo_tell("subject %s", who.subject);
	demo_tell("SAN     URI:%s", who.uri);
	demo_tell("serial  %s", who.serial);
	demo_tell("valid   %s to %s", from, to);
	if (strcmp(who.id, d->device_id) != 0)
		return fail(d->cx, &ERR_DEMO, "this is another device's");
	if (d->cert_serial != NULL && strcmp(who.serial, d->cert_serial) == 0)
		return fail(d->cx, &ERR_DEMO, "this is the old certificate");
	d->cert_serial = who.serial;
	return NULL;
}

static const struct err *
enroll(struct demo *d)
{
	struct device_result r;
	const struct err *e = device_enroll(d->cx, &d->device, &r);

	if (e == NULL && r.next != DEVICE_DONE)
		e = fail(d->cx, &ERR_DEMO, "not yet");
	if (e != NULL)
		return e;
	demo_say(d, "certificate issued");
	return tell_identity(d);
}

static const struct err *
connect_device(struct demo *d)
{
	const struct err *e;

	e = device_connect(d->cx, &d->device, &d->session);
	if (e == NULL)
		demo_say(d, "MQTT connected, subscribed to its own topics");
	return e;
}

static const struct err *
renew(struct demo *d)
{
	struct device_result r;
	const struct err *e = device_renew(d->cx, &d->device, false, &r);

	if (e == NULL && r.next != DEVICE_DONE)
		e = fail(d->cx, &ERR_DEMO, "the service is busy");
	if (e != NULL)
		return e;
	demo_say(d, "renewed: a new key, a new certificate");
	e = tell_identity(d);
	if (e != NULL)
		return e;
	mqtt_close(TAKE(d->session));
	e = device_connect(d->cx, &d->device, &d->session);
	if (e == NULL)
		demo_say(d, "MQTT reconnected with the new certificate");
	return e;
}

/* ---- the end */

static const struct err *
revoke(struct demo *d)
{
	int64_t began = clock_mono_us(), answered, cut;
	const struct err *e = demo_revoke(d);

	if (e != NULL)
		return e;
	answered = clock_mono_us();
	if (!mqtt_ended(d->session, 10000, &cut))
		return fail(d->cx, &ERR_DEMO,
		    "the open session still stands after 10 s");
	demo_say(d, "revoked by the operator (answered after %" PRId64 " ms)",
	    (answered - began) / 1000);
	demo_tell("open broker session cut after %" PRId64 " ms",
	    (cut - began) / 1000);
	return NULL;
}

/* Refused by the plugin, which answers, and not by a broker that is away:
 * the back end's session stands and works. */
static const struct err *
reconnect(struct demo *d)
{
	AUTO_STRUCT(mqtt) *m = NULL;
	const struct err *e = device_connect(d->cx, &d->device, &m);

	if (e == NULL)
		return fail(d->cx, &ERR_DEMO, "the broker let it in");
	if (e != &ERR_MQTT_REFUSED)
		return e;
	e = demo_back_end_works(d);
	if (e == NULL)
		demo_say(d, "reconnect refused: CONNACK not authorized");
	return e;
}

static const struct err *
renew_again(struct demo *d)
{
	struct device_result r = { .request_id = "" };

	return demo_refused(
	    d, &(struct demo_refusal){ .what = "renewal",
		   .e = device_renew(d->cx, &d->device, false, &r),
		   .request_id = r.request_id,
		   .kind = "certificate.refused",
		   .detail = "revoked" });
}

static const struct err *
enroll_again(struct demo *d)
{
	struct device_result r = { .request_id = "" };

	return demo_refused(d, &(struct demo_refusal){ .what = "re-enrollment",
				   .e = device_authorize(d->cx, &d->device, &r),
				   .request_id = r.request_id,
				   .kind = "attestation.refused",
				   .detail = "the unit is revoked" });
}

typedef const struct err *demo_step(struct demo *d);

static demo_step *const steps[] = {
	demo_register,
	demo_make_unit,
	demo_import,
	demo_add_owner,
	attest,
	look,
	approve,
	poll_token,
	enroll,
	connect_device,
	demo_back_end,
	demo_messages,
	renew,
	revoke,
	reconnect,
	renew_again,
	enroll_again,
};

const struct err *
demo_play(struct ctx *cx, const struct demo_place *place)
{
	struct demo d = { .cx = cx, .place = place };
	int64_t began = clock_mono_us();
	const struct err *e = NULL;
	size_t i;

	for (i = 0; e == NULL && i < sizeof(steps) / sizeof(steps[0]); i++) {
		d.step_us = clock_mono_us();
		cx->now = clock_now();
		e = steps[i](&d);
	}
	if (e == NULL)
		printf("the main job holds: %.1f s\n",
		    (double)(clock_mono_us() - began) / 1e6);
	mqtt_close(d.session);
	mqtt_close(d.back);
	keypair_free(d.owner_key);
	device_close(&d.device);
	return e;
}
