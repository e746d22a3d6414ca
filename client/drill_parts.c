#include "client/drill_parts.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "client/disk.h"
#include "client/print.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "pki/key.h"
#include "pki/maker.h"

/* The maker's, the model's and the label's id. */
#define DRILL "latchkey-drill"
#define MAKER_NAME "Revocation drill"
#define STEP_ARENA (4 * (size_t)MIB)
#define LINE_BYTES 256
#define PROGRESS_US 1000000
#define BUSY_SECONDS 60

const struct err ERR_DRILL = { KIND_INTERNAL, "drill",
	"The drill cannot go on." };

const struct err *
drill_call(struct drill *d, struct ctx *cx, const char *what,
    const struct api_shape *in, const struct api_shape *out)
{
	struct api api = d->order->admin;

	d->unfollowed = false;
	api.unfollowed = &d->unfollowed;
	return api_json(cx, &api, what, in, out);
}

static void
show_progress(struct drill *d, const char *doing, size_t done)
{
	char line[96];

	if (clock_mono_us() - d->said_us < PROGRESS_US)
		return;
	(void)snprintf(
	    line, sizeof(line), "%s %zu of %zu", doing, done, d->order->count);
	print_progress(line);
	d->said_us = clock_mono_us();
}

const struct err *
drill_each(struct drill *d, const char *doing, drill_step *step)
{
	const struct err *e = NULL;
	size_t i;

	for (i = 0; e == NULL && i < d->order->count; i++) {
		AUTO_STRUCT(arena) *a = arena_new(STEP_ARENA);
		struct ctx cx = { .arena = a, .now = clock_now() };

		e = step(d, &cx, &d->units[i]);
		if (e != NULL)
			return fail(d->cx, e, "%s: %s", d->units[i].serial,
			    cx.reason != NULL ? cx.reason : e->title);
		show_progress(d, doing, i + 1);
	}
	return e;
}

/* ---- registered once */

struct drill_put {
	const char *name, *manufacturer, *profile, *certificate;
	const char *description, *owner_approval;
	struct json_strs authentication;
};

static const struct json_field maker_fields[] = {
	JSON_F_STR(drill_put, name, LIMIT_NAME, true),
	JSON_END,
};
static const struct json_field anchor_fields[] = {
	JSON_F_STR(drill_put, certificate, 16 * KIB, true),
	JSON_END,
};
static const struct json_field label_fields[] = {
	JSON_F_STR(drill_put, description, LIMIT_NAME, true),
	JSON_F_STRS(drill_put, authentication, 1, 16, true),
	JSON_F_STR(drill_put, owner_approval, 16, true),
	JSON_END,
};
static const struct json_field model_fields[] = {
	JSON_F_STR(drill_put, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(drill_put, name, LIMIT_NAME, true),
	JSON_F_STR(drill_put, profile, LIMIT_SLUG, true),
	JSON_END,
};

static const struct err *
put(struct drill *d, const char *what, const struct json_field *fields,
    const struct drill_put *in)
{
	struct drill_put copy = *in;
	struct api_shape shape = { fields, &copy };

	return drill_call(d, d->cx, what, &shape, NULL);
}

/* The CA that signs the units' birth certificates: of this and of later
 * drills, so that its anchor is registered once. */
static const struct err *
open_maker(struct drill *d, struct maker **out)
{
	char why[256] = "";
	const struct err *e;

	if (disk_exists(d->maker)) {
		*out = maker_load(d->maker, why);
		return *out != NULL ? NULL : fail(d->cx, &ERR_DRILL, "%s", why);
	}
	e = disk_mkdir(d->cx, d->maker);
	if (e != NULL)
		return e;
	*out = maker_new(MAKER_NAME, false, d->cx->now);
	return maker_save(*out, d->maker, why)
		   ? NULL
		   : fail(d->cx, &ERR_DRILL, "%s", why);
}

static const struct err *
put_all(struct drill *d, const struct maker *m)
{
	static const char *birth[] = { "birth" };
	struct drill_put anchor = { .certificate =
					cert_pem(d->cx, maker_root(m)) };
	const struct err *e;

	e = put(d, "PUT /v1/admin/manufacturers/" DRILL, maker_fields,
	    &(struct drill_put){ .name = MAKER_NAME });
	if (e == NULL)
		e = put(d, "POST /v1/admin/manufacturers/" DRILL "/anchors",
		    anchor_fields, &anchor);
	if (e == NULL)
		e = put(d, "PUT /v1/admin/labels/" DRILL, label_fields,
		    &(struct drill_put){
			.description = "devices of latchkey drill",
			.authentication = { birth, 1 },
			.owner_approval = "none" });
	if (e == NULL)
		e = put(d, "PUT /v1/admin/models/" DRILL, model_fields,
		    &(struct drill_put){ .manufacturer = DRILL,
			.name = MAKER_NAME,
			.profile = DRILL });
	return e;
}

/* ---- what an earlier drill left */

struct left {
	const char *id;
	bool decommissioned;
};

static const struct json_field left_fields[] = {
	JSON_F_STR(left, id, 64, true),
	JSON_F_BOOL(left, decommissioned, false),
	JSON_END,
};

struct left_page {
	struct json_list devices;
	const char *next;
};

static const struct json_field left_page_fields[] = {
	JSON_F_LIST(left_page, devices, LIMIT_PAGE, left, left_fields),
	JSON_F_STR(left_page, next, 256, false),
	JSON_END,
};

static const struct err *
decommission(struct drill *d, struct ctx *cx, const char *id)
{
	static const struct json_field nothing[] = { JSON_END };
	int none = 0;
	struct api_shape shape = { nothing, &none };

	return drill_call(d, cx,
	    arena_printf(
		cx->arena, "POST /v1/admin/devices/%s/decommission", id),
	    &shape, NULL);
}

/* One page; *after is where the next begins, "" at the end. */
static const struct err *
end_page(struct drill *d, struct ctx *cx, char after[256])
{
	struct left_page page = { .next = NULL };
	struct api_shape shape = { left_page_fields, &page };
	const struct left *row;
	const struct err *e;
	size_t i;

	e = drill_call(d, cx,
	    arena_printf(cx->arena,
		"GET /v1/admin/devices?manufacturer=" DRILL "%s%s",
		*after != '\0' ? "&after=" : "", api_escape(cx, after)),
	    NULL, &shape);
	row = page.devices.v;
	for (i = 0; e == NULL && i < page.devices.n; i++)
		if (!row[i].decommissioned)
			e = decommission(d, cx, row[i].id);
	(void)snprintf(after, 256, "%s", page.next != NULL ? page.next : "");
	return e;
}

static const struct err *
end_left(struct drill *d)
{
	char after[256] = "";
	const struct err *e;

	do {
		AUTO_STRUCT(arena) *a = arena_new(STEP_ARENA);
		struct ctx cx = { .arena = a, .now = clock_now() };

		e = end_page(d, &cx, after);
		if (e != NULL)
			return fail(d->cx, e, "%s", cx.reason);
	} while (*after != '\0');
	return NULL;
}

const struct err *
drill_prepare(struct drill *d)
{
	AUTO_STRUCT(maker) *m = NULL;
	const struct err *e = open_maker(d, &m);

	if (e == NULL)
		e = put_all(d, m);
	return e != NULL ? e : end_left(d);
}

/* ---- its units */

static const struct err *
make_unit(struct drill *d, struct ctx *cx, struct drill_unit *u)
{
	struct device_birth birth = { .maker_dir = d->maker,
		.serial = u->serial,
		.client_id = DRILL,
		.est_only = true };
	const struct err *e = device_make(cx, u->dir, &birth);

	if (e != NULL)
		return e;
	u->device = (struct device){ .dir = u->dir,
		.url = d->order->service.url,
		.ca = d->order->service.ca,
		.mqtt_url = d->order->mqtt_url };
	e = device_open(cx, &u->device);
	u->opened = e == NULL;
	return e;
}

/* Pinned to its key: whoever else holds the CA's key makes no unit of it. */
static const struct err *
list_unit(struct ctx *cx, const struct drill_unit *u, const char *run,
    struct buf *lines)
{
	AUTO_STRUCT(keypair) *key = NULL;
	char why[256] = "";
	uint8_t sha[32];

	key = keypair_load(device_path(cx, &u->device, "birth.key"), why);
	if (key == NULL)
		return fail(cx, &ERR_DRILL, "%s", why);
	digest_sha256(keypair_spki(cx, key), sha);
	buf_printf(lines, "%s,%s," DRILL ",%s\n", u->serial,
	    bytes_hex(cx->arena, BYTES_OF(sha)), run);
	return NULL;
}

static const struct err *
list_units(struct drill *d, struct bytes *out)
{
	struct buf lines;
	size_t i;

	buf_init(&lines, d->cx->arena, (d->order->count + 1) * LINE_BYTES);
	buf_printf(&lines, "serial,key_sha256,model,batch\n");
	for (i = 0; i < d->order->count; i++) {
		AUTO_STRUCT(arena) *a = arena_new(STEP_ARENA);
		struct ctx cx = { .arena = a, .now = clock_now() };
		const struct err *e =
		    list_unit(&cx, &d->units[i], d->run, &lines);

		if (e != NULL)
			return fail(d->cx, e, "%s", cx.reason);
	}
	must(buf_bytes(&lines, out));
	return NULL;
}

struct imported {
	const char *state;
	int64_t added;
};

static const struct json_field imported_fields[] = {
	JSON_F_STR(imported, state, 16, true),
	JSON_F_INT(imported, added, 0, true),
	JSON_END,
};

const struct err *
drill_make(struct drill *d)
{
	struct api_request rq = { .method = "PUT", .type = "text/csv" };
	struct api_reply reply = { .status = 0 };
	struct imported row = { NULL, 0 };
	char id[UUID_TEXT_BYTES];
	const struct err *e = drill_each(d, "made", make_unit);

	if (e == NULL)
		e = list_units(d, &rq.body);
	rng_uuid(id);
	rq.path = arena_printf(
	    d->cx->arena, "/v1/admin/imports/%s?manufacturer=" DRILL, id);
	if (e == NULL)
		e = api_send(d->cx, &d->order->admin, &rq, &reply);
	if (e == NULL)
		e = api_check(d->cx, &reply);
	if (e == NULL)
		e = json_read_open(d->cx, reply.body, imported_fields, &row);
	if (e == NULL && (strcmp(row.state, "done") != 0 ||
			     row.added != (int64_t)d->order->count))
		e = fail(d->cx, &ERR_DRILL, "import %s", row.state);
	return e;
}

/* The service may be busy with others. */
static const struct err *
enroll(struct ctx *cx, struct device *dev)
{
	int64_t until = clock_mono_us() + BUSY_SECONDS * INT64_C(1000000);
	struct device_result r;
	const struct err *e;

	for (;;) {
		e = device_enroll(cx, dev, &r);
		if (e != NULL || r.next == DEVICE_DONE)
			return e;
		if (!r.busy || clock_mono_us() > until)
			return fail(cx, &ERR_DRILL,
			    "not enrolled: the service says wait");
		api_wait_ms(1000 * (r.wait > 0 ? r.wait : 1));
	}
}

const struct err *
drill_join(struct drill *d, struct ctx *cx, struct drill_unit *u)
{
	struct mqtt_target target = { .url = u->device.mqtt_url,
		.ca = u->device.ca,
		.cert = device_path(cx, &u->device, "op.crt"),
		.key = device_path(cx, &u->device, "op.key"),
		.client_id = u->id };
	struct device_identity who;
	const struct err *e = enroll(cx, &u->device);

	if (e == NULL)
		e = device_identity(cx, &u->device, &who);
	if (e != NULL)
		return e;
	(void)snprintf(u->id, sizeof(u->id), "%s", who.id);
	(void)snprintf(
	    u->certificate, sizeof(u->certificate), "%s", who.serial);
	return crowd_join(cx, d->crowd, &target, &u->seat);
}

static const struct err *
end_unit(struct drill *d, struct ctx *cx, struct drill_unit *u)
{
	return *u->id == '\0' ? NULL : decommission(d, cx, u->id);
}

const struct err *
drill_end(struct drill *d)
{
	const struct err *e = drill_each(d, "decommissioned", end_unit), *gone;

	gone = disk_remove_tree(d->cx, d->home);
	return e != NULL ? e : gone;
}
