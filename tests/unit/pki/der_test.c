#include "tests/unit/pki/material.h"

#include "pki/der.h"
#include "pki/pem.h"

static void
items_are_taken_in_order(void **state)
{
	struct bytes in = LIT("\x02\x01\x05\x04\x00\x30\x03\x01\x01\xff");
	struct bytes content;
	struct der_item it;
	unsigned v;
	bool b;

	(void)state;
	assert_true(der_at(in, DER_INTEGER));
	assert_true(der_take_small(&in, &v));
	assert_int_equal(v, 5);
	assert_true(der_take(&in, DER_OCTET_STRING, &content));
	assert_int_equal(content.n, 0);
	assert_true(der_next(&in, &it));
	assert_int_equal(it.whole.n, 5);
	assert_true(der_take_bool(&it.content, &b) && b);
	assert_int_equal(in.n, 0);
	assert_false(der_next(&in, &it));
	assert_false(der_at(in, DER_INTEGER));
}

static void
what_is_not_der_is_refused(void **state)
{
	static const struct bytes bad[] = {
		ROW("\x30\x80\x00\x00"),          /* indefinite length */
		ROW("\x04\x81\x05zzzzz"),         /* long form of a short one */
		ROW("\x04\x82\x00\x81"),          /* padded length */
		ROW("\x04\x84\x00\x00\x00\x01z"), /* four length bytes */
		ROW("\x1f\x81\x01\x00"),          /* long tag */
		ROW("\x04\x05zzzz"),              /* shorter than it says */
		ROW("\x04\xff"),                  /* reserved */
		ROW("\x04"),                      /* no length */
		ROW(""),
	};
	struct der_item it;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct bytes in = bad[i];

		if (der_next(&in, &it))
			wrong("case %zu", i);
	}
}

static void
values_have_one_encoding(void **state)
{
	struct bytes in, out;
	unsigned v;
	bool b;

	(void)state;
	in = LIT("\x01\x01\x01");
	assert_false(der_take_bool(&in, &b));
	in = LIT("\x02\x02\x00\x05");
	assert_false(der_take_small(&in, &v));
	in = LIT("\x02\x01\x85");
	assert_false(der_take_small(&in, &v));
	in = LIT("\x02\x02\x00\x85");
	assert_true(der_take_small(&in, &v) && v == 0x85);
	in = LIT("\x02\x02\x01\x00");
	assert_false(der_take_small(&in, &v));
	in = LIT("\x06\x02\x2a\x80");
	assert_false(der_take_oid(&in, &out));
	in = LIT("\x06\x03\x2a\x80\x01");
	assert_false(der_take_oid(&in, &out));
	in = LIT("\x06\x00");
	assert_false(der_take_oid(&in, &out));
	in = LIT("\x03\x02\x01\x00");
	assert_false(der_take_bits(&in, &out));
	in = LIT("\x03\x00");
	assert_false(der_take_bits(&in, &out));
}

static void
times_of_certificates(void **state)
{
	static const struct {
		struct bytes der;
		int64_t t;
		bool ok;
	} cases[] = {
		{ ROW("\x17\x0d"
		      "700101000000Z"),
		    0, true },
		{ ROW("\x17\x0d"
		      "500101000000Z"),
		    -631152000, true },
		{ ROW("\x17\x0d"
		      "691231235959Z"),
		    -1, true },
		{ ROW("\x17\x0d"
		      "491231235959Z"),
		    INT64_C(2524607999), true },
		{ ROW("\x18\x0f"
		      "99991231235959Z"),
		    CERT_NO_EXPIRY, true },
		{ ROW("\x18\x0f"
		      "20261121000000Z"),
		    UNIT_NOW, true },
		{ ROW("\x17\x0d"
		      "260231000000Z"),
		    0, false },
		{ ROW("\x17\x0d"
		      "261121240000Z"),
		    0, false },
		{ ROW("\x17\x0d"
		      "26112100000+Z"),
		    0, false },
		{ ROW("\x17\x0d"
		      "/61121000000Z"),
		    0, false },
		{ ROW("\x17\x0b"
		      "2611210000Z"),
		    0, false },
		{ ROW("\x17\x0d"
		      "2611210000000"),
		    0, false },
		{ ROW("\x18\x11"
		      "20261121000000.5Z"),
		    0, false },
		{ ROW("\x17\x0f"
		      "20261121000000Z"),
		    0, false },
		{ ROW("\x18\x0d"
		      "261121000000Z"),
		    0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes in = cases[i].der;
		int64_t t = 0;

		if (der_take_time(&in, &t) != cases[i].ok ||
		    (cases[i].ok && t != cases[i].t))
			wrong("case %zu: %lld", i, (long long)t);
	}
}

static void
pem_blocks_are_whole_and_of_their_kind(void **state)
{
	static const struct {
		struct bytes text;
		enum pem_result want;
	} cases[] = {
		{ ROW("-----BEGIN X-----\nAAAA\n-----END X-----\n"),
		    PEM_BLOCK },
		{ ROW("-----BEGIN X-----\r\nAAAA\r\n-----END X-----"),
		    PEM_BLOCK },
		{ ROW("text\n-----BEGIN X-----\nAAAA\n-----END X-----\n"),
		    PEM_BLOCK },
		{ ROW("text only"), PEM_END },
		{ ROW(""), PEM_END },
		{ ROW("-----BEGIN Y-----\nAAAA\n-----END Y-----\n"), PEM_BAD },
		{ ROW("-----BEGIN X-----\nAAAA\n-----END Y-----\n"), PEM_BAD },
		{ ROW("-----BEGIN X-----\nAAAA\n"), PEM_BAD },
		{ ROW("-----BEGIN X-----\n-----END X-----\n"), PEM_BAD },
		{ ROW("-----BEGIN X-----\nAAA\n-----END X-----\n"), PEM_BAD },
		{ ROW("-----END X-----\n"), PEM_BAD },
		{ ROW("a\0b"), PEM_BAD },
		{ ROW("-----BEGIN X-----\nDEK-Info: a\nAAAA\n"
		      "-----END X-----\n"),
		    PEM_BAD },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes text = cases[i].text, der;

		if (pem_next(cx.arena, &text, "X", &der) != cases[i].want)
			wrong("case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(items_are_taken_in_order),
		UNIT_TEST(what_is_not_der_is_refused),
		UNIT_TEST(values_have_one_encoding),
		UNIT_TEST(times_of_certificates),
		UNIT_TEST(pem_blocks_are_whole_and_of_their_kind),
	};

	return cmocka_run_group_tests_name("pki/der", tests, NULL, NULL);
}
