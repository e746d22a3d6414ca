#include "http/answer.h"

const struct err *
answer_json(struct ctx *cx, struct reply *rs, int status,
    const struct json_field *fields, const void *in)
{
	struct bytes body;
	const struct err *e = json_write(cx, fields, in, &body);

	if (e == NULL)
		reply_json(rs, status, body);
	return e;
}
