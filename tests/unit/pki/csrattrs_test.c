#include "pki/csrattrs.h"

#include "pki/der.h"
#include "pki/ext.h"
#include "tests/unit/unit.h"

/* Every item to its end, as strict DER. */
static bool
is_der(struct bytes in)
{
	struct der_item item;

	while (in.n > 0) {
		if (!der_next(&in, &item))
			return false;
		if ((item.tag & 0x20) != 0 && !is_der(item.content))
			return false;
	}
	return true;
}

static bool
holds(struct bytes all, struct bytes part)
{
	return memmem(all.p, all.n, part.p, part.n) != NULL;
}

static void
whatever_is_asked_is_one_strict_sequence(void **state)
{
	static const size_t bits[] = { 2048, 2049, 3071, 3072, 4096 };
	static const unsigned one = 1u << EXT_KEY_USAGE,
			      two = 1u << EXT_EXTENDED_KEY_USAGE,
			      three = 1u << EXT_SUBJECT_ALT_NAME;
	size_t k, b, v;

	(void)state;
	for (k = KEY_P256; k <= KEY_RSA; k++)
		for (b = 0; b < COUNT(bits); b++)
			for (v = 0; v < 64; v++) {
				struct csrattrs ask = { .ask_key = v & 1,
					.key = (enum key_type)k,
					.rsa_bits = bits[b],
					.binding = v & 2,
					.evidence = v & 32,
					.extensions = (v & 4 ? one : 0) |
						      (v & 8 ? two : 0) |
						      (v & 16 ? three : 0) };
				struct bytes der, in, all;

				arena_reset(cx.arena);
				der = in = csrattrs_der(&cx, &ask);
				assert_true(der_take(&in, DER_SEQUENCE, &all));
				assert_int_equal(in.n, 0);
				assert_true(is_der(der));
			}
}

/* RFC 9908 section 3.4: the length of the key is in the placeholder. */
static void
the_list_names_what_is_asked_and_no_more(void **state)
{
	static const struct bytes challenge =
	    ROW("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07");
	static const struct bytes p256 =
	    ROW("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
	static const struct bytes evidence =
	    ROW("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x3b");
	static const struct bytes rsa_3072 = ROW("\x02\x02\x0c\x00");
	struct csrattrs ask = { .ask_key = false };
	struct bytes der = csrattrs_der(&cx, &ask);

	(void)state;
	assert_false(holds(der, challenge));
	assert_false(holds(der, p256) || holds(der, evidence));
	ask = (struct csrattrs){
		.ask_key = true, .key = KEY_P256, .binding = true
	};
	der = csrattrs_der(&cx, &ask);
	assert_true(holds(der, challenge) && holds(der, p256));
	ask = (struct csrattrs){ .evidence = true };
	der = csrattrs_der(&cx, &ask);
	assert_true(holds(der, evidence));
	assert_false(holds(der, challenge));
	ask = (struct csrattrs){
		.ask_key = true, .key = KEY_RSA, .rsa_bits = 3072
	};
	der = csrattrs_der(&cx, &ask);
	assert_true(holds(der, rsa_3072));
	assert_false(holds(der, challenge) || holds(der, p256));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(whatever_is_asked_is_one_strict_sequence),
		UNIT_TEST(the_list_names_what_is_asked_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
