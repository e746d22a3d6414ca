#include "domain/notices.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/limits.h"
#include "domain/svc.h"
#include "domain/waiting.h"

static const struct err ERR_CURSOR = { KIND_INVALID, "bad-cursor",
	"The cursor is none that was given out: start without one." };

static const char *
cursor_of(struct ctx *cx, int64_t epoch, int64_t position)
{
	return arena_printf(cx->arena, "%" PRId64 ".%" PRId64, epoch, position);
}

/* Whether the notices are what followed the position, none of them gone. */
static bool
is_whole(const struct notices *l, int64_t after, int64_t head)
{
	return l->n > 0 ? l->v[0].position == after + 1 : after == head;
}

const struct err *
notices_after(struct ctx *cx, const struct owner_caller *owner,
    const char *cursor, struct notices *out)
{
	int64_t epoch = 0, after = 0, now_epoch, head;
	const struct err *e;

	*out = (struct notices){ .mark = waiting_mark(
				     cx->svc->waiting, owner->owner_id) };
	if (cursor != NULL && !notices_cursor_read(cursor, &epoch, &after))
		return fail(cx, &ERR_CURSOR, "cursor %.40s", cursor);
	e = notice_head(cx, owner->owner_id, &now_epoch, &head);
	if (e != NULL)
		return e;
	out->next = cursor_of(cx, now_epoch, head);
	if (cursor == NULL)
		return NULL;
	e = notice_list(
	    cx, owner->owner_id, after, LIMIT_PAGE, &out->v, &out->n);
	if (e != NULL)
		return e;
	if (out->n > 0 && out->v[out->n - 1].position > head)
		head = out->v[out->n - 1].position; /* came between */
	out->reset = epoch != now_epoch || !is_whole(out, after, head);
	if (out->reset)
		out->n = 0;
	if (out->n > 0)
		out->next = cursor_of(cx, epoch, out->v[out->n - 1].position);
	return NULL;
}
