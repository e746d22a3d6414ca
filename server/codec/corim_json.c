#include <string.h>

#include "base/arena.h"
#include "codec/corim.h"
#include "codec/json.h"

/* The templates that CoRIM and CoMID are written from, as the tools of the
 * Veraison project have them. */
#define TEXT_MAX 1024
#define IGNORED_MAX (16 * KIB)

struct typed {
	const char *type, *value;
};

struct environment {
	struct {
		struct typed id;
		const char *vendor, *model;
	} class;
	struct typed instance;
};

struct measurement {
	struct {
		const char *type;
		const char *value; /* a string or an object */
	} key;
	struct {
		struct json_strs digests;
		struct json_list signers; /* struct typed */
		struct {
			const char *value, *scheme;
		} version;
		const char *name;
	} value;
};

struct triple {
	struct environment environment;
	struct json_list list; /* struct measurement, struct typed */
};

struct comid {
	const char *ignored;
	struct {
		struct json_list values, keys; /* struct triple */
	} triples;
};

/* The older name of a component, in an object of its own. */
struct component {
	const char *type, *version, *signer;
};

#define LIST(name_, s, m, count, item, fields)                      \
	{                                                           \
		.name = (name_), .type = JSON_LIST, .max = (count), \
		.offset = offsetof(s, m), .sub = (fields),          \
		.stride = sizeof(item)                              \
	}
#define STR(name_, s, m, size, req)                                \
	{                                                          \
		.name = (name_), .type = JSON_STR, .max = (size),  \
		.offset = offsetof(struct s, m), .required = (req) \
	}
#define OBJ(name_, s, m, fields)                                    \
	{                                                           \
		.name = (name_), .type = JSON_OBJ, .sub = (fields), \
		.offset = offsetof(struct s, m)                     \
	}
#define RAW(name_, s, m, size)                                    \
	{                                                         \
		.name = (name_), .type = JSON_RAW, .max = (size), \
		.offset = offsetof(struct s, m)                   \
	}

static const struct json_field typed_fields[] = {
	JSON_F_STR(typed, type, TEXT_MAX, true),
	JSON_F_STR(typed, value, TEXT_MAX, true),
	JSON_END,
};

static const struct json_field component_fields[] = {
	STR("label", component, type, TEXT_MAX, false),
	STR("version", component, version, TEXT_MAX, false),
	STR("signer-id", component, signer, TEXT_MAX, true),
	JSON_END,
};

/* Of embedded structs the offsets are from their own beginning. */
#define CLASS_AT offsetof(struct environment, class)
static const struct json_field class_fields[] = {
	{ .name = "id",
	    .type = JSON_OBJ,
	    .sub = typed_fields,
	    .offset = offsetof(struct environment, class.id) - CLASS_AT,
	    .required = true },
	{ .name = "vendor",
	    .type = JSON_STR,
	    .max = TEXT_MAX,
	    .offset = offsetof(struct environment, class.vendor) - CLASS_AT },
	{ .name = "model",
	    .type = JSON_STR,
	    .max = TEXT_MAX,
	    .offset = offsetof(struct environment, class.model) - CLASS_AT },
	JSON_END,
};

static const struct json_field environment_fields[] = {
	OBJ("class", environment, class, class_fields),
	OBJ("instance", environment, instance, typed_fields),
	JSON_END,
};

#define KEY_AT offsetof(struct measurement, key)
static const struct json_field key_fields[] = {
	{ .name = "type",
	    .type = JSON_STR,
	    .max = TEXT_MAX,
	    .offset = offsetof(struct measurement, key.type) - KEY_AT,
	    .required = true },
	{ .name = "value",
	    .type = JSON_RAW,
	    .max = TEXT_MAX,
	    .offset = offsetof(struct measurement, key.value) - KEY_AT,
	    .required = true },
	JSON_END,
};

#define VERSION_AT offsetof(struct measurement, value.version)
static const struct json_field version_fields[] = {
	{ .name = "value",
	    .type = JSON_STR,
	    .max = TEXT_MAX,
	    .offset =
		offsetof(struct measurement, value.version.value) - VERSION_AT,
	    .required = true },
	{ .name = "scheme",
	    .type = JSON_STR,
	    .max = TEXT_MAX,
	    .offset = offsetof(struct measurement, value.version.scheme) -
		      VERSION_AT },
	JSON_END,
};

#define VALUE_AT offsetof(struct measurement, value)
static const struct json_field value_fields[] = {
	{ .name = "digests",
	    .type = JSON_STRS,
	    .max = LIMIT_REFERENCES,
	    .stride = TEXT_MAX,
	    .offset = offsetof(struct measurement, value.digests) - VALUE_AT,
	    .required = true },
	{ .name = "cryptokeys",
	    .type = JSON_LIST,
	    .max = 1,
	    .offset = offsetof(struct measurement, value.signers) - VALUE_AT,
	    .sub = typed_fields,
	    .stride = sizeof(struct typed) },
	{ .name = "version",
	    .type = JSON_OBJ,
	    .sub = version_fields,
	    .offset = VERSION_AT - VALUE_AT },
	{ .name = "name",
	    .type = JSON_STR,
	    .max = TEXT_MAX,
	    .offset = offsetof(struct measurement, value.name) - VALUE_AT },
	JSON_END,
};

static const struct json_field measurement_fields[] = {
	OBJ("key", measurement, key, key_fields),
	OBJ("value", measurement, value, value_fields),
	JSON_END,
};

static const struct json_field reference_fields[] = {
	OBJ("environment", triple, environment, environment_fields),
	LIST("measurements", struct triple, list, LIMIT_REFERENCES,
	    struct measurement, measurement_fields),
	JSON_END,
};

static const struct json_field keys_fields[] = {
	OBJ("environment", triple, environment, environment_fields),
	LIST("verification-keys", struct triple, list, LIMIT_ANCHORS,
	    struct typed, typed_fields),
	JSON_END,
};

#define TRIPLES_AT offsetof(struct comid, triples)
static const struct json_field triples_fields[] = {
	{ .name = "reference-values",
	    .type = JSON_LIST,
	    .max = LIMIT_REFERENCES,
	    .offset = offsetof(struct comid, triples.values) - TRIPLES_AT,
	    .sub = reference_fields,
	    .stride = sizeof(struct triple) },
	{ .name = "attester-verification-keys",
	    .type = JSON_LIST,
	    .max = LIMIT_ANCHORS,
	    .offset = offsetof(struct comid, triples.keys) - TRIPLES_AT,
	    .sub = keys_fields,
	    .stride = sizeof(struct triple) },
	JSON_END,
};

/* What says who wrote it is for people. */
static const struct json_field comid_fields[] = {
	RAW("lang", comid, ignored, IGNORED_MAX),
	RAW("tag-identity", comid, ignored, IGNORED_MAX),
	RAW("entities", comid, ignored, IGNORED_MAX),
	RAW("linked-tags", comid, ignored, IGNORED_MAX),
	RAW("corim-id", comid, ignored, IGNORED_MAX),
	RAW("profile", comid, ignored, IGNORED_MAX),
	RAW("validity", comid, ignored, IGNORED_MAX),
	OBJ("triples", comid, triples, triples_fields),
	JSON_END,
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_CORIM, "corim: %s", reason);
}

/* base64 of a type. */
static bool
take(struct ctx *cx, const struct typed *t, const char *type,
    const char *or_type, struct bytes *out)
{
	return t->type != NULL &&
	       (strcmp(t->type, type) == 0 || strcmp(t->type, or_type) == 0) &&
	       bytes_from_b64(cx->arena, bytes_str(t->value), out) &&
	       out->n > 0;
}

static bool
take_environment(struct ctx *cx, const struct environment *e,
    struct bytes *class_id, struct bytes *instance)
{
	*instance = BYTES_NONE;
	return take(cx, &e->class.id, "bytes", "psa.impl-id", class_id) &&
	       (e->instance.type == NULL ||
		   take(cx, &e->instance, "ueid", "bytes", instance));
}

/* The name of the newer profile, or an object of the older one. */
static bool
take_component(
    struct ctx *cx, const struct measurement *m, struct corim_value *v)
{
	struct component c = { .type = NULL };

	if (m->key.type == NULL)
		return false;
	if (strcmp(m->key.type, "string") == 0)
		return strcmp(m->key.value, "\"psa.software-component\"") == 0;
	if (strcmp(m->key.type, "psa.refval-id") != 0 ||
	    json_read(cx, bytes_str(m->key.value), component_fields, &c) !=
		NULL)
		return false;
	v->type = c.type;
	v->version = c.version;
	return bytes_from_b64(cx->arena, bytes_str(c.signer), &v->signer) &&
	       v->signer.n > 0;
}

/* NAME:BASE64, of old with a semicolon. */
static bool
take_digest(struct ctx *cx, const char *text, struct bytes *out)
{
	const char *sep = strpbrk(text, ":;");

	return sep != NULL && strncmp(text, "sha-", 4) == 0 &&
	       bytes_from_b64(cx->arena, bytes_str(sep + 1), out);
}

static const struct err *
add_measurement(struct ctx *cx, const struct measurement *m,
    struct corim_value v, struct corim *out)
{
	const struct typed *signers = m->value.signers.v;
	const struct err *e = NULL;
	size_t i;

	if (!take_component(cx, m, &v) || m->value.digests.n == 0)
		return bad(cx, "a component");
	if (m->value.name != NULL)
		v.type = m->value.name;
	if (m->value.version.value != NULL)
		v.version = m->value.version.value;
	if (m->value.signers.n == 1 &&
	    !take(cx, &signers[0], "bytes", "bytes", &v.signer))
		return bad(cx, "a signer");
	for (i = 0; i < m->value.digests.n && e == NULL; i++) {
		if (!take_digest(cx, m->value.digests.v[i], &v.digest))
			return bad(cx, "a digest");
		e = corim_add_value(cx, out, &v);
	}
	return e;
}

static const struct err *
add_reference(struct ctx *cx, const struct triple *t, struct corim *out)
{
	const struct measurement *m = t->list.v;
	struct corim_value v = { .type = NULL };
	const struct err *e = NULL;
	struct bytes instance;
	size_t i;

	if (!take_environment(cx, &t->environment, &v.class_id, &instance) ||
	    instance.n > 0)
		return bad(cx, "the environment of reference values");
	for (i = 0; i < t->list.n && e == NULL; i++)
		e = add_measurement(cx, &m[i], v, out);
	return e;
}

static const struct err *
add_keys(struct ctx *cx, const struct triple *t, struct corim *out)
{
	const struct typed *key = t->list.v;
	struct corim_key k = { .pem = NULL };
	const struct err *e = NULL;
	size_t i;

	if (!take_environment(cx, &t->environment, &k.class_id, &k.instance))
		return bad(cx, "the environment of keys");
	for (i = 0; i < t->list.n && e == NULL; i++) {
		if (strcmp(key[i].type, "pkix-base64-key") != 0)
			return bad(cx, "a key that is not in PEM");
		k.pem = key[i].value;
		e = corim_add_key(cx, out, &k);
	}
	return e;
}

const struct err *
corim_read_json(struct ctx *cx, struct bytes in, struct corim *out)
{
	struct comid c = { .ignored = NULL };
	const struct triple *t;
	const struct err *e;
	size_t i;

	e = json_read(cx, in, comid_fields, &c);
	t = c.triples.values.v;
	for (i = 0; e == NULL && i < c.triples.values.n; i++)
		e = add_reference(cx, &t[i], out);
	t = c.triples.keys.v;
	for (i = 0; e == NULL && i < c.triples.keys.n; i++)
		e = add_keys(cx, &t[i], out);
	return e;
}
