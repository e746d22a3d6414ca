#include "http/link_json.h"

#include "base/limits.h"
#include "codec/qr.h"
#include "http/answer.h"

#define QR_PATH_BYTES (64 * KIB)

struct drawn {
	int64_t size;
	const char *path;
};

static const struct json_field drawn_fields[] = {
	JSON_F_INT(drawn, size, 0, true),
	JSON_F_STR(drawn, path, QR_PATH_BYTES, true),
	JSON_END,
};

struct link_out {
	const char *id, *code, *link;
	int64_t expires_at;
	struct drawn qr;
};

static const struct json_field link_fields[] = {
	JSON_F_STR(link_out, id, 36, false),
	JSON_F_STR(link_out, code, 32, true),
	JSON_F_STR(link_out, link, LIMIT_NAME, true),
	JSON_F_TIME(link_out, expires_at, true),
	JSON_F_OBJ(link_out, qr, drawn_fields, true),
	JSON_END,
};

const struct err *
link_answer(struct ctx *cx, struct reply *rs, const struct link *in)
{
	struct link_out out = { .id = in->id,
		.code = in->code,
		.link = in->link,
		.expires_at = in->expires_at };
	struct qr qr;
	const struct err *e = qr_encode(cx, in->link, &qr);

	if (e != NULL)
		return e;
	out.qr = (struct drawn){ qr.size, qr_path(cx, &qr) };
	return answer_json(cx, rs, 201, link_fields, &out);
}
