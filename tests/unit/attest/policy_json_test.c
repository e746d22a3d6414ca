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
	assert_int_equal(p.n_formats + p.n_profiles + p.n_pids +
			     p.n_measurements + p.n_pcrs + p.n_boot +
			     p.n_submodules,
	    0);
	assert_null(p.least_sw_version);
}

static void
every_member_is_read(void **state)
{
	(void)state;
	assert_true(reads(
	    "{\"formats\":[\"tpm\",\"matter\"],\"min_grade\":\"hardware\","
	    "\"profiles\":[\"one\"],\"mac\":true,\"ueid_required\":true,\"oem_"
	    "id\":\"0001\","
	    "\"serial_pattern\":\"A-*\",\"hw_model\":\"02\","
	    "\"min_hw_version\":\"1.2\",\"max_hw_version\":\"1.10\","
	    "\"deny\":{\"serials\":[\"A-1\",\"A-2\"],\"ueids\":[\"01aa\"],"
	    "\"keys\":[\"11111111111111111111111111111111111111111111111111"
	    "11111111111111\"],\"measurements\":[\"aabb\"]},"
	    "\"implementation_id\":\"03\",\"vid\":65521,\"pids\":[\"8000\"],"
	    "\"declarations\":[\"test\",\"provisional\",\"none\"],"
	    "\"certificate_id\":\"ZIG20141ZB330001-24\","
	    "\"device_type\":22,\"declaration_version\":2,"
	    "\"secure_boot\":true,\"debug\":\"disabled-permanently\","
	    "\"lifecycle_secured\":true,\"min_version\":\"2.7\","
	    "\"version_scheme\":\"integers\",\"allow_downgrade\":true,"
	    "\"measurements\":[{\"type\":\"BL\",\"value\":\"aa\","
	    "\"signer_id\":\"bb\"}],\"pcrs\":[{\"index\":7},{\"index\":0,"
	    "\"sha256\":\"00000000000000000000000000000000000000000000000000"
	    "00000000000000\"}],\"boot\":[{\"pcr\":4,\"sha256\":\""
	    "1111111111111111111111111111111111111111111111111111111111111111"
	    "\"}],\"submodules\":[{\"name\":\"TEE\",\"secure_boot\":true,"
	    "\"debug\":\"disabled\",\"min_version\":\"1.2\"}],"
	    "\"crl_required\":true,"
	    "\"reattest_every\":86400}"));
	assert_string_equal(p.format[1], "matter");
	assert_int_equal(p.least_grade, GRADE_HARDWARE);
	assert_string_equal(p.profile[0], "one");
	assert_true(p.mac_allowed && p.ueid_required);
	assert_true(bytes_eq(p.oem, LIT("\0\1")));
	assert_true(bytes_eq(p.hw_model, LIT("\2")));
	assert_true(bytes_eq(p.implementation_id, LIT("\3")));
	assert_string_equal(p.serial_pattern, "A-*");
	assert_string_equal(p.least_hw_version, "1.2");
	assert_string_equal(p.most_hw_version, "1.10");
	assert_int_equal(p.n_denied, 5);
	assert_int_equal(p.denied[1].what, DENIED_SERIAL);
	assert_true(bytes_eq(p.denied[1].value, LIT("A-2")));
	assert_int_equal(p.denied[2].what, DENIED_UEID);
	assert_true(bytes_eq(p.denied[2].value, LIT("\1\xaa")));
	assert_int_equal(p.denied[3].what, DENIED_KEY);
	assert_int_equal(p.denied[3].value.n, 32);
	assert_int_equal(p.denied[4].what, DENIED_MEASUREMENT);
	assert_int_equal(p.vid, 0xfff1);
	assert_int_equal(p.n_submodules, 1);
	assert_string_equal(p.submodule[0].name, "TEE");
	assert_true(p.submodule[0].secure_boot);
	assert_int_equal(p.submodule[0].least_debug, DEBUG_DISABLED);
	assert_string_equal(p.submodule[0].least_sw_version, "1.2");
	assert_int_equal(p.n_boot, 1);
	assert_int_equal(p.boot[0].pcr, 4);
	assert_int_equal(p.boot[0].digest.p[31], 0x11);
	assert_int_equal(p.pid[0], 0x8000);
	assert_true(p.cd_test && p.cd_provisional && p.cd_optional);
	assert_string_equal(p.cd_certificate_id, "ZIG20141ZB330001-24");
	assert_int_equal(p.cd_device_type, 22);
	assert_int_equal(p.cd_version, 2);
	assert_true(p.secure_boot && p.lifecycle_secured);
	assert_int_equal(p.least_debug, DEBUG_DISABLED_PERMANENTLY);
	assert_string_equal(p.least_sw_version, "2.7");
	assert_int_equal(p.sw_scheme, 16387);
	assert_true(p.sw_may_go_down && p.crl_required);
	assert_int_equal(p.reattest_every, 86400);
	assert_true(bytes_eq(p.measurement[0].signer, LIT("\xbb")));
	assert_int_equal(p.pcr[0].index, 7);
	assert_int_equal(p.pcr[0].sha256.n, 0);
	assert_int_equal(p.pcr[1].sha256.n, 32);
}

/* Each refusal says what is wrong, by the name of the member. */
static void
what_nobody_could_mean_is_refused(void **state)
{
	static const struct {
		const char *text, *member;
	} bad[] = {
		{ "", "" },
		{ "[]", "" },
		{ "{\"no\":1}", "no" },
		{ "{\"formats\":[\"fdo\"]}", "formats" },
		{ "{\"formats\":\"tpm\"}", "formats" },
		{ "{\"min_grade\":\"best\"}", "min_grade" },
		{ "{\"debug\":\"off\"}", "debug" },
		{ "{\"oem_id\":\"\"}", "oem_id" },
		{ "{\"oem_id\":\"0g\"}", "oem_id" },
		{ "{\"hw_model\":\"\"}", "hw_model" },
		{ "{\"implementation_id\":\"\"}", "implementation_id" },
		{ "{\"pids\":[\"80\"]}", "pids" },
		{ "{\"declarations\":[\"official\"]}", "declarations" },
		{ "{\"certificate_id\":\"ZIG20141ZB330001-245\"}",
		    "certificate_id" },
		{ "{\"vid\":65536}", "vid" },
		{ "{\"vid\":-1}", "vid" },
		{ "{\"vid\":1,\"vid\":2}", "duplicate" },
		{ "{\"vid\":null}", "vid" },
		{ "{\"min_version\":\"x\"}", "min_version" },
		{ "{\"version_scheme\":\"text\"}", "version_scheme" },
		{ "{\"pcrs\":[{\"index\":24}]}", "index" },
		{ "{\"pcrs\":[{\"index\":1,\"sha256\":\"00\"}]}", "pcrs" },
		{ "{\"pcrs\":[{\"index\":1,\"sha256\":\"\"}]}", "pcrs" },
		{ "{\"boot\":[{\"pcr\":4}]}", "sha256" },
		{ "{\"boot\":[{\"pcr\":4,\"sha256\":\"00\"}]}", "boot" },
		{ "{\"boot\":[{\"pcr\":24,\"sha256\":\"00\"}]}", "pcr" },
		{ "{\"measurements\":[{\"type\":\"BL\"}]}", "value" },
		{ "{\"measurements\":[{\"value\":\"\"}]}", "measurements" },
		{ "{\"measurements\":[{\"value\":\"00\",\"signer_id\":\"\"}]}",
		    "measurements" },
		{ "{\"serial_pattern\":\"\"}", "serial_pattern" },
		{ "{\"min_hw_version\":\"1.2-a\"}", "min_hw_version" },
		{ "{\"max_hw_version\":\"\"}", "max_hw_version" },
		{ "{\"min_hw_version\":\"1.10\","
		  "\"max_hw_version\":\"1.9\"}",
		    "max_hw_version" },
		{ "{\"deny\":[]}", "deny" },
		{ "{\"deny\":{\"guids\":[]}}", "guids" },
		{ "{\"deny\":{\"serials\":[\"\"]}}", "deny" },
		{ "{\"deny\":{\"ueids\":[\"0G\"]}}", "deny" },
		{ "{\"deny\":{\"keys\":[\"00\"]}}", "deny" },
		{ "{\"deny\":{\"measurements\":[\"\"]}}", "deny" },
		{ "{\"secure_boot\":1}", "secure_boot" },
		{ "{\"reattest_every\":0}", "reattest_every" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_false(reads(bad[i].text));
		assert_non_null(strstr(cx.reason, bad[i].member));
	}
}

/* A CoMID of one component, of the implementation "i". */
#define COMID                                                                  \
	"2QH6oQShAIGCoQChANkCWEFpgaIA2QJZogFiQkwFQmtzAaECgYIBWCAwMTIzNDU2Nzg5" \
	"YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg"

static void
reference_values_of_makers_are_added(void **state)
{
	(void)state;
	assert_true(reads("{\"endorsements\":[\"" COMID "\"]}"));
	assert_true(bytes_eq(p.implementation_id, LIT("i")));
	assert_int_equal(p.n_measurements, 1);
	assert_string_equal(p.measurement[0].type, "BL");
	assert_true(bytes_eq(p.measurement[0].signer, LIT("ks")));
	assert_false(reads("{\"implementation_id\":\"03\","
			   "\"endorsements\":[\"" COMID "\"]}"));
	assert_false(reads("{\"endorsements\":[\"=\"]}"));
	assert_false(reads("{\"endorsements\":[\"oA\"]}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_empty_policy_asks_nothing),
		UNIT_TEST(every_member_is_read),
		UNIT_TEST(reference_values_of_makers_are_added),
		UNIT_TEST(what_nobody_could_mean_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
