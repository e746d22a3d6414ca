#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "client/device_tpm.h"
#include "client/disk.h"

#define STEP_ARENA (16 * (size_t)MIB)

/* Exponential backoff with jitter: many devices that lost the same service
 * do not come back at the same moment. */
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MOST_MS 60000

/* Devices that were told the same time come a little apart. */
#define JITTER_MS 500

/* How long one look for a message takes. */
#define LISTEN_MS 1000

/* Said once connected: devices/<id>/up/hello. */
#define GREETING "hello"

struct life {
	struct ctx *cx; /* of the caller: outlives every step's own */
	struct device *dev;
	const struct device_run *run;
	int backoff_ms;
	int64_t progress_us; /* when something last worked */
	int renewed;
	bool shown; /* the code that is under way was said */
	bool over;
};

static void
say(const struct life *l, const char *text)
{
	if (l->run->say != NULL)
		l->run->say(l->run->arg, text);
}

/* The next pause: between half and all of a step that doubles. */
static int
next_backoff(struct life *l)
{
	int ms = l->backoff_ms;

	if (l->backoff_ms < BACKOFF_MOST_MS)
		l->backoff_ms *= 2;
	return ms / 2 + (int)rng_below((uint32_t)(ms / 2 + 1));
}

static void
worked(struct life *l)
{
	l->backoff_ms = BACKOFF_FIRST_MS;
	l->progress_us = clock_mono_us();
}

/* Pauses after network trouble, or gives up. */
static const struct err *
pause_after(struct ctx *cx, struct life *l, const struct err *e)
{
	int64_t since = (clock_mono_us() - l->progress_us) / 1000000;
	int ms = next_backoff(l);

	if (l->run->patience > 0 && since >= l->run->patience)
		return fail(l->cx, e, "%s", cx->reason);
	say(l, arena_printf(cx->arena, "%s; again in %d ms", cx->reason, ms));
	api_wait_ms(ms);
	return NULL;
}

/* The service is up and has no time: Retry-After, and at least a backoff. */
static const struct err *
pause_busy(struct ctx *cx, struct life *l, const struct device_result *r)
{
	cx->reason = "the service is busy";
	api_wait_ms(r->wait * 1000);
	return pause_after(cx, l, &ERR_UNREACHABLE);
}

/* Takes messages until the certificate is to be renewed. */
static const struct err *
stay_connected(struct ctx *cx, struct life *l, struct mqtt *m)
{
	enum device_phase phase = DEVICE_CONNECT;

	while (phase == DEVICE_CONNECT) {
		AUTO_STRUCT(arena) *a = arena_new(STEP_ARENA);
		struct ctx now = { .arena = a };
		struct mqtt_message msg;
		const struct err *e;
		int64_t at;

		if (mqtt_receive(m, LISTEN_MS, &msg))
			say(l, arena_printf(a, "%s: %.*s", msg.topic,
				   (int)msg.n, (const char *)msg.payload));
		else if (mqtt_ended(m, 0, &at))
			return fail(
			    cx, &ERR_MQTT_LOST, "the broker ended the session");
		/* A session that lasted ends the backoff. */
		worked(l);
		now.now = clock_now();
		e = device_phase(&now, l->dev, &phase);
		if (e != NULL)
			return fail(cx, e, "%s", now.reason);
	}
	return NULL;
}

/* Connects, says hello, and decides whether the life goes on. */
static const struct err *
step_connect(struct ctx *cx, struct life *l)
{
	AUTO_STRUCT(mqtt) *m = NULL;
	struct device_identity who;
	const struct err *e = device_identity(cx, l->dev, &who);

	if (e == NULL)
		e = device_connect(cx, l->dev, &m);
	if (e == NULL)
		e = mqtt_publish(cx, m,
		    arena_printf(
			cx->arena, "devices/%s/up/%s", who.id, GREETING),
		    bytes_str(who.serial));
	if (e != NULL)
		return e;
	say(l, arena_printf(cx->arena, "connected as %s", who.id));
	if (l->run->stay && l->renewed >= l->run->renewals)
		return stay_connected(cx, l, m);
	l->over = l->renewed >= l->run->renewals;
	return NULL;
}

static const struct err *
step_renew(struct ctx *cx, struct life *l, struct device_result *r)
{
	const struct err *e = device_renew(cx, l->dev, false, r);

	if (e == NULL && r->next == DEVICE_DONE)
		l->renewed++;
	return e;
}

/* Shows the code once; again after a restart. */
static const struct err *
show_code(struct ctx *cx, struct life *l)
{
	const struct device_state *s = &l->dev->state;

	const char *text;
	const struct err *e;

	if (l->shown)
		return NULL;
	e = device_code_text(cx, s, l->run->qr, &text);
	if (e != NULL)
		return e;
	say(l, text);
	l->shown = true;
	return NULL;
}

/* One phase; r says how it ended. */
static const struct err *
step(struct ctx *cx, struct life *l, enum device_phase phase,
    struct device_result *r)
{
	const struct device_state *s = &l->dev->state;
	const struct err *e;
	const char *grade;

	switch (phase) {
	case DEVICE_AUTHORIZE:
		l->shown = false;
		e = NULL;
		if (device_has_tpm(l->dev))
			e = device_tpm_attest(cx, l->dev, false, &grade);
		return e != NULL ? e : device_authorize(cx, l->dev, r);
	case DEVICE_POLL:
		e = show_code(cx, l);
		if (e != NULL)
			return e;
		/* Also after a restart: the interval still holds. */
		if (s->poll_at > cx->now) {
			r->next = DEVICE_WAIT;
			r->wait = (int)(s->poll_at - cx->now);
			return NULL;
		}
		return device_poll(cx, l->dev, r);
	case DEVICE_ENROLL:
		e = device_enroll(cx, l->dev, r);
		if (e == NULL && r->next == DEVICE_WAIT && !r->busy)
			say(l, "not claimed yet");
		return e;
	case DEVICE_RENEW:
		return step_renew(cx, l, r);
	case DEVICE_CONNECT:
		/* A renewal that is asked for comes once connected. */
		e = step_connect(cx, l);
		if (e == NULL && l->renewed < l->run->renewals)
			e = step_renew(cx, l, r);
		return e;
	}
	return NULL;
}

/* What is next, once. */
static const struct err *
live_on(struct life *l)
{
	static const char *const names[] = { "authorize", "poll", "enroll",
		"connect", "renew" };
	AUTO_STRUCT(arena) *a = arena_new(STEP_ARENA);
	struct ctx cx = { .arena = a, .now = clock_now() };
	struct device_result r = { .next = DEVICE_DONE };
	enum device_phase phase;
	const struct err *e = device_phase(&cx, l->dev, &phase);

	if (e == NULL)
		e = step(&cx, l, phase, &r);
	if (e == &ERR_UNREACHABLE || e == &ERR_MQTT_LOST)
		return pause_after(&cx, l, e);
	if (e != NULL)
		return fail(l->cx, e, "%s", cx.reason);
	if (r.busy)
		return pause_busy(&cx, l, &r);
	worked(l);
	if (r.next == DEVICE_WAIT)
		api_wait_ms(r.wait * 1000 + (int)rng_below(JITTER_MS));
	else
		say(l, names[phase]);
	return NULL;
}

const struct err *
device_run(struct ctx *cx, struct device *dev, const struct device_run *run)
{
	struct life l = { .cx = cx, .dev = dev, .run = run };
	const struct err *e = NULL;

	worked(&l);
	while (e == NULL && !l.over)
		e = live_on(&l);
	return e;
}
