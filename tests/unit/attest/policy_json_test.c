#include "tests/unit/unit.h"

#include "attest/policy_json.h"

static struct attest_policy p;

static bool
reads(const char *text)
{
	return policy_json_read(&cx, bytes_str(text), &p) == NULL;
}

static void
an_empty_policy_asks_nothing(void **state)
{
	(void)state;
	assert_true(reads("{}"));
	assert_int_equal(p.least_grade, GRADE_NONE);
	assert_int_equal(
	    p.n_formats + p.n_profiles + p.n_pids + p.n_measurements + p.n_pcrs,
	    0);
	assert_null(p.least_sw_version);
}

static void
every_member_is_read(void **state)
{
	(void)state;
	assert_true(reads(
	    "{\"formats\":[\"tpm\",\"matter\"],\"min_grade\":\"hardware\","
	    "\"profiles\":[\"one\"],\"oem_id\":\"0001\",\"hw_model\":\"02\","
	    "\"implementation_id\":\"03\",\"vid\":65521,\"pids\":[\"8000\"],"
	    "\"declarations\":[\"test\",\"provisional\",\"none\"],"
	    "\"secure_boot\":true,\"debug\":\"disabled-permanently\","
	    "\"lifecycle_secured\":true,\"min_version\":\"2.7\","
	    "\"version_scheme\":\"integers\",\"allow_downgrade\":true,"
	    "\"measurements\":[{\"type\":\"BL\",\"value\":\"aa\","
	    "\"signer_id\":\"bb\"}],\"pcrs\":[{\"index\":7},{\"index\":0,"
	    "\"sha256\":\"00000000000000000000000000000000000000000000000000"
	    "00000000000000\"}],\"crl_required\":true,"
	    "\"reattest_every\":86400}"));
	assert_string_equal(p.format[1], "matter");
	assert_int_equal(p.least_grade, GRADE_HARDWARE);
	assert_string_equal(p.profile[0], "one");
	assert_true(bytes_eq(p.oem, LIT("\0\1")));
	assert_true(bytes_eq(p.hw_model, LIT("\2")));
	assert_true(bytes_eq(p.implementation_id, LIT("\3")));
	assert_int_equal(p.vid, 0xfff1);
	assert_int_equal(p.pid[0], 0x8000);
	assert_true(p.cd_test && p.cd_provisional && p.cd_optional);
	assert_true(p.secure_boot && p.lifecycle_secured);
	assert_int_equal(p.least_debug, DEBUG_DISABLED_PERMANENTLY);
	assert_string_equal(p.least_sw_version, "2.7");
	assert_int_equal(p.sw_scheme, 16387);
	assert_true(p.sw_may_go_down && p.crl_required);
	assert_true(bytes_eq(p.measurement[0].signer, LIT("\xbb")));
	assert_int_equal(p.pcr[0].index, 7);
	assert_int_equal(p.pcr[0].sha256.n, 0);
	assert_int_equal(p.pcr[1].sha256.n, 32);
	assert_int_equal(p.reattest_every, 86400);
}

static void
what_nobody_could_mean_is_refused(void **state)
{
	static const char *const bad[] = { "", "[]", "{\"no\":1}",
		"{\"formats\":[\"fdo\"]}", "{\"min_grade\":\"best\"}",
		"{\"debug\":\"off\"}", "{\"pids\":[\"80\"]}",
		"{\"declarations\":[\"official\"]}", "{\"vid\":65536}",
		"{\"min_version\":\"x\"}", "{\"version_scheme\":\"text\"}",
		"{\"pcrs\":[{\"index\":24}]}",
		"{\"pcrs\":[{\"index\":1,\"sha256\":\"00\"}]}",
		"{\"measurements\":[{\"type\":\"BL\"}]}", "{\"secure_boot\":1}",
		"{\"vid\":1,\"vid\":2}" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(reads(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_empty_policy_asks_nothing),
		UNIT_TEST(every_member_is_read),
		UNIT_TEST(what_nobody_could_mean_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
