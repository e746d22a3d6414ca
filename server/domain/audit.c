#include "domain/audit.h"

#include "base/limits.h"
#include "base/text.h"
#include "pki/admin_token.h"

static bool
is_uuid(const char *text)
{
	return text == NULL || text_is_uuid(bytes_str(text));
}

/* "device.revoked", and the like. */
static bool
is_kind(const char *text)
{
	size_t n = strlen(text);

	return n <= LIMIT_SLUG &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz_.") == n;
}

static ERR_FN
check(struct ctx *cx, const struct audit_query *q)
{
	if (q->after != NULL && !audit_cursor_valid(q->after))
		return fail(cx, &ERR_BAD_REQUEST,
		    "after: must be the next or the last of a page");
	if (!is_uuid(q->device_id))
		return fail(
		    cx, &ERR_BAD_REQUEST, "device: no UUID in lower case");
	if (!is_uuid(q->owner_id))
		return fail(
		    cx, &ERR_BAD_REQUEST, "owner: no UUID in lower case");
	if (!is_uuid(q->request_id))
		return fail(cx, &ERR_BAD_REQUEST,
		    "request: no request id, which is a UUID in lower case");
	/* Not repeated: it may be the token itself. */
	if (q->admin_token_id != NULL && !admin_token_is_id(q->admin_token_id))
		return fail(cx, &ERR_BAD_REQUEST,
		    "token: no id of a token; \"latchkey token list\" shows "
		    "them");
	if (q->kind != NULL && !is_kind(q->kind))
		return fail(cx, &ERR_BAD_REQUEST,
		    "kind: no kind of event, like device.revoked");
	if (q->from != 0 && q->to != 0 && q->from >= q->to)
		return fail(cx, &ERR_BAD_REQUEST,
		    "from: not before to, so nothing lies between");
	return NULL;
}

const struct err *
audit_find(struct ctx *cx, const struct audit_query *q, struct audit_page *out)
{
	const struct err *e = check(cx, q);

	return e != NULL ? e : audit_list(cx, q, out);
}
