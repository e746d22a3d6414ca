/*
 * Answers from structs, and pages of listings: what handlers share.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "codec/json.h"
#include "http/http.h"

/* Answers with one struct by its table. */
ERR_FN answer_json(struct ctx *cx, struct reply *rs, int status,
    const struct json_field *fields, const void *in);

/* A page of a listing: rows and, while there is more, where it goes on. */
struct answer_page {
	struct json_list rows;
	const char *next;
};

/* The table of such a page, for rows of a struct. */
#define ANSWER_PAGE(list, count, item, item_fields)                            \
	{                                                                      \
		{ .name = (list),                                              \
			.type = JSON_LIST,                                     \
			.offset = offsetof(struct answer_page, rows),          \
			.max = (count),                                        \
			.required = true,                                      \
			.sub = (item_fields),                                  \
			.stride = sizeof(struct item) },                       \
		    JSON_F_STR(answer_page, next, LIMIT_NAME, false), JSON_END \
	}

/* A row whose C name is not its name in JSON. */
#define ANSWER_STR(s, m, in_json, count, req)                    \
	{                                                        \
		.name = (in_json), .type = JSON_STR,             \
		.offset = offsetof(struct s, m), .max = (count), \
		.required = (req)                                \
	}

#endif
