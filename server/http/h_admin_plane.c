#include <inttypes.h>

#include "base/buf.h"
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

/* ------------------------------------------------------------- metrics */

/* A label's value: backslash, quote and line feed are escaped. */
static void
put_label_value(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '\n')
			buf_str(b, "\\n");
		else
			buf_printf(
			    b, "%s%c", *s == '\\' || *s == '"' ? "\\" : "", *s);
}

struct gauge {
	const char *name, *help;
	size_t offset; /* of an int64_t in struct consumer */
};

static void
put_gauge(
    struct buf *b, const struct gauge *g, const struct consumer *v, size_t n)
{
	size_t i;

	buf_printf(
	    b, "# HELP %s %s\n# TYPE %s gauge\n", g->name, g->help, g->name);
	for (i = 0; i < n; i++) {
		buf_printf(b, "%s{kind=\"%s\",name=\"", g->name, v[i].kind);
		put_label_value(b, v[i].name);
		buf_printf(b, "\"} %" PRId64 "\n",
		    *(const int64_t *)(const void *)((const char *)&v[i] +
						     g->offset));
	}
}

static void
put_status(struct buf *b, const struct plane_status *st)
{
	static const struct gauge gauges[] = {
		{ "latchkey_consumer_epoch", "Epoch it has reached.",
		    offsetof(struct consumer, epoch) },
		{ "latchkey_consumer_position", "Position it has reached.",
		    offsetof(struct consumer, position) },
		{ "latchkey_consumer_lag", "Entries it has not read.",
		    offsetof(struct consumer, lag) },
		{ "latchkey_consumer_behind_seconds",
		    "Age of the oldest of them.",
		    offsetof(struct consumer, behind_seconds) },
		{ "latchkey_consumer_silent_seconds",
		    "Since it was heard of last.",
		    offsetof(struct consumer, silent_seconds) },
	};
	size_t i;

	buf_printf(b,
	    "# HELP latchkey_feed_epoch Epoch of the feed of refusals.\n"
	    "# TYPE latchkey_feed_epoch gauge\n"
	    "latchkey_feed_epoch %" PRId64 "\n"
	    "# HELP latchkey_feed_position Newest entry of the feed.\n"
	    "# TYPE latchkey_feed_position gauge\n"
	    "latchkey_feed_position %" PRId64 "\n",
	    st->epoch, st->position);
	for (i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		put_gauge(b, &gauges[i], st->consumers, st->n);
}

const struct err *
get_metrics(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct plane_status st;
	const struct err *e = consumers_status(cx, &st);
	struct bytes body;
	struct buf b;

	(void)rq;
	if (e != NULL)
		return e;
	buf_init(&b, cx->arena, LIMIT_ARENA / 4);
	put_status(&b, &st);
	if (!buf_bytes(&b, &body))
		return fail(cx, &ERR_INTERNAL, "metrics: too many consumers");
	reply_body(rs, 200, "text/plain; version=0.0.4; charset=utf-8", body);
	reply_header(rs, "Cache-Control", "no-store");
	return NULL;
}
