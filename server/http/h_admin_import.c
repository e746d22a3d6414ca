#include "base/limits.h"
#include "domain/import.h"
#include "http/answer.h"
#include "http/handlers.h"

static const struct json_field import_fields[] = {
	JSON_F_STR(import, id, 36, true),
	ANSWER_STR(import, manufacturer_id, "manufacturer", LIMIT_SLUG, true),
	JSON_F_STR(import, state, 16, true),
	JSON_F_INT(import, lines, 0, true),
	JSON_F_INT(import, added, 0, true),
	JSON_F_INT(import, unchanged, 0, true),
	JSON_F_INT(import, bad, 0, true),
	JSON_F_RAW(import, errors, LIMIT_ARENA / 8, true),
	JSON_END,
};

const struct err *
put_import(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct import_in in = {
		.id = rq->param[0],
		.manufacturer_id = request_query(rq, "manufacturer"),
		.content_type = rq->content_type,
		.skip_bad = request_query(rq, "skip_bad"),
		.fd = rq->spool_fd,
	};
	struct import out;
	const struct err *e = import_run(cx, &rq->caller.admin, &in, &out);

	return e != NULL ? e : answer_json(cx, rs, 200, import_fields, &out);
}

const struct err *
get_import(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct import out;
	const struct err *e =
	    import_status(cx, &rq->caller.admin, rq->param[0], &out);

	return e != NULL ? e : answer_json(cx, rs, 200, import_fields, &out);
}
