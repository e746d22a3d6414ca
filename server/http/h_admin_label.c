#include "base/arena.h"
#include "base/limits.h"
#include "domain/label_admin.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

/* A label as operators see it. */
struct label_view {
	const char *name, *settings, *updated_by;
	int64_t version, updated_at;
	bool withdrawn;
};

static const struct json_field label_fields[] = {
	JSON_F_STR(label_view, name, LIMIT_SLUG, true),
	JSON_F_INT(label_view, version, 0, true),
	JSON_F_BOOL(label_view, withdrawn, true),
	JSON_F_TIME(label_view, updated_at, true),
	JSON_F_STR(label_view, updated_by, LIMIT_NAME, false),
	JSON_F_RAW(label_view, settings, LIMIT_BODY_SMALL, true),
	JSON_END,
};

static const struct json_field labels_fields[] =
    ANSWER_PAGE("labels", LIMIT_PAGE, label_view, label_fields);

static struct label_view
view_label(const struct label_row *row)
{
	return (struct label_view){
		.name = row->name,
		.settings = row->settings,
		.updated_by = row->updated_by,
		.version = row->version,
		.updated_at = row->updated_at,
		.withdrawn = row->withdrawn,
	};
}

static ERR_FN
reply_label(struct ctx *cx, struct reply *rs, int status, const char *name)
{
	struct label_view view;
	struct label_row row;
	const struct err *e = label_admin_get(cx, name, &row);

	if (e != NULL)
		return e;
	view = view_label(&row);
	return answer_json(cx, rs, status, label_fields, &view);
}

const struct err *
put_label(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *name = rq->param[0];
	const struct err *e;
	bool created = false;

	e = label_admin_set(cx, &rq->caller.admin, name, rq->body, &created);
	if (e != NULL)
		return e;
	return reply_label(cx, rs, created ? 201 : 200, name);
}

const struct err *
get_label(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return reply_label(cx, rs, 200, rq->param[0]);
}

const struct err *
get_labels(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct label_view *views;
	struct label_row *rows;
	struct page_query q;
	const struct err *e;
	size_t i;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = label_admin_list(cx, &(struct page){ q.after, q.limit },
		    &rows, &page.rows.n);
	if (e != NULL)
		return e;
	views = arena_alloc(cx->arena, page.rows.n * sizeof(*views));
	for (i = 0; i < page.rows.n; i++)
		views[i] = view_label(&rows[i]);
	page.rows.v = views;
	if (page_is_full(&q, page.rows.n))
		page.next = rows[page.rows.n - 1].name;
	return answer_json(cx, rs, 200, labels_fields, &page);
}

const struct err *
delete_label(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    label_admin_withdraw(cx, &rq->caller.admin, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
