#include "domain/cert_status.h"
#include "http/answer.h"
#include "http/handlers.h"

static const struct json_field status_fields[] = {
	JSON_F_STR(cert_status, serial, 40, true),
	JSON_F_STR(cert_status, state, 16, true),
	JSON_F_STR(cert_status, device_id, 36, false),
	JSON_F_TIME(cert_status, not_after, false),
	JSON_F_TIME(cert_status, revoked_at, false),
	JSON_F_STR(cert_status, reason, LIMIT_NAME, false),
	JSON_END,
};

const struct err *
get_admin_certificate(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct cert_status st;
	const struct err *e = cert_status_get(cx, rq->param[0], &st);

	return e != NULL ? e : answer_json(cx, rs, 200, status_fields, &st);
}
