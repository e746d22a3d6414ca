#include "http/guard.h"

#include "tests/unit/unit.h"

#define MAX_FIELDS 80

/* The head as libmicrohttpd shows it: texts cut out in place, at CRLF, at
 * bare LF, and at NUL. */
static struct head
parse(struct head_field *field, const char *text, size_t n)
{
	char *s = arena_alloc(cx.arena, n + 1), *end = s + n, *p;
	struct head h = { .field = field, .method = s, .size = n };

	memcpy(s, text, n);
	p = strchr(s, ' ');
	*p++ = '\0';
	h.target = p;
	p = strchr(p, ' ');
	*p++ = '\0';
	h.version = p;
	h.target = arena_strdup(cx.arena, h.target);
	for (;;) {
		p += strcspn(p, "\r\n");
		while (p < end && *p != '\n')
			*p++ = '\0';
		*p++ = '\0';
		if (p >= end || *p == '\r' || *p == '\n')
			return h;
		field[h.n].name = p;
		field[h.n].name_n = strcspn(p, ":");
		p += field[h.n].name_n;
		*p++ = '\0';
		p += strspn(p, " \t");
		field[h.n].value = p;
		field[h.n].value_n = strcspn(p, "\r\n");
		h.n++;
	}
}

static const struct err *
check_bytes(const char *text, size_t n, struct framing *fr)
{
	struct head_field field[MAX_FIELDS];
	struct head h = parse(field, text, n);

	return guard_head(&cx, &h, fr);
}

static const struct err *
check(const char *fields)
{
	struct framing fr;
	char *text = arena_printf(
	    cx.arena, "POST /x HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);

	return check_bytes(text, strlen(text), &fr);
}

static void
honest_heads_pass(void **state)
{
	static const char *const good[] = { "", "Content-Length: 0\r\n",
		"Content-Length: 18446744073709551\r\n",
		"Transfer-Encoding: chunked\r\n",
		"transfer-encoding:CHUNKED\r\n", "Expect: 100-continue\r\n",
		"Connection: close\r\nConnection: x\r\n", "X:\r\n",
		"X: \t y\r\n", "X-!#$%&'*+-.^_`|~: caf\xc3\xa9\r\n" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(check(good[i]));
}

static void
ambiguous_framing_is_refused(void **state)
{
	static const char *const bad[] = {
		"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: 1\r\nContent-Length: 1\r\n",
		"Content-Length: 1\r\ncontent-length: 2\r\n",
		"Content-Length: 1, 1\r\n",
		"Content-Length: +1\r\n",
		"Content-Length: -1\r\n",
		"Content-Length: 0x1\r\n",
		"Content-Length:\r\n",
		"Content-Length: 1 \r\n",
		"Content-Length: 18446744073709551616\r\n",
		"Transfer-Encoding: gzip\r\n",
		"Transfer-Encoding:\r\n",
		"Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: chunked, chunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: \"chunked\"\r\n",
		"Transfer-Encoding: chunked;a=b\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_ptr_equal(check(bad[i]), &ERR_BAD_HEAD);
}

static void
bad_names_and_values_are_refused(void **state)
{
	static const char *const bad[] = { "Content-Length : 1\r\n",
		"X\t: 1\r\n", "X[1]: 1\r\n", ": 1\r\n", "X: \x01\r\n",
		"X: \x7f\r\n", "\xc3\xa9: 1\r\n" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_ptr_equal(check(bad[i]), &ERR_BAD_HEAD);
}

static void
repeated_fields_that_decide_are_refused(void **state)
{
	static const char *const names[] = { "host", "Authorization", "DPoP",
		"Content-Type", "Client-Cert", "Client-Cert-Chain" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_ptr_equal(check(arena_printf(cx.arena,
				     "%s: a\r\n%s: a\r\n", names[i], names[i])),
		    &ERR_BAD_HEAD);
}

static void
bad_request_lines_are_refused(void **state)
{
	static const char *const bad[] = { "GET http://a/ HTTP/1.1",
		"GET a HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1",
		"CONNECT / HTTP/1.1", "G(T / HTTP/1.1" };
	struct framing fr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text =
		    arena_printf(cx.arena, "%s\r\nHost: a\r\n\r\n", bad[i]);

		assert_ptr_equal(
		    check_bytes(text, strlen(text), &fr), &ERR_BAD_HEAD);
	}
}

static void
host_is_wanted_once_and_clean(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", true },
		{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		    false },
	};
	struct framing fr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cases[i].good,
		    check_bytes(cases[i].text, strlen(cases[i].text), &fr) ==
			NULL);
}

static void
what_the_parser_hides_is_noticed(void **state)
{
	static const char nul[] =
	    "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n";
	static const char lf[] = "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n";
	static const char end[] = "GET / HTTP/1.1\r\nHost: a\r\n\n";
	struct head_field field[MAX_FIELDS];
	struct framing fr;
	struct head h;

	(void)state;
	assert_ptr_equal(check_bytes(nul, sizeof(nul) - 1, &fr), &ERR_BAD_HEAD);
	assert_ptr_equal(check_bytes(lf, sizeof(lf) - 1, &fr), &ERR_BAD_HEAD);
	assert_ptr_equal(check_bytes(end, sizeof(end) - 1, &fr), &ERR_BAD_HEAD);
	/* A field that was dropped, or moved. */
	h = parse(field, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n", 33);
	assert_null(guard_head(&cx, &h, &fr));
	h.n--;
	assert_ptr_equal(guard_head(&cx, &h, &fr), &ERR_BAD_HEAD);
	h.n++;
	field[1].value = arena_strdup(cx.arena, "b");
	assert_ptr_equal(guard_head(&cx, &h, &fr), &ERR_BAD_HEAD);
}

static void
too_many_fields_are_refused(void **state)
{
	char text[1024];
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < LIMIT_HEADER_FIELDS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "X: 1\r\n");
	assert_ptr_equal(check(text), &ERR_BAD_HEAD);
	text[n - 6] = '\0';
	assert_null(check(text));
}

static void
framing_is_reported(void **state)
{
	static const char text[] = "PUT / HTTP/1.1\r\nHost: a\r\n"
				   "Content-Length: 17\r\n"
				   "Expect: 100-continue\r\n\r\n";
	struct framing fr;

	(void)state;
	assert_null(check_bytes(text, sizeof(text) - 1, &fr));
	assert_true(fr.has_length && fr.expect && !fr.chunked);
	assert_int_equal(fr.length, 17);
}

static void
paths_are_decoded_once(void **state)
{
	const char *path, *query;

	(void)state;
	assert_null(guard_path(&cx, "/a%2541b/%7e?x=%00", &path, &query));
	assert_string_equal(path, "/a%41b/~");
	assert_string_equal(query, "x=%00");
	assert_null(guard_path(&cx, "/", &path, &query));
	assert_null(query);
	/* Base64, not segments. */
	assert_null(guard_path(&cx, "/ocsp/a%2Fb%2b/%3d", &path, &query));
	assert_string_equal(path, "/ocsp/a/b+/=");
}

static void
bad_paths_are_refused(void **state)
{
	static const char *const bad[] = { "/%00", "/%0a", "/%2f", "/%2F",
		"/%zz", "/%2", "/%", "/%ff", "/%7f", "/\xc3\xa9", "/a b", "/\\",
		"/<", "/#" };
	const char *path, *query;
	char text[LIMIT_PATH + 3] = "/";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_ptr_equal(
		    guard_path(&cx, bad[i], &path, &query), &ERR_BAD_HEAD);
	memset(text + 1, 'a', LIMIT_PATH);
	assert_ptr_equal(guard_path(&cx, text, &path, &query), &ERR_BAD_HEAD);
	text[LIMIT_PATH] = '\0';
	assert_null(guard_path(&cx, text, &path, &query));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(honest_heads_pass),
		UNIT_TEST(ambiguous_framing_is_refused),
		UNIT_TEST(bad_names_and_values_are_refused),
		UNIT_TEST(repeated_fields_that_decide_are_refused),
		UNIT_TEST(bad_request_lines_are_refused),
		UNIT_TEST(host_is_wanted_once_and_clean),
		UNIT_TEST(what_the_parser_hides_is_noticed),
		UNIT_TEST(too_many_fields_are_refused),
		UNIT_TEST(framing_is_reported),
		UNIT_TEST(paths_are_decoded_once),
		UNIT_TEST(bad_paths_are_refused),
	};

	return cmocka_run_group_tests_name("http/guard", tests, NULL, NULL);
}
