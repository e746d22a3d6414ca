#include "base/arena.h"
#include "base/limits.h"
#include "domain/sets.h"
#include "http/answer.h"
#include "http/handlers.h"

/* Of lists as long as they may be, read, written and answered. */
#define SET_ARENA (8 * (size_t)MIB)

struct set_in {
	struct unit_set set;
	struct json_strs serials, certificates;
};

#define SET_STR(m, in_json, size, req)                                      \
	{                                                                   \
		.name = (in_json), .type = JSON_STR, .max = (size),         \
		.offset = offsetof(struct set_in, set.m), .required = (req) \
	}
#define SET_FIELDS                                                             \
	SET_STR(action, "action", 16, true),                                   \
	    SET_STR(reason, "reason", LIMIT_NAME, true),                       \
	    SET_STR(manufacturer_id, "manufacturer", LIMIT_SLUG, false),       \
	    SET_STR(model_id, "model", LIMIT_SLUG, false),                     \
	    SET_STR(batch, "batch", LIMIT_NAME, false),                        \
	    SET_STR(sw_version, "sw_version", LIMIT_NAME, false),              \
	    SET_STR(owner_id, "owner", 36, false),                             \
	    SET_STR(anchor_id, "anchor", 36, false),                           \
	    JSON_F_STRS(                                                       \
		set_in, serials, LIMIT_SET_SERIALS, LIMIT_SERIAL, false),      \
	    JSON_F_STRS(                                                       \
		set_in, certificates, LIMIT_SET_SERIALS, LIMIT_SERIAL, false), \
	{                                                                      \
		.name = "preemptive", .type = JSON_BOOL,                       \
		.offset = offsetof(struct set_in, set.preemptive)              \
	}

static const struct json_field count_fields[] = { SET_FIELDS, JSON_END };
static const struct json_field start_fields[] = {
	SET_FIELDS,
	{ .name = "count",
	    .type = JSON_INT,
	    .max = INT64_MAX,
	    .offset = offsetof(struct set_in, set.counted),
	    .required = true },
	{ .name = "by",
	    .type = JSON_TIME,
	    .offset = offsetof(struct set_in, set.deadline) },
	JSON_END,
};

struct counted {
	int64_t units, devices;
	struct json_strs unknown;
};

static const struct json_field counted_fields[] = {
	JSON_F_INT(counted, units, 0, true),
	JSON_F_INT(counted, devices, 0, true),
	JSON_END,
};
static const struct json_field counted_certificates_fields[] = {
	JSON_F_INT(counted, units, 0, true),
	JSON_F_INT(counted, devices, 0, true),
	JSON_F_STRS(counted, unknown, LIMIT_SET_SERIALS, LIMIT_SERIAL, true),
	JSON_END,
};

static const struct json_field set_fields[] = {
	JSON_F_STR(unit_set, id, 36, true),
	JSON_F_STR(unit_set, action, 16, true),
	JSON_F_STR(unit_set, reason, LIMIT_NAME, true),
	JSON_F_STR(unit_set, state, 16, true),
	JSON_F_INT(unit_set, counted, 0, true),
	JSON_F_INT(unit_set, found, 0, true),
	JSON_F_INT(unit_set, swept, 0, true),
	JSON_F_TIME(unit_set, created_at, true),
	JSON_F_TIME(unit_set, finished_at, false),
	{ .name = "by",
	    .type = JSON_TIME,
	    .offset = offsetof(struct unit_set, deadline) },
	JSON_F_INT(unit_set, renewed, 0, true),
	JSON_F_INT(unit_set, left, 0, true),
	JSON_F_INT(unit_set, ended, 0, true),
	JSON_F_BOOL(unit_set, followed, true),
	JSON_END,
};

static ERR_FN
read_set(struct ctx *cx, struct request *rq, const struct json_field *fields,
    struct set_in *in)
{
	static const char *none[1];
	const struct err *e;

	arena_raise(cx->arena, SET_ARENA);
	*in = (struct set_in){ .serials = { NULL, SIZE_MAX } };
	e = json_read(cx, rq->body, fields, in);
	if (e != NULL)
		return e;
	/* An empty list is not no list: the domain refuses it. */
	if (in->serials.n != SIZE_MAX) {
		in->set.serials = in->serials.n == 0 ? none : in->serials.v;
		in->set.n_serials = in->serials.n;
	}
	return sets_certificates(
	    cx, in->certificates.v, in->certificates.n, &in->set);
}

const struct err *
post_set_count(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct set_in in;
	struct sets_counted n;
	struct counted out;
	const struct err *e = read_set(cx, rq, count_fields, &in);

	if (e == NULL)
		e = sets_count(cx, &rq->caller.admin, &in.set, &n);
	if (e != NULL)
		return e;
	out =
	    (struct counted){ n.units, n.devices, { n.unknown, n.n_unknown } };
	return answer_json(cx, rs, 200,
	    in.set.n_certificates > 0 ? counted_certificates_fields
				      : counted_fields,
	    &out);
}

const struct err *
put_set(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct set_in in;
	struct unit_set out;
	const struct err *e = read_set(cx, rq, start_fields, &in);

	in.set.id = rq->param[0];
	if (e == NULL)
		e = sets_start(cx, &rq->caller.admin, &in.set, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, set_fields, &out);
}

const struct err *
delete_set(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct unit_set out;
	const struct err *e =
	    sets_cancel(cx, &rq->caller.admin, rq->param[0], &out);

	return e != NULL ? e : answer_json(cx, rs, 200, set_fields, &out);
}

const struct err *
get_set(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct unit_set out;
	const struct err *e = sets_get(cx, rq->param[0], &out);

	return e != NULL ? e : answer_json(cx, rs, 200, set_fields, &out);
}
