#include "client/drill.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "client/disk.h"
#include "client/drill_parts.h"
#include "client/print.h"
#include "pki/cert.h"
#include "pki/ocsp_ask.h"

/* How long a door may stay open, and how often it is tried. */
#define PATIENCE_MS 60000
#define AGAIN_MS 10
#define CHAIN_BYTES (64 * KIB)

static const struct json_field times_fields[] = {
	JSON_F_STR(drill_times, until, 32, true),
	JSON_F_INT(drill_times, p50_us, 0, true),
	JSON_F_INT(drill_times, p90_us, 0, true),
	JSON_F_INT(drill_times, p99_us, 0, true),
	JSON_F_INT(drill_times, max_us, 0, true),
	JSON_END,
};

const struct json_field drill_report_fields[] = {
	JSON_F_STR(drill_report, run, 16, true),
	JSON_F_INT(drill_report, devices, 0, true),
	JSON_F_INT(drill_report, within_ms, 0, true),
	JSON_F_INT(drill_report, late, 0, true),
	JSON_F_INT(drill_report, unfollowed, 0, true),
	JSON_F_INT(drill_report, admitted, 0, true),
	JSON_F_INT(drill_report, let_in, 0, true),
	JSON_F_LIST(
	    drill_report, times, DRILL_MARKS + 1, drill_times, times_fields),
	JSON_END,
};

/* ---- the doors: each says whether it was refused this time */

typedef const struct err *
door(struct drill *d, struct ctx *cx, struct drill_unit *u, bool *refused);

static const struct err *
try_connect(
    struct drill *d, struct ctx *cx, struct drill_unit *u, bool *refused)
{
	struct mqtt_target target = { .url = u->device.mqtt_url,
		.ca = u->device.ca,
		.cert = device_path(cx, &u->device, "op.crt"),
		.key = device_path(cx, &u->device, "op.key"),
		.client_id = u->id };
	size_t seat;
	const struct err *e = crowd_join(cx, d->crowd, &target, &seat);

	*refused = e == &ERR_MQTT_REFUSED;
	if (e == NULL) {
		if (u->unfollowed)
			d->admitted++;
		else
			d->let_in++;
		crowd_leave(d->crowd, seat);
	}
	/* A broker that is busy has said neither yes nor no. */
	return *refused || e == &ERR_MQTT_LOST ? NULL : e;
}

/* Its certificate and the one above it. */
static const struct err *
read_chain(struct ctx *cx, const struct drill_unit *u, struct ocsp_ask *ask)
{
	struct bytes pem, ders[LIMIT_CHAIN];
	const struct err *e;
	size_t n;

	e = disk_read(
	    cx, device_path(cx, &u->device, "op.crt"), CHAIN_BYTES, &pem);
	if (e == NULL)
		e = cert_read_pem(cx, pem, ders, LIMIT_CHAIN, &n);
	if (e == NULL && n < 2)
		e = fail(cx, &ERR_DRILL, "its certificate has no issuer");
	if (e == NULL)
		*ask = (struct ocsp_ask){ .leaf = ders[0], .issuer = ders[1] };
	return e;
}

static const struct err *
try_ocsp(struct drill *d, struct ctx *cx, struct drill_unit *u, bool *refused)
{
	struct api_request rq = { .method = "POST",
		.path = "/ocsp",
		.type = "application/ocsp-request" };
	struct api_reply reply = { 0 };
	enum ocsp_state state = OCSP_UNKNOWN;
	struct ocsp_ask ask;
	const struct err *e = read_chain(cx, u, &ask);

	if (e == NULL)
		e = ocsp_ask_make(cx, &ask);
	if (e != NULL)
		return e;
	rq.body = ask.request;
	e = api_send(cx, &d->order->service, &rq, &reply);
	if (e == NULL)
		e = api_check(cx, &reply);
	if (e == NULL)
		e = ocsp_ask_read(cx, &ask, reply.body, &state);
	*refused = e == NULL && state == OCSP_REVOKED;
	if (e == NULL && !*refused && !u->unfollowed)
		d->let_in++;
	return e;
}

struct state {
	const char *state;
};

static const struct json_field state_fields[] = {
	JSON_F_STR(state, state, 16, true),
	JSON_END,
};

static const struct err *
try_status(struct drill *d, struct ctx *cx, struct drill_unit *u, bool *refused)
{
	struct state is = { NULL };
	struct api_shape shape = { state_fields, &is };
	const struct err *e = drill_call(d, cx,
	    arena_printf(
		cx->arena, "GET /v1/admin/certificates/%s", u->certificate),
	    NULL, &shape);

	*refused = e == NULL && strcmp(is.state, "revoked") == 0;
	if (e == NULL && !*refused)
		d->let_in++;
	return e;
}

static const struct err *
try_renew(struct drill *d, struct ctx *cx, struct drill_unit *u, bool *refused)
{
	struct device_result r = { .next = DEVICE_DONE };
	const struct err *e = device_renew(cx, &u->device, false, &r);

	if (e == NULL && r.next == DEVICE_DONE)
		d->let_in++;
	*refused = e == &ERR_REFUSED;
	return *refused ? NULL : e;
}

/* With the key it has, and once that is refused with a new one. */
static const struct err *
try_enroll(struct drill *d, struct ctx *cx, struct drill_unit *u, bool *refused)
{
	struct device_result r = { .next = DEVICE_DONE };
	const struct err *e = device_enroll(cx, &u->device, &r);

	if (e == NULL && r.next == DEVICE_DONE)
		d->let_in++;
	*refused = e == &ERR_REFUSED;
	return *refused ? NULL : e;
}

/* ---- one device */

static const struct err *
until_refused(struct drill *d, struct ctx *cx, struct drill_unit *u, door *at,
    const char *what)
{
	int64_t until = clock_mono_us() + PATIENCE_MS * INT64_C(1000);
	bool refused = false;
	const struct err *e = at(d, cx, u, &refused);

	while (e == NULL && !refused) {
		if (clock_mono_us() > until)
			return fail(cx, &ERR_DRILL,
			    "revoked a minute ago: %s is not refused", what);
		api_wait_ms(AGAIN_MS);
		e = at(d, cx, u, &refused);
	}
	return e;
}

static const struct err *
revoke(struct drill *d, struct ctx *cx, const struct drill_unit *u)
{
	struct reason {
		const char *reason;
	} in = { "cessationOfOperation" };
	static const struct json_field fields[] = {
		JSON_F_STR(reason, reason, LIMIT_NAME, true),
		JSON_END,
	};
	struct api_shape shape = { fields, &in };

	return drill_call(d, cx,
	    arena_printf(cx->arena, "POST /v1/admin/devices/%s/revoke", u->id),
	    &shape, NULL);
}

/* What no earlier drill and no other operator may have done. */
static const struct err *
still_stands(struct drill *d, struct ctx *cx, const struct drill_unit *u)
{
	int64_t at;

	return crowd_ended(d->crowd, u->seat, 0, &at)
		   ? fail(cx, &ERR_DRILL,
			 "its session ended before it was revoked")
		   : NULL;
}

static const struct err *
try_doors(struct drill *d, struct ctx *cx, struct drill_unit *u, int64_t began)
{
	static const struct {
		enum drill_mark mark;
		door *at;
		const char *what;
	} doors[] = {
		{ DRILL_CONNECT, try_connect, "a new session" },
		{ DRILL_OCSP, try_ocsp, "the certificate by OCSP" },
		{ DRILL_STATUS, try_status, "the certificate" },
		{ DRILL_RENEW, try_renew, "a renewal" },
		{ DRILL_ENROLL, try_enroll, "an enrollment" },
	};
	const struct err *e = NULL;
	size_t i;

	for (i = 0; e == NULL && i < sizeof(doors) / sizeof(doors[0]); i++) {
		e = until_refused(d, cx, u, doors[i].at, doors[i].what);
		u->us[doors[i].mark] = clock_mono_us() - began;
	}
	return e;
}

static const struct err *
revoke_and_try(struct drill *d, struct ctx *cx, struct drill_unit *u)
{
	const struct err *e = still_stands(d, cx, u);
	int64_t began = clock_mono_us(), cut;

	if (e == NULL)
		e = revoke(d, cx, u);
	u->us[DRILL_ANSWERED] = clock_mono_us() - began;
	if (e != NULL)
		return e;
	u->unfollowed = d->unfollowed;
	d->unfollowed_calls += u->unfollowed;
	e = try_doors(d, cx, u, began);
	if (e == NULL && !crowd_ended(d->crowd, u->seat, PATIENCE_MS, &cut))
		e = fail(cx, &ERR_DRILL,
		    "revoked a minute ago: its session still stands");
	if (e != NULL)
		return e;
	u->us[DRILL_CUT] = cut - began;
	u->us[DRILL_MARKS] = u->us[DRILL_ENROLL] > u->us[DRILL_CUT]
				 ? u->us[DRILL_ENROLL]
				 : u->us[DRILL_CUT];
	crowd_leave(d->crowd, u->seat);
	return NULL;
}

/* ---- all of them */

static int
by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Nearest rank: the smallest time that so many percent did not exceed. */
static int64_t
at_percent(const int64_t *sorted, size_t n, size_t percent)
{
	size_t rank = (n * percent + 99) / 100;

	return sorted[rank - 1];
}

static void
count_times(struct drill *d, struct drill_report *r)
{
	static const char *const until[DRILL_MARKS + 1] = { "answered",
		"session cut", "reconnect refused", "OCSP revoked",
		"status revoked", "renewal refused", "enrollment refused",
		"last of them" };
	size_t n = d->order->count, i, m;
	int64_t *all = mem_new(n, sizeof(*all));

	for (m = 0; m <= DRILL_MARKS; m++) {
		for (i = 0; i < n; i++)
			all[i] = d->units[i].us[m];
		qsort(all, n, sizeof(*all), by_size);
		r->marks[m] = (struct drill_times){ until[m],
			at_percent(all, n, 50), at_percent(all, n, 90),
			at_percent(all, n, 99), all[n - 1] };
	}
	for (i = 0; i < n; i++)
		if (r->within_ms > 0 && all[i] > r->within_ms * 1000)
			r->late++;
	r->times = (struct json_list){ r->marks, DRILL_MARKS + 1 };
	mem_free(all);
}

static void
name_all(struct drill *d)
{
	uint8_t random[4];
	size_t i;

	rng_bytes(random, sizeof(random));
	(void)snprintf(d->run, sizeof(d->run), "drill-%s",
	    bytes_hex(d->cx->arena, BYTES_OF(random)));
	d->maker = disk_in(d->cx, d->order->dir, "maker");
	d->home = disk_in(d->cx, d->order->dir, d->run);
	for (i = 0; i < d->order->count; i++) {
		struct drill_unit *u = &d->units[i];

		(void)snprintf(u->serial, sizeof(u->serial), "DRILL-%s-%05zu",
		    d->run + strlen("drill-"), i + 1);
		u->dir = disk_in(d->cx, d->home, u->serial);
	}
}

static const struct err *
play(struct drill *d)
{
	const struct err *e = drill_prepare(d), *ended;

	if (e == NULL)
		e = drill_make(d);
	if (e == NULL)
		e = drill_each(d, "enrolled and connected", drill_join);
	if (e == NULL)
		e = drill_each(d, "revoked and tried", revoke_and_try);
	if (e == NULL) {
		ended = drill_end(d);
	} else {
		/* Its own reason is the one to be told. */
		struct ctx *cx = d->cx, other = *cx;

		d->cx = &other;
		ended = drill_end(d);
		d->cx = cx;
	}
	return e != NULL ? e : ended;
}

const struct err *
drill_play(struct ctx *cx, const struct drill_order *order,
    struct drill_report *report)
{
	struct drill d = { .cx = cx, .order = order };
	const struct err *e;
	size_t i;

	/* While one is tried, its old session and a new one may stand. */
	e = crowd_new(cx, order->count + 1, &d.crowd);
	if (e != NULL)
		return e;
	d.units = mem_new(order->count, sizeof(*d.units));
	name_all(&d);
	e = play(&d);
	print_progress_end();
	*report = (struct drill_report){ .run = arena_strdup(cx->arena, d.run),
		.devices = (int64_t)order->count,
		.within_ms = order->within_ms,
		.unfollowed = d.unfollowed_calls,
		.admitted = d.admitted,
		.let_in = d.let_in };
	if (e == NULL)
		count_times(&d, report);
	crowd_free(d.crowd);
	for (i = 0; i < order->count; i++)
		if (d.units[i].opened)
			device_close(&d.units[i].device);
	mem_free(d.units);
	return e;
}
