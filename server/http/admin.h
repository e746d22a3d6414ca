/*
 * What the handlers of operators' routes share.
 */
#ifndef HTTP_ADMIN_H
#define HTTP_ADMIN_H

#include "codec/json.h"
#include "http/http.h"

/* Answers with one struct by its table. */
ERR_FN admin_reply(struct ctx *cx, struct reply *rs, int status,
    const struct json_field *fields, const void *in);

/* A page of a listing: rows and, while there is more, where it goes on. */
struct admin_page {
	struct json_list rows;
	const char *next;
};

/* The table of such a page, for rows of a struct. */
#define ADMIN_PAGE(list, count, item, item_fields)                            \
	{                                                                     \
		{ .name = (list),                                             \
			.type = JSON_LIST,                                    \
			.offset = offsetof(struct admin_page, rows),          \
			.max = (count),                                       \
			.required = true,                                     \
			.sub = (item_fields),                                 \
			.stride = sizeof(struct item) },                      \
		    JSON_F_STR(admin_page, next, LIMIT_NAME, false), JSON_END \
	}

/* A row whose C name is not its name in JSON. */
#define ADMIN_STR(s, m, in_json, count, req)                     \
	{                                                        \
		.name = (in_json), .type = JSON_STR,             \
		.offset = offsetof(struct s, m), .max = (count), \
		.required = (req)                                \
	}

#endif
