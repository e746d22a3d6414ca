/*
 * JSON and C structs, both ways, by a table of fields: a shape is declared
 * once and read strictly (RFC 8259, and stricter: refused are unknown,
 * missing and duplicate members, null, wrong types, strings that are too
 * long, hold U+0000 or are not UTF-8, too many elements, more than
 * LIMIT_JSON_DEPTH levels, and anything after the value).
 *
 *	struct anchor_in {
 *		const char *certificate, *intermediate;
 *		int64_t until;
 *		struct json_strs tags;
 *	};
 *	static const struct json_field anchor_fields[] = {
 *		JSON_F_STR(anchor_in, certificate, LIMIT_CERT, true),
 *		JSON_F_STR(anchor_in, intermediate, LIMIT_CERT, false),
 *		JSON_F_TIME(anchor_in, until, false),
 *		JSON_F_STRS(anchor_in, tags, 8, LIMIT_NAME, false),
 *		JSON_END,
 *	};
 *
 *	struct anchor_in in = { 0 };            defaults of what is optional
 *	e = json_read(cx, rq->body, anchor_fields, &in);
 *	e = json_write(cx, anchor_fields, &in, &text);
 *
 * Lists: struct page { struct json_list devices; } and struct device, then
 *		JSON_F_LIST(page, devices, LIMIT_PAGE, device, device_fields),
 * where list.v points to n structs laid out one after the other.
 *
 * A member whose C name differs from its JSON name: name the row yourself,
 * { "user_code", JSON_STR, offsetof(struct s, code), 16, true, NULL, 0 }.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

struct ctx;

enum json_type {
	JSON_STR,  /* const char *; max bytes */
	JSON_INT,  /* int64_t; max > 0: from 0 to max, else any */
	JSON_BOOL, /* bool */
	JSON_B64U, /* struct bytes as base64url; max bytes decoded */
	JSON_HEX,  /* struct bytes as lower-case hex; max bytes decoded */
	JSON_TIME, /* int64_t as RFC 3339 in UTC */
	JSON_STRS, /* struct json_strs; max strings of stride bytes each */
	JSON_OBJ,  /* an embedded struct with its own table */
	JSON_LIST, /* struct json_list; max structs of stride bytes */
	JSON_RAW,  /* const char *: any value as compact text; max bytes */
};

struct json_strs {
	const char **v;
	size_t n;
};

struct json_list {
	void *v;
	size_t n;
};

struct json_field {
	const char *name; /* NULL ends the table */
	enum json_type type;
	size_t offset;
	size_t max;
	bool required;
	const struct json_field *sub; /* JSON_OBJ, JSON_LIST */
	size_t stride;
};

/* Rows; s is a struct tag, m its member and the name in JSON, req whether
 * it must be there. */
#define JSON_ROW(s, m, t, size, req)                               \
	{                                                          \
		.name = #m, .type = (t), .max = (size),            \
		.offset = offsetof(struct s, m), .required = (req) \
	}
#define JSON_F_STR(s, m, max, req) JSON_ROW(s, m, JSON_STR, max, req)
#define JSON_F_INT(s, m, max, req) JSON_ROW(s, m, JSON_INT, max, req)
#define JSON_F_BOOL(s, m, req) JSON_ROW(s, m, JSON_BOOL, 0, req)
#define JSON_F_B64U(s, m, max, req) JSON_ROW(s, m, JSON_B64U, max, req)
#define JSON_F_HEX(s, m, max, req) JSON_ROW(s, m, JSON_HEX, max, req)
#define JSON_F_TIME(s, m, req) JSON_ROW(s, m, JSON_TIME, 0, req)
#define JSON_F_RAW(s, m, max, req) JSON_ROW(s, m, JSON_RAW, max, req)
#define JSON_F_STRS(s, m, count, each, req)                         \
	{                                                           \
		.name = #m, .type = JSON_STRS, .max = (count),      \
		.offset = offsetof(struct s, m), .required = (req), \
		.stride = (each)                                    \
	}
#define JSON_F_OBJ(s, m, fields, req)                              \
	{                                                          \
		.name = #m, .type = JSON_OBJ, .sub = (fields),     \
		.offset = offsetof(struct s, m), .required = (req) \
	}
#define JSON_F_LIST(s, m, count, item, fields)                     \
	{                                                          \
		.name = #m, .type = JSON_LIST, .max = (count),     \
		.offset = offsetof(struct s, m), .required = true, \
		.sub = (fields), .stride = sizeof(struct item)     \
	}
#define JSON_END             \
	{                    \
		.name = NULL \
	}

extern const struct err ERR_BAD_JSON; /* KIND_INVALID, "bad-json" */

/* Reads one object into *out; what it points to is in the arena.  Members
 * that are absent keep what the caller had set, so start from a default.
 * On refusal *out may be partly filled and must not be used. */
ERR_FN json_read(struct ctx *cx, struct bytes text,
    const struct json_field *fields, void *out);

/* The same, but unknown members are ignored, for shapes whose standard says
 * so (JWT claims, OAuth answers). */
ERR_FN json_read_open(struct ctx *cx, struct bytes text,
    const struct json_field *fields, void *out);

/* The same as both without a log line, for callers that report refusals in
 * their own way: NULL after success, else the reason, in the arena. */
const char *json_refusal(struct ctx *cx, struct bytes text,
    const struct json_field *fields, bool open, void *out);

/* Writes *in as one compact object, in the arena and followed by a NUL that
 * is not counted.  Optional members are left out when NULL, time 0, no bytes
 * or an empty object; numbers, booleans and lists are always written.  Text
 * that is not UTF-8 or a missing required member is ERR_INTERNAL. */
ERR_FN json_write(struct ctx *cx, const struct json_field *fields,
    const void *in, struct bytes *out);

/* s as a JSON string with its quotes, in the arena; bytes that are not UTF-8
 * are replaced by '?'. */
const char *json_quote(struct ctx *cx, const char *s);

#endif
