#include "http/problem.h"

#include "base/arena.h"
#include "base/cfg.h"

#include "tests/unit/unit.h"

static const struct err invalid = { KIND_INVALID, "bad-csr", "Bad \"CSR\"." };
static const struct err grant = { KIND_INVALID, "invalid_grant", "No." };
static const struct err slow = { KIND_BUSY, "slow_down", "Slower." };
static const struct err forbidden = { KIND_FORBIDDEN, "flagged", "Flagged." };
static const struct err unknown = { KIND_UNAUTHENTICATED, "x", "Who?" };
static const struct err busy = { KIND_BUSY, "too-fast", "Later." };
static const struct err away = { KIND_UNAVAILABLE, "away", "Later." };

static const struct route rest = { .errors = AS_PROBLEM };
static const struct route oauth = { .errors = AS_OAUTH };
static const struct route ocsp = { .errors = AS_OCSP };
static const struct route est = { .errors = AS_EST };

static const char *
write_error(const struct route *r, const struct err *e, struct reply *rs)
{
	struct request rq = { .route = r };

	cx.rid = "00000000-0000-4000-8000-000000000000";
	problem_reply(&cx, &rq, e, rs);
	return bytes_to_str(cx.arena, rs->body);
}

static const char *
header(const struct reply *rs, const char *name)
{
	size_t i;

	for (i = 0; i < rs->nheaders; i++)
		if (strcmp(rs->header[i].name, name) == 0)
			return rs->header[i].value;
	return NULL;
}

static void
rest_gets_problem_details(void **state)
{
	struct reply rs;

	(void)state;
	assert_string_equal(write_error(&rest, &invalid, &rs),
	    "{\"type\":\"urn:latchkey:error:bad-csr\","
	    "\"title\":\"Bad \\\"CSR\\\".\",\"status\":400,\"instance\":"
	    "\"urn:uuid:00000000-0000-4000-8000-000000000000\"}");
	assert_int_equal(rs.status, 400);
	assert_string_equal(rs.type, "application/problem+json");
	assert_string_equal(header(&rs, "Cache-Control"), "no-store");
}

static void
no_route_gets_problem_details_too(void **state)
{
	struct reply rs;

	(void)state;
	(void)write_error(NULL, &ERR_NOT_FOUND, &rs);
	assert_int_equal(rs.status, 404);
	assert_string_equal(rs.type, "application/problem+json");
}

static void
only_an_operator_learns_the_reason(void **state)
{
	struct request rq = { .route = &rest };
	struct reply rs;

	(void)state;
	cx.rid = "r";
	assert_non_null(fail(&cx, &invalid, "secret cause"));
	problem_reply(&cx, &rq, &invalid, &rs);
	assert_null(strstr(bytes_to_str(cx.arena, rs.body), "secret"));
	rq.caller.kind = CALLER_OWNER;
	problem_reply(&cx, &rq, &invalid, &rs);
	assert_null(strstr(bytes_to_str(cx.arena, rs.body), "secret"));
	rq.caller.kind = CALLER_ADMIN;
	problem_reply(&cx, &rq, &invalid, &rs);
	assert_non_null(strstr(
	    bytes_to_str(cx.arena, rs.body), "\"detail\":\"secret cause\""));
	/* A reason that is no UTF-8 is left out rather than broken. */
	assert_non_null(fail(&cx, &invalid, "\xff"));
	problem_reply(&cx, &rq, &invalid, &rs);
	assert_null(strstr(bytes_to_str(cx.arena, rs.body), "detail"));
}

static void
oauth_gets_registered_words(void **state)
{
	static const struct {
		const struct err *e;
		const char *word;
		int status;
	} cases[] = {
		{ &grant, "invalid_grant", 400 },
		{ &slow, "slow_down", 400 },
		{ &invalid, "invalid_request", 400 },
		{ &forbidden, "unauthorized_client", 400 },
		{ &unknown, "invalid_client", 401 },
		{ &ERR_STORE, "temporarily_unavailable", 503 },
		{ &ERR_INTERNAL, "server_error", 500 },
		{ &busy, "temporarily_unavailable", 429 },
	};
	struct reply rs;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *body = write_error(&oauth, cases[i].e, &rs);

		assert_int_equal(rs.status, cases[i].status);
		assert_non_null(
		    strstr(body, arena_printf(cx.arena, "{\"error\":\"%s\",",
				     cases[i].word)));
		assert_non_null(strstr(body, "\"request_id\":\"00000000-"));
		assert_string_equal(rs.type, "application/json");
	}
}

static void
est_gets_a_line_of_text(void **state)
{
	struct reply rs;

	(void)state;
	assert_string_equal(write_error(&est, &forbidden, &rs),
	    "Flagged. (request 00000000-0000-4000-8000-000000000000)\n");
	assert_int_equal(rs.status, 403);
}

static void
ocsp_gets_a_response_status(void **state)
{
	static const struct {
		const struct err *e;
		uint8_t status;
	} cases[] = {
		{ &invalid, 1 },
		{ &ERR_INTERNAL, 2 },
		{ &ERR_STORE, 3 },
		{ &busy, 3 },
		{ &forbidden, 6 },
	};
	struct reply rs;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)write_error(&ocsp, cases[i].e, &rs);
		assert_int_equal(rs.status, 200);
		assert_int_equal(rs.body.n, 5);
		assert_int_equal(rs.body.p[4], cases[i].status);
		assert_string_equal(header(&rs, "Cache-Control"), "no-store");
	}
	(void)write_error(&ocsp, &unknown, &rs);
	assert_int_equal(rs.status, 401);
}

static void
a_401_carries_a_challenge(void **state)
{
	struct request rq = { .route = &rest, .bearer = "t" };
	struct reply rs;

	(void)state;
	(void)write_error(&est, &unknown, &rs);
	assert_string_equal(
	    header(&rs, "WWW-Authenticate"), "Bearer realm=\"latchkey\"");
	problem_reply(&cx, &rq, &unknown, &rs);
	assert_string_equal(header(&rs, "WWW-Authenticate"),
	    "Bearer realm=\"latchkey\", error=\"invalid_token\"");
}

static void
later_says_when(void **state)
{
	struct reply rs;
	int64_t s;

	(void)state;
	cx.retry_after = 0;
	(void)write_error(&est, &away, &rs);
	assert_true(cfg_duration(
	    arena_printf(cx.arena, "%ss", header(&rs, "Retry-After")), &s));
	assert_in_range(s, 1, 5);
	cx.retry_after = 42;
	(void)write_error(&rest, &busy, &rs);
	assert_string_equal(header(&rs, "Retry-After"), "42");
	(void)write_error(&rest, &invalid, &rs);
	assert_null(header(&rs, "Retry-After"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(rest_gets_problem_details),
		UNIT_TEST(no_route_gets_problem_details_too),
		UNIT_TEST(only_an_operator_learns_the_reason),
		UNIT_TEST(oauth_gets_registered_words),
		UNIT_TEST(est_gets_a_line_of_text),
		UNIT_TEST(ocsp_gets_a_response_status),
		UNIT_TEST(a_401_carries_a_challenge),
		UNIT_TEST(later_says_when),
	};

	return cmocka_run_group_tests_name("http/problem", tests, NULL, NULL);
}
