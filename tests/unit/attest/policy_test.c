#include "tests/unit/unit.h"

#include "attest/policy_names.h"
#include "attest/verdict_json.h"

#define SEMVER 16384
#define DOTTED 16387

static void
versions_compare_by_their_scheme(void **state)
{
	static const struct {
		int64_t scheme;
		const char *a, *b;
		bool at_least;
	} rows[] = {
		{ SEMVER, "2.10.0", "2.7.0", true },
		{ SEMVER, "2.7.0", "2.10.0", false },
		{ SEMVER, "1.0.0", "1.0.0", true },
		{ SEMVER, "1.0.0", "1.0.0-rc.1", true },
		{ SEMVER, "1.0.0-rc.1", "1.0.0", false },
		{ SEMVER, "1.0.0-rc.10", "1.0.0-rc.9", true },
		{ SEMVER, "1.0.0-rc.9", "1.0.0-rc.10", false },
		{ SEMVER, "1.0.0-rc", "1.0.0-rc.1", false },
		{ SEMVER, "1.0.0-rc.1", "1.0.0-rc", true },
		{ SEMVER, "1.0.0-rc.1", "1.0.0-1.rc", true },
		{ SEMVER, "1.0.0+b", "1.0.0+c", true },
		{ SEMVER, "1.0.0-a+b", "1.0.0-a", true },
		{ SEMVER, "1.02.0", "1.0.0", false },
		{ SEMVER, "1.0.", "1.0.0", false },
		{ SEMVER, "1.0.0-", "1.0.0-a", false },
		{ SEMVER, "1.0.0-a b", "1.0.0-a", false },
		{ SEMVER, "v2", "1.0.0", false },
		{ SEMVER, "", "1.0.0", false },
		{ SEMVER, NULL, "1.0.0", false },
		{ SEMVER, "99999999999999999999999.0.0", "1.0.0", false },
		{ DOTTED, "7", "6", true },
		{ DOTTED, "6", "7", false },
		{ DOTTED, "1.2.3.4", "1.2.3", true },
		{ DOTTED, "1.2.3-a", "1.2.3", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    version_at_least(rows[i].scheme, rows[i].a, rows[i].b),
		    rows[i].at_least);
}

/* What evidence of a good device says. */
static struct verdict
good(void)
{
	struct verdict v;

	verdict_init(&v);
	v.grade = GRADE_HARDWARE;
	v.facts.oem = LIT("acme");
	v.facts.model = "6875";
	v.facts.hw_version = "0102";
	v.facts.profile = "p";
	v.facts.secure_boot = KNOWN_YES;
	v.facts.debug = DEBUG_DISABLED_PERMANENTLY;
	v.facts.lifecycle = 0x3001;
	v.facts.sw_version = "2.1.0";
	v.facts.measurement[0] = (struct measurement){ .type = "BL",
		.version = "2.1.0",
		.value = LIT("value"),
		.signer = LIT("signer") };
	v.facts.n_measurements = 1;
	return v;
}

static struct measurement boot_loader = { .type = "BL",
	.version = "2.1.0",
	.value = LIT("value"),
	.signer = LIT("signer") };

static struct attest_policy
strict(void)
{
	return (struct attest_policy){
		.profile = { "o", "p" },
		.n_profiles = 2,
		.least_grade = GRADE_HARDWARE,
		.oem = LIT("acme"),
		.hw_model = LIT("hu"),
		.implementation_id = LIT("\1\2"),
		.secure_boot = true,
		.least_debug = DEBUG_DISABLED,
		.lifecycle_secured = true,
		.least_sw_version = "2.0.0",
		.sw_scheme = SEMVER,
		.measurement = &boot_loader,
		.n_measurements = 1,
	};
}

static const char *
applied(const struct attest_policy *p, const char *earlier, struct verdict v)
{
	policy_apply(&cx, p, earlier, &v);
	assert_int_equal(v.accepted, verdict_refusal(&v) == NULL);
	if (v.accepted)
		return "accepted";
	assert_int_equal(v.grade, GRADE_NONE);
	return verdict_refusal(&v)->code;
}

static void
a_good_device_passes_a_strict_policy(void **state)
{
	struct attest_policy p = strict(), none = { .n_formats = 0 };
	struct verdict empty;

	(void)state;
	verdict_init(&empty);
	assert_string_equal(applied(&p, "2.1.0", good()), "accepted");
	assert_string_equal(applied(&none, NULL, good()), "accepted");
	assert_string_equal(applied(&none, NULL, empty), "accepted");
}

static void
each_demand_is_a_finding_of_its_own(void **state)
{
	struct attest_policy p = strict();
	struct verdict v;

	(void)state;
#define REFUSED(change, name)                                      \
	do {                                                       \
		v = good();                                        \
		change;                                            \
		assert_string_equal(applied(&p, NULL, v), (name)); \
	} while (0)
	REFUSED(v.facts.profile = NULL, "profile");
	REFUSED(v.grade = GRADE_SOFTWARE, "grade");
	REFUSED(v.facts.oem = LIT("other"), "oem");
	REFUSED(v.facts.model = NULL, "hw-model");
	REFUSED(v.facts.hw_version = "0103", "implementation-id");
	REFUSED(v.facts.secure_boot = KNOWN_NOT, "secure-boot");
	REFUSED(v.facts.secure_boot = KNOWN_NO, "secure-boot");
	REFUSED(v.facts.debug = DEBUG_UNKNOWN, "debug");
	REFUSED(v.facts.lifecycle = 0x4000, "lifecycle");
	REFUSED(v.facts.lifecycle = -1, "lifecycle");
	REFUSED(v.facts.sw_version = "1.9.9", "sw-version");
	REFUSED(v.facts.n_measurements = 0, "measurement");
	REFUSED(v.facts.measurement[0].value = LIT("evil!"), "measurement");
	REFUSED(v.facts.measurement[0].signer = BYTES_NONE, "measurement");
	REFUSED(v.facts.measurement[0].type = NULL, "measurement");
	REFUSED(v.facts.measurement[0].version = "2.0.9", "measurement");
}

static void
a_serial_number_is_of_the_pattern(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} rows[] = {
		{ "A-1", "A-1", true },
		{ "A-1", "A-12", false },
		{ "A-12", "A-1", false },
		{ "A-?", "A-1", true },
		{ "A-?", "A-", false },
		{ "A-?", "A-12", false },
		{ "A-*", "A-", true },
		{ "A-*", "A-123", true },
		{ "A-*", "B-A-1", false },
		{ "*", "", true },
		{ "?*", "", false },
		{ "*-*-9", "a-b-8-9", true },
		{ "*-9", "a-9-8", false },
		{ "**a?c*", "xxabcabd", true },
		{ "*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};
	struct attest_policy p = { .serial_pattern = "A-*" };
	struct verdict v = good();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    pattern_fits(rows[i].pattern, rows[i].name), rows[i].fits);
	assert_string_equal(applied(&p, NULL, v), "serial");
	v.facts.serial = "B-1";
	assert_string_equal(applied(&p, NULL, v), "serial");
	v.facts.serial = "A-1";
	assert_string_equal(applied(&p, NULL, v), "accepted");
}

static void
hardware_is_of_a_version_between_two(void **state)
{
	static const struct {
		const char *version;
		bool ok;
	} rows[] = {
		{ "1.2", true },
		{ "1.2.0", true },
		{ "1.9", true },
		{ "1.10", true },
		{ "1.10.1", false },
		{ "1.1.9", false },
		{ "1.4-a", false },
		{ "0102", false },
		{ NULL, false },
	};
	struct attest_policy p = { .least_hw_version = "1.2",
		.most_hw_version = "1.10" };
	struct verdict v = good();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		v.facts.hw_version = rows[i].version;
		assert_string_equal(applied(&p, NULL, v),
		    rows[i].ok ? "accepted" : "hw-version");
	}
	p.least_hw_version = NULL;
	v.facts.hw_version = "1";
	assert_string_equal(applied(&p, NULL, v), "accepted");
	p.most_hw_version = NULL;
	p.least_hw_version = "2";
	assert_string_equal(applied(&p, NULL, v), "hw-version");
}

/* Of what was proved before, too: facts on record hold each name. */
static void
what_is_denied_is_refused_whatever_else_it_shows(void **state)
{
	static struct denied rows[] = {
		{ DENIED_SERIAL, LIT("A-1") },
		{ DENIED_UEID, LIT("unit") },
		{ DENIED_KEY, LIT("birth key") },
		{ DENIED_KEY, LIT("ek") },
		{ DENIED_MEASUREMENT, LIT("value") },
		{ DENIED_MEASUREMENT, LIT("loader") },
	};
	static struct denied others[] = {
		{ DENIED_SERIAL, LIT("A-2") },
		{ DENIED_SERIAL, LIT("unit") },
		{ DENIED_UEID, LIT("A-1") },
		{ DENIED_KEY, LIT("value") },
		{ DENIED_MEASUREMENT, LIT("signer") },
	};
	struct attest_policy p = { .denied = others,
		.n_denied = COUNT(others) };
	struct attest_policy then = { .n_formats = 0 };
	struct verdict v = good(), back;
	struct bytes json;

	(void)state;
	assert_string_equal(applied(&p, NULL, v), "accepted");
	v.facts.serial = "A-1";
	v.facts.ueid = LIT("unit");
	v.facts.birth_key_sha256 = LIT("birth key");
	v.facts.ek_sha256 = LIT("ek");
	v.facts.boot[0] = (struct boot_event){ 4, LIT("loader") };
	v.facts.n_boot = 1;
	assert_string_equal(applied(&p, NULL, v), "accepted");
	assert_null(verdict_json(&cx, &v, &json));
	p.n_denied = 1;
	for (size_t i = 0; i < COUNT(rows); i++) {
		p.denied = &rows[i];
		assert_string_equal(applied(&p, NULL, v), "denied");
		assert_null(verdict_json_read(&cx, json, &back));
		policy_rejudge(&cx, "psa", &p, &then, &back);
		assert_string_equal(verdict_refusal(&back)->code, "denied");
		assert_int_equal(
		    verdict_refusal(&back)->layer, LAYER_REVOCATION);
	}
}

static void
what_a_unit_has_shown_is_the_least_from_then_on(void **state)
{
	struct attest_policy p = { .sw_scheme = SEMVER };
	struct verdict silent = good();

	(void)state;
	silent.facts.sw_version = NULL;
	assert_string_equal(applied(&p, "2.1.1", good()), "downgrade");
	assert_string_equal(applied(&p, "2.1.1", silent), "downgrade");
	p.sw_may_go_down = true;
	assert_string_equal(applied(&p, "2.1.1", good()), "accepted");
}

static void
what_has_no_order_with_what_was_shown_is_less(void **state)
{
	struct attest_policy p = { .sw_scheme = SEMVER };
	struct verdict v = good();

	(void)state;
	policy_downgrade(&cx, &p, "2.1.0", SEMVER, &v);
	assert_true(v.accepted);
	policy_downgrade(&cx, &p, NULL, 0, &v);
	assert_true(v.accepted);
	policy_downgrade(&cx, &p, "1", 16387, &v);
	assert_string_equal(verdict_refusal(&v)->code, "downgrade");
	v = good();
	policy_downgrade(&cx, &p, "2.1.1", SEMVER, &v);
	assert_string_equal(verdict_refusal(&v)->code, "downgrade");
	v = good();
	p.sw_may_go_down = true;
	policy_downgrade(&cx, &p, "1", 16387, &v);
	assert_true(v.accepted);
}

static const char *
rejudged(const struct attest_policy *now, const struct attest_policy *then,
    const char *format)
{
	struct verdict v = good();

	policy_rejudge(&cx, format, now, then, &v);
	return v.accepted ? "accepted" : verdict_refusal(&v)->code;
}

static void
facts_are_judged_anew_and_what_they_do_not_hold_is_asked_for(void **state)
{
	struct attest_policy p = strict(), then = { .n_formats = 0 };
	struct attest_policy pcrs = { .n_pcrs = 1 };
	struct attest_policy boot = { .boot = { { 4, LIT("x") } },
		.n_boot = 1 };

	(void)state;
	assert_string_equal(rejudged(&boot, &then, "tpm"), "policy-changed");
	assert_string_equal(rejudged(&boot, &boot, "tpm"), "accepted");
	assert_string_equal(rejudged(&p, &then, "psa"), "accepted");
	p.least_sw_version = "9.0.0";
	assert_string_equal(rejudged(&p, &then, "psa"), "sw-version");
	p = (struct attest_policy){ .format = { "tpm" }, .n_formats = 1 };
	assert_string_equal(rejudged(&p, &then, "psa"), "format");
	p = (struct attest_policy){ .vid = 1, .pid = { 2 }, .n_pids = 1 };
	assert_string_equal(rejudged(&p, &then, "psa"), "accepted");
	assert_string_equal(rejudged(&p, &then, "matter"), "policy-changed");
	assert_string_equal(rejudged(&p, &p, "matter"), "accepted");
	then = p;
	then.pid[0] = 3;
	assert_string_equal(rejudged(&p, &then, "matter"), "policy-changed");
	assert_string_equal(rejudged(&pcrs, &then, "tpm"), "policy-changed");
	assert_string_equal(rejudged(&pcrs, &pcrs, "tpm"), "accepted");
	then = (struct attest_policy){ .mac_allowed = true };
	p = (struct attest_policy){ .crl_required = true };
	assert_string_equal(rejudged(&p, &p, "psa"), "accepted");
	assert_string_equal(rejudged(&p, &pcrs, "psa"), "policy-changed");
	assert_string_equal(
	    rejudged(&(struct attest_policy){ 0 }, &then, "eat"),
	    "policy-changed");
}

/* What is kept of a verdict says all that a policy may ask of it. */
static void
facts_outlive_their_way_through_json(void **state)
{
	struct attest_policy p = strict();
	struct verdict v = good(), back;
	struct bytes json;

	(void)state;
	v.facts.boot[0] = (struct boot_event){ 4, LIT("digest") };
	v.facts.n_boot = 1;
	verdict_add(&v, &(struct finding){ .layer = LAYER_CHAIN,
			    .severity = FINDING_WARNING,
			    .code = "x",
			    .words = "y" });
	assert_null(verdict_json(&cx, &v, &json));
	assert_null(verdict_json_read(&cx, json, &back));
	assert_string_equal(applied(&p, "2.1.0", back), "accepted");
	assert_int_equal(back.grade, v.grade);
	assert_int_equal(back.facts.n_boot, 1);
	assert_int_equal(back.facts.boot[0].pcr, 4);
	assert_true(bytes_eq(back.facts.boot[0].digest, LIT("digest")));
	assert_int_equal(back.n_findings, 1);
	assert_int_equal(back.finding[0].layer, LAYER_CHAIN);
	assert_int_equal(back.finding[0].severity, FINDING_WARNING);
	assert_non_null(verdict_json_read(&cx, LIT("{}"), &back));
}

static void
a_named_part_is_there_judged_and_as_asked(void **state)
{
	const struct attest_policy p = { .submodule = { { .name = "TEE",
					     .secure_boot = true,
					     .least_debug = DEBUG_DISABLED,
					     .least_sw_version = "2.0.0" } },
		.n_submodules = 1 };
	const struct submodule good = { .name = "TEE",
		.judged = true,
		.secure_boot = KNOWN_YES,
		.debug = DEBUG_DISABLED,
		.sw_version = "2.0.0",
		.sw_scheme = SEMVER };
	struct verdict v;
	struct submodule *m;
	size_t i;

	(void)state;
	for (i = 0; i < 9; i++) {
		verdict_init(&v);
		v.grade = GRADE_HARDWARE;
		v.facts.n_submodules = 2;
		v.facts.submodule[0].name = NULL;
		m = &v.facts.submodule[1];
		*m = good;
		switch (i) {
		case 1:
			v.facts.n_submodules = 1;
			break;
		case 2:
			m->name = "tee";
			break;
		case 3:
			m->judged = false;
			break;
		case 4:
			m->secure_boot = KNOWN_NOT;
			break;
		case 5:
			m->debug = DEBUG_ENABLED;
			break;
		case 6:
			m->sw_version = "1.9.9";
			break;
		case 7:
			m->sw_version = NULL;
			break;
		case 8:
			m->sw_scheme = 16387;
			break;
		}
		policy_apply(&cx, &p, NULL, &v);
		/* Without a scheme of the policy's, integers may be asked for
		 * as the part has them: 2.0.0 is that much. */
		assert_int_equal(v.accepted, i == 0 || i == 8);
		if (!v.accepted)
			assert_string_equal(
			    verdict_refusal(&v)->code, "submodule");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(versions_compare_by_their_scheme),
		UNIT_TEST(a_good_device_passes_a_strict_policy),
		UNIT_TEST(each_demand_is_a_finding_of_its_own),
		UNIT_TEST(a_serial_number_is_of_the_pattern),
		UNIT_TEST(hardware_is_of_a_version_between_two),
		UNIT_TEST(what_is_denied_is_refused_whatever_else_it_shows),
		UNIT_TEST(what_a_unit_has_shown_is_the_least_from_then_on),
		UNIT_TEST(what_has_no_order_with_what_was_shown_is_less),
		UNIT_TEST(
		    facts_are_judged_anew_and_what_they_do_not_hold_is_asked_for),
		UNIT_TEST(facts_outlive_their_way_through_json),
		UNIT_TEST(a_named_part_is_there_judged_and_as_asked),
	};

	return cmocka_run_group_tests_name("attest/policy", tests, NULL, NULL);
}
