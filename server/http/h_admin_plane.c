#include "base/limits.h"
#include "domain/consumers.h"
#include "http/answer.h"
#include "http/handlers.h"

static const struct json_field consumer_fields[] = {
	JSON_F_STR(consumer, kind, 16, true),
	JSON_F_STR(consumer, name, LIMIT_NAME, true),
	JSON_F_STR(consumer, version, LIMIT_NAME, true),
	JSON_F_INT(consumer, epoch, 0, true),
	JSON_F_INT(consumer, position, 0, true),
	JSON_F_INT(consumer, lag, 0, true),
	JSON_F_INT(consumer, behind_seconds, 0, true),
	JSON_F_TIME(consumer, seen_at, true),
	JSON_F_INT(consumer, silent_seconds, 0, true),
	JSON_F_STR(consumer, alert, 16, false),
	JSON_END,
};

struct status_out {
	int64_t epoch, position;
	struct json_list consumers;
};

static const struct json_field status_fields[] = {
	JSON_F_INT(status_out, epoch, 0, true),
	JSON_F_INT(status_out, position, 0, true),
	JSON_F_LIST(
	    status_out, consumers, LIMIT_CONSUMERS, consumer, consumer_fields),
	JSON_END,
};

const struct err *
get_plane_status(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct plane_status st;
	struct status_out out;
	const struct err *e = consumers_status(cx, &st);

	(void)rq;
	if (e != NULL)
		return e;
	out = (struct status_out){ st.epoch, st.position,
		{ .v = st.consumers, .n = st.n } };
	return answer_json(cx, rs, 200, status_fields, &out);
}

const struct err *
delete_consumer(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    consumers_forget(cx, &rq->caller.admin, rq->param[0], rq->param[1]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
