#include "domain/label_read.h"

#include "domain/svc.h"
#include "pki/key.h"
#include "tests/unit/unit.h"

/* Reads and checks settings; trust_domain is the service's. */
static const struct err *
judge(const char *text, const char *trust_domain, struct label *out)
{
	struct svc *svc = arena_alloc(cx.arena, sizeof(*svc));
	struct label_json in;
	const struct err *e;

	*svc = (struct svc){ .set.trust_domain =
				 arena_strdup(cx.arena, trust_domain) };
	cx.svc = svc;
	assert_null(label_json_read(&cx, bytes_str(text), &in));
	e = label_read(&cx, "north", &in, out);
	return e != NULL ? e : label_check(&cx, out);
}

static void
defaults_are_possible_and_strict(void **state)
{
	struct label l;

	(void)state;
	assert_null(judge("{}", "", &l));
	assert_string_equal(l.name, "north");
	assert_int_equal(l.key_types, 1u << KEY_P256 | 1u << KEY_P384 |
					  1u << KEY_ED25519 | 1u << KEY_RSA);
	assert_int_equal(l.auth, LABEL_BIRTH | LABEL_TOKEN);
	assert_true(l.owner);
	assert_false(l.bootstrap_no_owner);
	assert_int_equal(l.server_key, SERVER_KEY_OFF);
	assert_null(l.cert.spiffe_domain);
}

static void
words_mean_what_they_say(void **state)
{
	struct label l;

	(void)state;
	assert_null(judge("{\"owner_approval\":\"none\",\"renew_key\":\"new\","
			  "\"superseded\":\"revoked\",\"clone\":\"quarantine\","
			  "\"server_key\":\"encrypted\",\"channel_binding\":"
			  "\"required\",\"authentication\":[\"bootstrap\"],"
			  "\"key_types\":[\"p384\"],\"spiffe\":true}",
	    "example.org", &l));
	assert_false(l.owner);
	assert_int_equal(l.renew_key, RENEW_NEW_KEY);
	assert_int_equal(l.superseded, SUPERSEDED_IS_REVOKED);
	assert_int_equal(l.clone, CLONE_QUARANTINES);
	assert_int_equal(l.server_key, SERVER_KEY_ENCRYPTED);
	assert_true(l.binding_required);
	assert_int_equal(l.auth, LABEL_BOOTSTRAP);
	assert_int_equal(l.key_types, 1u << KEY_P384);
	assert_string_equal(l.cert.spiffe_domain, "example.org");
}

static void
what_is_not_possible_is_refused_by_its_member(void **state)
{
	static const struct {
		const char *text, *member;
	} bad[] = {
		{ "{\"owner_approval\":\"\"}", "owner_approval" },
		{ "{\"owner_approval\":\"None\"}", "owner_approval" },
		{ "{\"renew_key\":\"same \"}", "renew_key" },
		{ "{\"superseded\":\"x\"}", "superseded" },
		{ "{\"clone\":\"x\"}", "clone" },
		{ "{\"server_key\":\"x\"}", "server_key" },
		{ "{\"channel_binding\":\"x\"}", "channel_binding" },
		{ "{\"key_types\":[\"p256\",\"p521\"]}", "key_types" },
		{ "{\"key_types\":[]}", "key_types" },
		{ "{\"authentication\":[\"none\"]}", "authentication" },
		{ "{\"authentication\":[]}", "authentication" },
		{ "{\"csr_must_have\":[\"san\"]}", "csr_must_have" },
		{ "{\"rsa_bits\":2047}", "rsa_bits" },
		{ "{\"renew_after\":96}", "renew_after" },
		{ "{\"spiffe\":true}", "spiffe" },
		{ "{\"bootstrap_replaces_owner\":true}",
		    "bootstrap_replaces_owner" },
		{ "{\"server_key\":\"on\"}", "server_key" },
	};
	struct label l;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (judge(bad[i].text, "", &l) != &ERR_LABEL)
			wrong("%s is accepted", bad[i].text);
		if (strncmp(cx.reason, bad[i].member, strlen(bad[i].member)))
			wrong("%s: %s", bad[i].text, cx.reason);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(defaults_are_possible_and_strict),
		UNIT_TEST(words_mean_what_they_say),
		UNIT_TEST(what_is_not_possible_is_refused_by_its_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
