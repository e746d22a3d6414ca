#include "codec/json.h"

#include <jansson.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

AUTO_DEFINE(json_t, json_decref);

/* A text this long fits an arena together with what is read from it, and
 * what is written leaves room for what it was written from. */
#define TEXT_MAX(arena) (arena_max(arena) / 2)
#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)

const struct err ERR_BAD_JSON = { KIND_INVALID, "bad-json",
	"The JSON is malformed, or a member is missing, unknown or wrong." };

struct reader {
	struct arena *arena;
	bool open; /* unknown members are ignored */
	const char *why;
};

struct writer {
	struct arena *arena;
	const char *why;
};

static bool
refuse(struct reader *r, const char *name, const char *what)
{
	r->why = arena_printf(r->arena, "member \"%.60s\" %s", name, what);
	return false;
}

/* Whether brackets nest at most LIMIT_JSON_DEPTH deep; judged before the
 * library builds anything. */
static bool
depth_ok(struct bytes text)
{
	size_t i, depth = 0;
	bool quoted = false;

	for (i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '[' || c == '{') {
			if (++depth > LIMIT_JSON_DEPTH)
				return false;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return true;
}

/* A string value of at most max bytes, borrowed from v. */
static bool
get_text(struct reader *r, const char *name, const json_t *v, size_t max,
    struct bytes *out)
{
	if (!json_is_string(v))
		return refuse(r, name, "is not a string");
	*out = (struct bytes){ (const uint8_t *)json_string_value(v),
		json_string_length(v) };
	if (out->n > max)
		return refuse(r, name, "is too long");
	return true;
}

static bool
read_str(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	struct bytes text;

	if (!get_text(r, f->name, v, f->max, &text))
		return false;
	*(const char **)place = bytes_to_str(r->arena, text);
	return true;
}

static bool
read_int(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v))
		return refuse(r, f->name, "is not a whole number");
	if (f->max > 0 && (n < 0 || (uint64_t)n > f->max))
		return refuse(r, f->name, "is out of range");
	*(int64_t *)place = n;
	return true;
}

static bool
read_bool(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	if (!json_is_boolean(v))
		return refuse(r, f->name, "is not true or false");
	*(bool *)place = json_is_true(v);
	return true;
}

static bool
read_b64u(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	struct bytes text, *out = place;

	if (!get_text(r, f->name, v, TEXT_MAX(r->arena), &text))
		return false;
	if (text.n / 4 * 3 > f->max)
		return refuse(r, f->name, "is too long");
	if (!bytes_from_b64u(r->arena, text, out))
		return refuse(r, f->name, "is not base64url");
	if (out->n > f->max)
		return refuse(r, f->name, "is too long");
	return true;
}

static bool
read_hex(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	struct bytes text;

	if (!get_text(r, f->name, v, 2 * f->max, &text))
		return false;
	if (!bytes_from_hex(r->arena, text, place))
		return refuse(r, f->name, "is not hex");
	return true;
}

static bool
read_time(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	struct bytes text;

	if (!get_text(r, f->name, v, CLOCK_TEXT_BYTES, &text))
		return false;
	if (!clock_parse(text, place))
		return refuse(r, f->name, "is not a time in UTC (RFC 3339)");
	return true;
}

static bool
read_strs(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	struct json_strs *out = place;
	struct bytes text;
	size_t i, n = json_array_size(v);

	if (!json_is_array(v))
		return refuse(r, f->name, "is not an array");
	if (n > f->max)
		return refuse(r, f->name, "has too many elements");
	out->v = arena_alloc(r->arena, n * sizeof(out->v[0]));
	for (i = 0; i < n; i++) {
		if (!get_text(
			r, f->name, json_array_get(v, i), f->stride, &text))
			return false;
		out->v[i] = bytes_to_str(r->arena, text);
	}
	out->n = n;
	return true;
}

static bool read_members(struct reader *r, const struct json_field *fields,
    json_t *object, void *out);

static bool
read_obj(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	if (!json_is_object(v))
		return refuse(r, f->name, "is not an object");
	return read_members(r, f->sub, v, place);
}

static bool
read_list(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	struct json_list *out = place;
	size_t i, n = json_array_size(v);
	char *items;

	if (!json_is_array(v))
		return refuse(r, f->name, "is not an array");
	if (n > f->max)
		return refuse(r, f->name, "has too many elements");
	items = arena_alloc(r->arena, n * f->stride);
	for (i = 0; i < n; i++)
		if (!read_obj(
			r, f, json_array_get(v, i), items + i * f->stride))
			return false;
	*out = (struct json_list){ items, n };
	return true;
}

/* The compact text of a value, ended by a NUL that is not counted; false if
 * it would be longer than max. */
static bool
dump(struct arena *a, const json_t *v, size_t max, struct bytes *out)
{
	size_t n = json_dumpb(v, NULL, 0, DUMP_FLAGS);
	char *p;

	if (n > max)
		return false;
	p = arena_alloc(a, n + 1);
	must(json_dumpb(v, p, n, DUMP_FLAGS) == n);
	*out = (struct bytes){ (uint8_t *)p, n };
	return true;
}

static bool
read_raw(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	struct bytes text;

	if (!dump(r->arena, v, f->max, &text))
		return refuse(r, f->name, "is too long");
	*(const char **)place = (const char *)text.p;
	return true;
}

static bool
read_value(struct reader *r, const struct json_field *f, json_t *v, void *place)
{
	typedef bool read_fn(
	    struct reader *, const struct json_field *, json_t *, void *);
	static read_fn *const by_type[] = {
		[JSON_STR] = read_str,
		[JSON_INT] = read_int,
		[JSON_BOOL] = read_bool,
		[JSON_B64U] = read_b64u,
		[JSON_HEX] = read_hex,
		[JSON_TIME] = read_time,
		[JSON_STRS] = read_strs,
		[JSON_OBJ] = read_obj,
		[JSON_LIST] = read_list,
		[JSON_RAW] = read_raw,
	};

	return by_type[f->type](r, f, v, place);
}

static bool
is_known(const struct json_field *fields, const char *name)
{
	const struct json_field *f;

	for (f = fields; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return true;
	return false;
}

static bool
read_members(struct reader *r, const struct json_field *fields, json_t *object,
    void *out)
{
	const struct json_field *f;
	const char *name;
	json_t *v;

	json_object_foreach(object, name, v)
	{
		if (!r->open && !is_known(fields, name))
			return refuse(r, name, "is unknown");
	}
	for (f = fields; f->name != NULL; f++) {
		v = json_object_get(object, f->name);
		if (v == NULL && f->required)
			return refuse(r, f->name, "is missing");
		if (v != NULL && !read_value(r, f, v, (char *)out + f->offset))
			return false;
	}
	return true;
}

/* The length of the library's message without the piece of the text that it
 * quotes: that may be a secret, and reasons are logged. */
static int
without_quote(const char *message)
{
	const char *quote = strstr(message, " near ");

	return (
	    int)(quote == NULL ? strlen(message) : (size_t)(quote - message));
}

const char *
json_refusal(struct ctx *cx, struct bytes text, const struct json_field *fields,
    bool open, void *out)
{
	struct reader r = { cx->arena, open, NULL };
	AUTO(json_t) *root = NULL;
	json_error_t error;

	if (text.n == 0)
		return "there is no text";
	if (text.n > TEXT_MAX(cx->arena))
		return "the text is too long";
	if (!depth_ok(text))
		return "the nesting is too deep";
	root = json_loadb(
	    (const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		return arena_printf(cx->arena, "line %d column %d: %.*s",
		    error.line, error.column, without_quote(error.text),
		    error.text);
	if (!json_is_object(root))
		return "the text is not an object";
	if (!read_members(&r, fields, root, out))
		return r.why;
	return NULL;
}

const struct err *
json_read(struct ctx *cx, struct bytes text, const struct json_field *fields,
    void *out)
{
	const char *why = json_refusal(cx, text, fields, false, out);

	return why == NULL ? NULL : fail(cx, &ERR_BAD_JSON, "%s", why);
}

const struct err *
json_read_open(struct ctx *cx, struct bytes text,
    const struct json_field *fields, void *out)
{
	const char *why = json_refusal(cx, text, fields, true, out);

	return why == NULL ? NULL : fail(cx, &ERR_BAD_JSON, "%s", why);
}

/* The value of a string; NULL without a reason if s is NULL. */
static json_t *
make_str(struct writer *w, const char *s)
{
	json_t *v;

	if (s == NULL)
		return NULL;
	v = json_string(s);
	if (v == NULL)
		w->why = "is not UTF-8";
	return v;
}

static json_t *
make_strs(struct writer *w, const struct json_strs *strs)
{
	AUTO(json_t) *array = json_array();
	size_t i;

	for (i = 0; i < strs->n; i++) {
		must(strs->v[i] != NULL);
		if (json_array_append_new(array, make_str(w, strs->v[i])) != 0)
			return NULL;
	}
	return TAKE(array);
}

static json_t *
make_raw(struct writer *w, const char *text)
{
	json_t *v;

	if (text == NULL)
		return NULL;
	v = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (v == NULL)
		w->why = "is not JSON";
	return v;
}

static json_t *
make_time(struct writer *w, int64_t t)
{
	char text[CLOCK_TEXT_BYTES];

	if (t == 0)
		return NULL;
	clock_text(t, text);
	return make_str(w, text);
}

static json_t *
make_object(struct writer *w, const struct json_field *fields, const void *in);

static json_t *
make_obj(struct writer *w, const struct json_field *f, const void *place)
{
	AUTO(json_t) *object = make_object(w, f->sub, place);

	if (object != NULL && json_object_size(object) == 0 && !f->required)
		return NULL;
	return TAKE(object);
}

static json_t *
make_list(
    struct writer *w, const struct json_field *f, const struct json_list *list)
{
	AUTO(json_t) *array = json_array();
	const char *items = list->v;
	size_t i;

	for (i = 0; i < list->n; i++)
		if (json_array_append_new(array,
			make_object(w, f->sub, items + i * f->stride)) != 0)
			return NULL;
	return TAKE(array);
}

/* One member's value; NULL with a reason if it cannot be written, without
 * one if it is absent. */
static json_t *
make_value(struct writer *w, const struct json_field *f, const void *place)
{
	const struct bytes *data = place;

	switch (f->type) {
	case JSON_STR:
		return make_str(w, *(const char *const *)place);
	case JSON_INT:
		return json_integer(*(const int64_t *)place);
	case JSON_BOOL:
		return json_boolean(*(const bool *)place);
	case JSON_B64U:
		return data->n == 0 ? NULL
				    : make_str(w, bytes_b64u(w->arena, *data));
	case JSON_HEX:
		return data->n == 0 ? NULL
				    : make_str(w, bytes_hex(w->arena, *data));
	case JSON_TIME:
		return make_time(w, *(const int64_t *)place);
	case JSON_STRS:
		return make_strs(w, place);
	case JSON_OBJ:
		return make_obj(w, f, place);
	case JSON_LIST:
		return make_list(w, f, place);
	case JSON_RAW:
		return make_raw(w, *(const char *const *)place);
	}
	must(false); /* the table is wrong */
	return NULL;
}

static json_t *
make_object(struct writer *w, const struct json_field *fields, const void *in)
{
	AUTO(json_t) *object = json_object();
	const struct json_field *f;

	for (f = fields; f->name != NULL; f++) {
		json_t *v = make_value(w, f, (const char *)in + f->offset);

		if (v == NULL && f->required && w->why == NULL)
			w->why = "is missing";
		if (w->why != NULL) {
			json_decref(v);
			w->why = arena_printf(
			    w->arena, "%s: %.200s", f->name, w->why);
			return NULL;
		}
		if (v != NULL)
			must(json_object_set_new(object, f->name, v) == 0);
	}
	return TAKE(object);
}

const struct err *
json_write(struct ctx *cx, const struct json_field *fields, const void *in,
    struct bytes *out)
{
	struct writer w = { cx->arena, NULL };
	AUTO(json_t) *object = make_object(&w, fields, in);

	if (object == NULL)
		return fail(cx, &ERR_INTERNAL, "cannot write JSON: %s", w.why);
	if (!dump(cx->arena, object, TEXT_MAX(cx->arena), out))
		return fail(cx, &ERR_INTERNAL, "cannot write JSON: too long");
	return NULL;
}

const char *
json_quote(struct ctx *cx, const char *s)
{
	AUTO(json_t) *v = NULL;
	char *copy = arena_strdup(cx->arena, s);
	struct bytes text;
	size_t i;

	if (!text_is_utf8(bytes_str(s)))
		for (i = 0; copy[i] != '\0'; i++)
			if ((unsigned char)copy[i] >= 0x80)
				copy[i] = '?';
	v = json_string(copy);
	must(v != NULL && dump(cx->arena, v, TEXT_MAX(cx->arena), &text));
	return (const char *)text.p;
}
