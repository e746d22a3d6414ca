#include "tests/unit/pki/material.h"

#include "pki/cms_signed.h"

#define VECTORS "tests/vectors/matter/"

static void
a_declaration_of_the_field_is_read_and_verified(void **state)
{
	struct bytes der = unit_file(VECTORS "cd/Chip-Test-CD-FFF2-8001.der");
	struct cert signer, other;
	struct cms_signed s;

	(void)state;
	assert_null(cert_parse(
	    &cx, unit_file(VECTORS "trust/cd-signing-test.der"), &signer));
	assert_null(
	    cert_parse(&cx, unit_file(VECTORS "trust/paa-fff1.der"), &other));
	assert_null(cms_signed_parse(&cx, der, &s));
	assert_int_equal(s.key_id.n, 20);
	assert_true(cms_signed_by(&s, signer.spki));
	assert_false(cms_signed_by(&s, other.spki));
	assert_false(cms_signed_by(&s, LIT("no key")));
	assert_false(cms_signed_by(&s, spki_of(make_key("P-384"))));
	s.content.n--;
	assert_false(cms_signed_by(&s, signer.spki));
}

/* Every byte outside of content, key id and signature is fixed: whatever is
 * changed there is refused, and what is within them breaks the signature. */
static void
no_byte_of_it_may_differ(void **state)
{
	struct bytes der = unit_file(VECTORS "cd/Chip-Test-CD-FFF2-8001.der");
	uint8_t *p = (uint8_t *)(uintptr_t)der.p;
	struct cms_signed s;
	struct bytes key_id;
	struct cert signer;
	size_t i;

	(void)state;
	assert_null(cert_parse(
	    &cx, unit_file(VECTORS "trust/cd-signing-test.der"), &signer));
	assert_null(cms_signed_parse(&cx, der, &s));
	key_id = bytes_dup(cx.arena, s.key_id);
	for (i = 0; i < der.n; i++) {
		p[i] ^= 1;
		if (cms_signed_parse(&cx, der, &s) == NULL &&
		    cms_signed_by(&s, signer.spki) &&
		    bytes_eq(s.key_id, key_id))
			wrong("byte %zu may differ", i);
		p[i] ^= 1;
		assert_non_null(
		    cms_signed_parse(&cx, (struct bytes){ der.p, i }, &s));
	}
	p[der.n] = 0;
	assert_non_null(
	    cms_signed_parse(&cx, (struct bytes){ der.p, der.n + 1 }, &s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_declaration_of_the_field_is_read_and_verified),
		UNIT_TEST(no_byte_of_it_may_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
