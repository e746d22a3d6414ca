#include "http/router.h"

#include "http/exchange.h"
#include "http/judge.h"
#include "tests/unit/unit.h"

static const struct route rows[] = {
	{ METHOD_GET, "/a", .errors = AS_PROBLEM },
	{ METHOD_POST, "/a", .body = BODY_JSON, .limit = 10 },
	{ METHOD_GET, "/a/{id}", .errors = AS_EST },
	{ METHOD_PUT, "/a/{id}/b/{other}", .body = BODY_ALLOWLIST,
	    .limit = 10 },
	{ METHOD_DELETE, "/a/{id}/b/{other}", .errors = AS_PROBLEM },
	{ METHOD_POST, "/p", .body = BODY_PKCS10, .limit = 10 },
	{ METHOD_POST, "/f", .body = BODY_FORM, .limit = 10 },
	{ METHOD_GET, "/.well-known/est/{label}/cacerts", .errors = AS_EST },
};
static const struct route_table table = { rows,
	sizeof(rows) / sizeof(rows[0]) };

static const struct err *
match(struct request *rq, enum method m, const char *path, const char **allow)
{
	*rq = (struct request){ .method = m, .path = path };
	*allow = NULL;
	return router_match(&cx, &table, rq, allow);
}

static void
path_and_method_pick_the_row(void **state)
{
	struct request rq;
	const char *allow;

	(void)state;
	assert_null(match(&rq, METHOD_POST, "/a", &allow));
	assert_ptr_equal(rq.route, &rows[1]);
	assert_null(match(&rq, METHOD_DELETE, "/a/1/b/2", &allow));
	assert_ptr_equal(rq.route, &rows[4]);
	assert_string_equal(rq.param[0], "1");
	assert_string_equal(rq.param[1], "2");
}

static void
other_paths_are_not_found(void **state)
{
	static const char *const paths[] = { "/", "", "/b", "/a/", "/aa",
		"/a/1/", "/a//b/2", "/a/1/b/", "/a/1/b/2/3", "/A" };
	struct request rq;
	const char *allow;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_ptr_equal(
		    match(&rq, METHOD_GET, paths[i], &allow), &ERR_NO_ROUTE);
		assert_null(rq.route);
	}
}

static void
a_label_is_a_slug_and_no_operation(void **state)
{
	static const char *const bad[] = { "cacerts", "csrattrs", "..", "A",
		"a_b", "-a", "%6e" };
	struct request rq;
	const char *allow, *path;
	size_t i;

	(void)state;
	assert_null(
	    match(&rq, METHOD_GET, "/.well-known/est/north/cacerts", &allow));
	assert_string_equal(rq.label, "north");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		path = arena_printf(
		    cx.arena, "/.well-known/est/%s/cacerts", bad[i]);
		assert_ptr_equal(
		    match(&rq, METHOD_GET, path, &allow), &ERR_NO_ROUTE);
		assert_null(rq.label);
	}
}

static void
a_label_before_the_well_known_part_is_the_same_path(void **state)
{
	static const char *const same[] = { "/.well-known/est/cacerts", "/",
		"//.well-known/est/cacerts", "/a/b/.well-known/est/cacerts",
		"/a/.well-known/est", "/a/.well-known/estx/cacerts", "" };
	size_t i;

	(void)state;
	assert_string_equal(
	    router_spelling(&cx, "/north/.well-known/est/cacerts"),
	    "/.well-known/est/north/cacerts");
	assert_string_equal(
	    router_spelling(&cx, "/a/.well-known/est/b/cacerts"),
	    "/.well-known/est/a/b/cacerts");
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		assert_string_equal(router_spelling(&cx, same[i]), same[i]);
}

static void
other_methods_learn_which_are_allowed(void **state)
{
	struct request rq;
	const char *allow;

	(void)state;
	assert_ptr_equal(match(&rq, METHOD_OTHER, "/a", &allow), &ERR_METHOD);
	assert_string_equal(allow, "GET, HEAD, POST");
	assert_ptr_equal(
	    match(&rq, METHOD_GET, "/a/1/b/2", &allow), &ERR_METHOD);
	assert_string_equal(allow, "PUT, DELETE");
	assert_ptr_equal(match(&rq, METHOD_PUT, "/a/1", &allow), &ERR_METHOD);
	/* The error is written as the path's own errors are. */
	assert_int_equal(rq.route->errors, AS_EST);
}

static void
methods_have_one_spelling(void **state)
{
	(void)state;
	assert_int_equal(router_method("GET"), METHOD_GET);
	assert_int_equal(router_method("HEAD"), METHOD_GET);
	assert_int_equal(router_method("DELETE"), METHOD_DELETE);
	assert_int_equal(router_method("get"), METHOD_OTHER);
	assert_int_equal(router_method("OTHER"), METHOD_OTHER);
	assert_int_equal(router_method(""), METHOD_OTHER);
}

static const struct err *
body(size_t row, const char *type, const char *coding, struct framing fr)
{
	struct head_field field = { "Content-Encoding", coding, 16, 0 };
	struct exchange ex = { .head = {
				   .field = &field, .n = coding != NULL } };
	struct request rq = { .route = &rows[row],
		.content_type =
		    type == NULL ? NULL : router_media_type(&cx, type),
		.conn = &ex };

	return router_check_body(&cx, &rq, &fr);
}

static void
length_then_size_then_type(void **state)
{
	const struct framing none = { 0 }, chunked = { .chunked = true };
	const struct framing ten = { .has_length = true, .length = 10 };
	const struct framing more = { .has_length = true, .length = 11 };

	(void)state;
	assert_ptr_equal(body(1, NULL, NULL, none), &ERR_LENGTH);
	assert_ptr_equal(body(1, NULL, NULL, more), &ERR_TOO_LARGE);
	assert_ptr_equal(body(1, NULL, NULL, ten), &ERR_TYPE);
	assert_null(body(1, "application/json", NULL, ten));
	assert_null(body(1, "application/json", NULL, chunked));
	assert_null(body(0, NULL, NULL, none));
	assert_ptr_equal(body(0, NULL, NULL, ten), &ERR_TOO_LARGE);
}

static void
types_are_compared_without_case_and_parameters(void **state)
{
	const struct framing ten = { .has_length = true, .length = 10 };

	(void)state;
	assert_null(body(1, "Application/JSON; charset=utf-8", NULL, ten));
	assert_null(body(3, "text/csv", NULL, ten));
	assert_null(body(3, "application/x-ndjson", NULL, ten));
	assert_null(body(5, "application/pkcs10", NULL, ten));
	assert_null(body(6, "application/x-www-form-urlencoded", NULL, ten));
	assert_ptr_equal(body(5, "application/pkcs10x", NULL, ten), &ERR_TYPE);
	assert_ptr_equal(body(6, "application/json", NULL, ten), &ERR_TYPE);
	assert_ptr_equal(body(1, "", NULL, ten), &ERR_TYPE);
	assert_ptr_equal(body(1, "application/json", "gzip", ten), &ERR_TYPE);
}

static void
a_bearer_is_one_token(void **state)
{
	(void)state;
	assert_string_equal(
	    judge_token(&cx, "Bearer a.b-c_d~+/=", "Bearer"), "a.b-c_d~+/=");
	assert_string_equal(judge_token(&cx, "bearer  x", "Bearer"), "x");
	assert_null(judge_token(&cx, NULL, "Bearer"));
	assert_null(judge_token(&cx, "Bearer ", "Bearer"));
	assert_null(judge_token(&cx, "Bearer a b", "Bearer"));
	assert_null(judge_token(&cx, "Bearer a,b", "Bearer"));
	assert_null(judge_token(&cx, "Basic YTpi", "Bearer"));
	assert_null(judge_token(&cx, "Bearerx", "Bearer"));
}

/* What an auditor would find first. */
static void
the_table_is_sound(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < routes_n; i++) {
		const struct route *r = &routes[i];

		assert_non_null(r->handler);
		assert_int_equal(r->path[0], '/');
		assert_int_equal(r->body == BODY_NONE, r->limit == 0);
		assert_true(r->who == WHO_OWNER ||
			    (r->who == WHO_ADMIN) == (r->scope != 0));
		if (r->method == METHOD_GET || r->method == METHOD_DELETE)
			assert_int_equal(r->body, BODY_NONE);
		for (k = 0; k < i; k++)
			assert_false(r->method == routes[k].method &&
				     strcmp(r->path, routes[k].path) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(path_and_method_pick_the_row),
		UNIT_TEST(other_paths_are_not_found),
		UNIT_TEST(a_label_is_a_slug_and_no_operation),
		UNIT_TEST(a_label_before_the_well_known_part_is_the_same_path),
		UNIT_TEST(other_methods_learn_which_are_allowed),
		UNIT_TEST(methods_have_one_spelling),
		UNIT_TEST(length_then_size_then_type),
		UNIT_TEST(types_are_compared_without_case_and_parameters),
		UNIT_TEST(a_bearer_is_one_token),
		UNIT_TEST(the_table_is_sound),
	};

	return cmocka_run_group_tests_name("http/router", tests, NULL, NULL);
}
