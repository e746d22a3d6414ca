#include "tests/unit/unit.h"

#include "domain/settings.h"

/* The row of a name. */
static const struct cfg_key *
row(const char *name)
{
	size_t i = 0;

	while (strcmp(settings_keys[i].name, name) != 0)
		assert_true(++i < settings_n);
	return &settings_keys[i];
}

static void
every_row_is_whole(void **state)
{
	char why[CFG_WHY_BYTES];
	struct settings set = { .port = 0 };
	size_t i, j;

	(void)state;
	assert_true(settings_n <= CFG_KEYS_MAX);
	assert_non_null(settings_keys[0].group);
	for (i = 0; i < settings_n; i++) {
		const struct cfg_key *k = &settings_keys[i];

		assert_non_null(k->help);
		assert_true((k->def == NULL) == (k->example != NULL));
		assert_true(cfg_set(
		    k, k->def != NULL ? k->def : k->example, &set, why));
		for (j = 0; j < i; j++)
			assert_true(settings_keys[j].offset != k->offset);
		if (k->needs != NULL)
			assert_true(cfg_is_text(row(k->needs)));
	}
	assert_null(settings_fault(&set));
	cfg_release(settings_keys, settings_n, &set);
}

static void
values_that_cannot_work_are_refused(void **state)
{
	static const struct {
		const char *name, *value;
		bool ok;
	} rows[] = {
		{ "issuer", "https://localhost:8443", true },
		{ "issuer", "https://a.example/", false },
		{ "issuer", "https://a.example?x", false },
		{ "issuer", "https://a.example#x", false },
		{ "issuer", "https://me@a.example", false },
		{ "issuer", "http://a.example", false },
		{ "issuer", "http://127.0.0.1:80", false },
		{ "issuer", "", false },
		{ "idp_issuer", "https://idp.example/", true },
		{ "idp_issuer", "http://idp.example", false },
		{ "idp_jwks", "ftp://idp.example/", false },
		{ "idp_acr", "a b", true },
		{ "idp_acr", "a\"b", false },
		{ "listen", "0.0.0.0", true },
		{ "listen", "127.0.0.1 , ::1,fe80::1%eth0", true },
		{ "listen", "localhost", false },
		{ "listen", "127.0.0.1,", false },
		{ "listen", "127.0.0.1:443", false },
		{ "listen", "", false },
		{ "status_listen", "", true },
		{ "status_url", "http://s.example:80", true },
		{ "status_url", "http://s.example/", false },
		{ "status_url", "ldap://s.example", false },
		{ "db", "@", false },
		{ "db", "@/x", true },
		{ "db", "", false },
		{ "tls_cert", "", false },
		{ "issuing_also", "Issuing", false },
		{ "trust_domain", "Example", false },
		{ "node_name", "tab\there", false },
		{ "app_keys", "true", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct settings set = { .port = 0 };
		char why[CFG_WHY_BYTES] = "";
		bool ok = cfg_set(row(rows[i].name), rows[i].value, &set, why);

		if (ok != rows[i].ok)
			print_error("%s = %s\n", rows[i].name, rows[i].value);
		assert_int_equal(ok, rows[i].ok);
		cfg_release(settings_keys, settings_n, &set);
	}
}

static void
our_own_issuer_is_not_the_platforms(void **state)
{
	char url[] = "https://id.example";
	struct settings set = { .issuer = url, .idp_issuer = url };

	(void)state;
	assert_non_null(settings_fault(&set));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(every_row_is_whole),
		UNIT_TEST(values_that_cannot_work_are_refused),
		UNIT_TEST(our_own_issuer_is_not_the_platforms),
	};

	return cmocka_run_group_tests_name(
	    "domain/settings", tests, NULL, NULL);
}
