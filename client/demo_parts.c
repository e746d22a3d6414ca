#include "client/demo_parts.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "client/disk.h"
#include "client/service.h"
#include "pki/cert.h"
#include "pki/maker.h"

#define MAKER "demo-maker"
#define MODEL "demo-lamp"
#define BACK_END "demo-backend"
#define MESSAGE_MS 5000
/* The broker learns of a new service from the feed. */
#define KNOWN_MS 5000

const struct err ERR_DEMO = { KIND_INTERNAL, "demo",
	"A step of the demonstration does not hold." };

void
demo_say(struct demo *d, const char *fmt, ...)
{
	va_list ap;

	printf("%8.1f ms  ", (double)(clock_mono_us() - d->step_us) / 1e3);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	(void)fflush(stdout);
	d->step_us = clock_mono_us();
}

void
demo_tell(const char *fmt, ...)
{
	va_list ap;

	printf("%11s    ", "");
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	(void)fflush(stdout);
}

/* ---- the maker */

struct register_put {
	const char *name, *manufacturer, *certificate, *support_until;
};

static const struct json_field maker_fields[] = {
	JSON_F_STR(register_put, name, LIMIT_NAME, true),
	JSON_END,
};
static const struct json_field anchor_fields[] = {
	JSON_F_STR(register_put, certificate, 16 * KIB, true),
	JSON_END,
};
static const struct json_field model_fields[] = {
	JSON_F_STR(register_put, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(register_put, name, LIMIT_NAME, true),
	JSON_F_STR(register_put, support_until, 16, true),
	JSON_END,
};

static const struct err *
put(struct demo *d, const char *what, const struct json_field *fields,
    const struct register_put *in)
{
	struct register_put copy = *in;
	struct api_shape shape = { fields, &copy };

	return api_json(d->cx, &d->place->admin, what, &shape, NULL);
}

const struct err *
demo_register(struct demo *d)
{
	AUTO_STRUCT(maker) *m = maker_new("Demo Maker", false, d->cx->now);
	const char *dir = disk_in(d->cx, d->place->dir, "maker");
	struct register_put anchor = { .certificate =
					   cert_pem(d->cx, maker_root(m)) };
	char why[256] = "";
	const struct err *e = disk_mkdir(d->cx, dir);

	if (e == NULL && !maker_save(m, dir, why))
		e = fail(d->cx, &ERR_DEMO, "%s", why);
	if (e == NULL)
		e = put(d, "PUT /v1/admin/manufacturers/" MAKER, maker_fields,
		    &(struct register_put){ .name = "Demo Maker" });
	if (e == NULL)
		e = put(d, "POST /v1/admin/manufacturers/" MAKER "/anchors",
		    anchor_fields, &anchor);
	if (e == NULL)
		e = put(d, "PUT /v1/admin/models/" MODEL, model_fields,
		    &(struct register_put){ .manufacturer = MAKER,
			.name = "Demo Lamp",
			.support_until = "2031-12-31" });
	if (e == NULL)
		demo_say(d,
		    "maker %s with its trust anchor and model %s "
		    "registered",
		    MAKER, MODEL);
	return e;
}

const struct err *
demo_make_unit(struct demo *d)
{
	struct device_birth birth = {
		.maker_dir = disk_in(d->cx, d->place->dir, "maker"),
		.client_id = MODEL,
	};
	uint8_t random[6];
	const struct err *e;

	rng_bytes(random, sizeof(random));
	d->serial = arena_printf(
	    d->cx->arena, "DEMO-%s", bytes_hex(d->cx->arena, BYTES_OF(random)));
	birth.serial = d->serial;
	d->device.dir = disk_in(d->cx, d->place->dir, "device");
	d->device.url = d->place->service.url;
	d->device.ca = d->place->admin.ca;
	d->device.mqtt_url = d->place->mqtt_url;
	e = device_make(d->cx, d->device.dir, &birth);
	if (e == NULL)
		e = device_open(d->cx, &d->device);
	if (e == NULL)
		demo_say(
		    d, "unit %s made, with its birth certificate", d->serial);
	return e;
}

struct import_row {
	const char *state;
	int64_t added;
};

static const struct json_field import_fields[] = {
	JSON_F_STR(import_row, state, 16, true),
	JSON_F_INT(import_row, added, 0, true),
	JSON_END,
};

const struct err *
demo_import(struct demo *d)
{
	struct api_request rq = { .method = "PUT", .type = "text/csv" };
	struct api_reply reply = { .status = 0 };
	struct import_row row = { NULL, 0 };
	char id[UUID_TEXT_BYTES];
	const struct err *e;

	rng_uuid(id);
	rq.path = arena_printf(
	    d->cx->arena, "/v1/admin/imports/%s?manufacturer=" MAKER, id);
	rq.body = bytes_str(arena_printf(d->cx->arena,
	    "serial,model,batch,made_at,boot_test\n"
	    "%s," MODEL ",demo-1,2026-11-01,passed\n",
	    d->serial));
	e = api_send(d->cx, &d->place->admin, &rq, &reply);
	if (e == NULL)
		e = api_check(d->cx, &reply);
	if (e == NULL)
		e = json_read_open(d->cx, reply.body, import_fields, &row);
	if (e != NULL)
		return e;
	if (strcmp(row.state, "done") != 0 || row.added != 1)
		return fail(d->cx, &ERR_DEMO, "import %s", row.state);
	demo_say(d, "allowlist imported: one unit");
	return NULL;
}

/* ---- the owner */

struct owner_put {
	const char *name, *app_key;
};

static const struct json_field owner_put_fields[] = {
	JSON_F_STR(owner_put, name, LIMIT_NAME, true),
	JSON_F_STR(owner_put, app_key, 4 * KIB, true),
	JSON_END,
};

struct owner_row {
	const char *id;
};

static const struct json_field owner_fields[] = {
	JSON_F_STR(owner_row, id, 64, true),
	JSON_END,
};

const struct err *
demo_add_owner(struct demo *d)
{
	struct owner_put in = { .name = "Ada" };
	struct owner_row row = { NULL };
	struct api_shape shape = { owner_put_fields, &in };
	struct api_shape out = { owner_fields, &row };
	const struct err *e;

	d->owner_key = keypair_new();
	in.app_key = owner_key_pem(d->cx, d->owner_key);
	e = api_json(
	    d->cx, &d->place->admin, "POST /v1/admin/owners", &shape, &out);
	if (e != NULL)
		return e;
	d->owner = (struct owner_app){ .api = d->place->service,
		.issuer = d->place->issuer,
		.id = row.id,
		.key = d->owner_key };
	demo_say(d, "owner Ada registered with the key of her app");
	return NULL;
}

/* ---- the back end */

/* Connects, again while the broker does not know the service yet. */
static const struct err *
connect_back_end(struct demo *d, const struct mqtt_target *target)
{
	int64_t until = clock_mono_us() + KNOWN_MS * 1000;
	const struct err *e;

	for (;;) {
		e = mqtt_open(d->cx, target, &d->back);
		if (e != &ERR_MQTT_REFUSED || clock_mono_us() > until)
			return e;
		api_wait_ms(50);
	}
}

const struct err *
demo_back_end(struct demo *d)
{
	const char *publish[] = { "devices/+/down/#", "demo/#" };
	const char *subscribe[] = { "devices/+/up/#", "demo/#" };
	struct service_topics topics = { .name = BACK_END,
		.publish = { publish, 2 },
		.subscribe = { subscribe, 2 } };
	struct service_files files;
	struct mqtt_target target = { .url = d->place->mqtt_url,
		.ca = d->place->admin.ca };
	uint8_t random[4];
	const struct err *e;

	e = service_register(
	    d->cx, &d->place->admin, &topics, d->place->dir, &files);
	if (e != NULL)
		return e;
	rng_bytes(random, sizeof(random));
	target.client_id = arena_printf(d->cx->arena, "%s-%s", BACK_END,
	    bytes_hex(d->cx->arena, BYTES_OF(random)));
	target.cert = files.cert;
	target.key = files.key;
	e = connect_back_end(d, &target);
	if (e == NULL)
		e = mqtt_subscribe(d->cx, d->back,
		    arena_printf(
			d->cx->arena, "devices/%s/up/#", d->device_id));
	if (e == NULL)
		e = mqtt_subscribe(d->cx, d->back, "demo/#");
	if (e == NULL)
		demo_say(d, "back end connected with a certificate of its "
			    "own");
	return e;
}

/* One message from one session to the other. */
static const struct err *
pass(struct demo *d, struct mqtt *from, struct mqtt *to, const char *topic)
{
	static const char text[] = "{\"hello\":\"world\"}";
	struct mqtt_message msg;
	const struct err *e = mqtt_publish(d->cx, from, topic, bytes_str(text));

	if (e != NULL)
		return e;
	if (!mqtt_receive(to, MESSAGE_MS, &msg) ||
	    strcmp(msg.topic, topic) != 0 ||
	    !bytes_eq((struct bytes){ msg.payload, msg.n }, bytes_str(text)))
		return fail(d->cx, &ERR_DEMO, "%s did not arrive", topic);
	return NULL;
}

const struct err *
demo_messages(struct demo *d)
{
	const char *up =
	    arena_printf(d->cx->arena, "devices/%s/up/hello", d->device_id);
	const char *down =
	    arena_printf(d->cx->arena, "devices/%s/down/hello", d->device_id);
	const struct err *e = pass(d, d->session, d->back, up);

	if (e != NULL)
		return e;
	demo_say(d, "message from the device to the back end");
	e = pass(d, d->back, d->session, down);
	if (e == NULL)
		demo_say(d, "message from the back end to the device");
	return e;
}

const struct err *
demo_back_end_works(struct demo *d)
{
	return pass(d, d->back, d->back, "demo/still-there");
}

/* ---- the operator */

struct reason {
	const char *reason;
};

static const struct json_field reason_fields[] = {
	JSON_F_STR(reason, reason, LIMIT_NAME, true),
	JSON_END,
};

const struct err *
demo_revoke(struct demo *d)
{
	struct reason in = { "keyCompromise" };
	struct api_shape shape = { reason_fields, &in };

	return api_json(d->cx, &d->place->admin,
	    arena_printf(
		d->cx->arena, "POST /v1/admin/devices/%s/revoke", d->device_id),
	    &shape, NULL);
}

struct event_row {
	const char *kind, *detail;
};

static const struct json_field event_fields[] = {
	JSON_F_STR(event_row, kind, 64, true),
	JSON_F_STR(event_row, detail, 4 * KIB, false),
	JSON_END,
};

struct event_list {
	struct json_list events;
};

static const struct json_field event_list_fields[] = {
	JSON_F_LIST(event_list, events, LIMIT_PAGE, event_row, event_fields),
	JSON_END,
};

/* The operator's record of a refused request. */
static const struct err *
find_record(struct demo *d, const char *request_id, struct event_row *out)
{
	struct event_list list = { { NULL, 0 } };
	struct api_shape shape = { event_list_fields, &list };
	const struct err *e = api_json(d->cx, &d->place->admin,
	    arena_printf(d->cx->arena, "GET /v1/admin/events?request=%s",
		api_escape(d->cx, request_id)),
	    NULL, &shape);

	if (e != NULL)
		return e;
	if (list.events.n != 1)
		return fail(d->cx, &ERR_DEMO, "%zu records of request %s",
		    list.events.n, request_id);
	*out = *(struct event_row *)list.events.v;
	return NULL;
}

const struct err *
demo_refused(struct demo *d, const struct demo_refusal *r)
{
	struct event_row row = { NULL, NULL };
	const struct err *e;

	if (r->e == NULL)
		return fail(d->cx, &ERR_DEMO, "%s was granted", r->what);
	if (r->e != &ERR_REFUSED)
		return r->e;
	e = find_record(d, r->request_id, &row);
	if (e != NULL)
		return e;
	if (strcmp(row.kind, r->kind) != 0 || row.detail == NULL ||
	    strcmp(row.detail, r->detail) != 0)
		return fail(d->cx, &ERR_DEMO,
		    "%s was refused, but the record says %s: %s", r->what,
		    row.kind, row.detail != NULL ? row.detail : "");
	demo_say(d, "%s refused; the operator's record says: %s", r->what,
	    row.detail);
	return NULL;
}
