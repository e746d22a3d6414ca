#include "tests/unit/pki/material.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "pki/ca.h"
#include "pki/chain.h"
#include "pki/keyfile.h"
#include "pki/mac.h"
#include "pki/signer.h"

static const char *const NAMES[] = { "localhost", "127.0.0.1", NULL };

/* Where one ceremony puts its files; made and removed by each test. */
static const char *base, *dir, *root_dir;
static char why[256];

static const char *
in(const char *d, const char *name)
{
	return arena_printf(cx.arena, "%s/%s", d, name);
}

static void
begin(void)
{
	base = unit_mkdir();
	dir = in(base, "pki");
	root_dir = in(base, "root");
	cx.now = clock_now();
}

static void
end(void)
{
	if (access(in(dir, "tokens"), F_OK) == 0)
		unit_rmdir(in(dir, "tokens"));
	unit_rmdir(dir);
	unit_rmdir(root_dir);
	unit_rmdir(base);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static size_t
read_certs(const char *path, struct bytes ders[3])
{
	struct keyfile text;
	struct bytes pem;
	size_t n;

	assert_true(keyfile_read(path, false, &text, why));
	pem = bytes_dup(
	    cx.arena, (struct bytes){ (const uint8_t *)text.p, text.n });
	keyfile_free(&text);
	assert_null(cert_read_pem(&cx, pem, ders, 3, &n));
	return n;
}

static void
the_ceremony_makes_a_whole_pki(void **state)
{
	struct bytes root[3], issuing[3], server[3];
	AUTO_STRUCT(signer) *s = NULL;
	AUTO_STRUCT(mac_key) *mac = NULL;
	struct cert r, i, c;

	(void)state;
	begin();
	assert_true(ca_init(dir, root_dir, NAMES, why));
	assert_int_equal(mode_of(dir), 0700);
	assert_int_equal(mode_of(root_dir), 0700);
	assert_int_equal(mode_of(in(root_dir, "root.key")), 0600);
	assert_int_equal(mode_of(in(dir, "issuing.key")), 0600);
	assert_int_equal(mode_of(in(dir, "server.key")), 0600);
	assert_int_equal(mode_of(in(dir, "mac.key")), 0600);
	assert_int_equal(access(in(dir, "root.key"), F_OK), -1);
	s = signer_open(in(dir, "issuing.crt"), in(dir, "issuing.key"), why);
	assert_non_null(s);
	mac = mac_key_load(in(dir, "mac.key"), why);
	assert_non_null(mac);
	assert_int_equal(read_certs(in(dir, "root.crt"), root), 1);
	assert_int_equal(read_certs(in(dir, "issuing.crt"), issuing), 1);
	assert_int_equal(read_certs(in(dir, "server.crt"), server), 2);
	assert_bytes(server[1], issuing[0]);
	assert_bytes(signer_cert(s), issuing[0]);
	assert_null(cert_parse(&cx, root[0], &r));
	assert_null(cert_parse(&cx, issuing[0], &i));
	assert_null(cert_parse(&cx, server[0], &c));
	assert_true(r.is_ca && i.is_ca && !c.is_ca && c.eku_server);
	assert_true(r.not_after > i.not_after && i.not_after > c.not_after);
	end();
}

/* The issuing CA certifies devices and nothing that certifies. */
static void
the_issuing_ca_has_pathlen_zero_and_a_valid_chain(void **state)
{
	struct bytes root[3], issuing[3];
	AUTO_STRUCT(trust) *t = NULL;
	AUTO(X509) *x = NULL;
	const unsigned char *p;
	AUTO(X509) *above = NULL;
	AUTO(EVP_PKEY) *key = NULL;

	(void)state;
	begin();
	assert_true(ca_init(dir, root_dir, NAMES, why));
	(void)read_certs(in(dir, "root.crt"), root);
	(void)read_certs(in(dir, "issuing.crt"), issuing);
	p = issuing[0].p;
	x = d2i_X509(NULL, &p, (long)issuing[0].n);
	p = root[0].p;
	above = d2i_X509(NULL, &p, (long)root[0].n);
	assert_int_equal(X509_get_pathlen(x), 0);
	assert_int_equal(X509_get_pathlen(above), 1);
	key = X509_get_pubkey(above);
	assert_int_equal(X509_verify(x, key), 1);
	assert_int_equal(X509_check_issued(above, x), X509_V_OK);
	end();
}

static void
nothing_is_ever_overwritten(void **state)
{
	static const char *const files[] = { "root.crt", "issuing.crt",
		"issuing.key", "mac.key", "server.crt", "server.key" };

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct stat st;
		FILE *f;

		begin();
		assert_int_equal(mkdir(dir, 0700), 0);
		f = fopen(in(dir, files[i]), "we");
		assert_non_null(f);
		fclose(f);
		assert_false(ca_init(dir, root_dir, NAMES, why));
		assert_non_null(strstr(why, files[i]));
		/* What was there stays, what was made is gone. */
		assert_int_equal(stat(in(dir, files[i]), &st), 0);
		assert_int_equal(st.st_size, 0);
		assert_int_equal(unlink(in(dir, files[i])), 0);
		assert_int_equal(rmdir(dir), 0);
		assert_int_equal(rmdir(root_dir), 0);
		assert_int_equal(rmdir(base), 0);
	}
}

static void
a_second_ceremony_leaves_the_first_alone(void **state)
{
	struct bytes before[3], after[3];

	(void)state;
	begin();
	assert_true(ca_init(dir, root_dir, NAMES, why));
	(void)read_certs(in(dir, "root.crt"), before);
	assert_false(ca_init(dir, root_dir, NAMES, why));
	(void)read_certs(in(dir, "root.crt"), after);
	assert_bytes(before[0], after[0]);
	assert_int_equal(mode_of(in(root_dir, "root.key")), 0600);
	end();
}

static void
bad_server_names_are_refused_before_anything_is_made(void **state)
{
	static const char *const bad[] = { "*.example", "a b", "", ".", "-a",
		"a..b", "a-.b", "under_score" };
	static const char *const none[] = { NULL };

	(void)state;
	begin();
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *const names[] = { "localhost", bad[i], NULL };

		if (ca_init(dir, root_dir, names, why))
			wrong("name \"%s\"", bad[i]);
	}
	assert_false(ca_init(dir, root_dir, none, why));
	assert_int_equal(access(dir, F_OK), -1);
	unit_rmdir(base);
}

static void
the_server_s_certificate_can_be_renewed(void **state)
{
	static const char *const names[] = { "latchkey.example", NULL };
	struct bytes before[3], after[3];
	struct cert a, b;

	(void)state;
	begin();
	assert_true(ca_init(dir, root_dir, NAMES, why));
	(void)read_certs(in(dir, "server.crt"), before);
	assert_true(ca_server_cert(dir, NULL, names, why));
	assert_int_equal(read_certs(in(dir, "server.crt"), after), 2);
	assert_null(cert_parse(&cx, before[0], &a));
	assert_null(cert_parse(&cx, after[0], &b));
	assert_memory_not_equal(a.key_sha256, b.key_sha256, 32);
	assert_int_equal(mode_of(in(dir, "server.key")), 0600);
	assert_true(ca_server_cert(dir, in(dir, "issuing.crt"), names, why));
	assert_false(ca_server_cert(dir, in(dir, "issuing.key"), names, why));
	assert_non_null(strstr(why, "NAME.crt"));
	end();
}

static void
a_key_of_another_ca_opens_no_signer(void **state)
{
	(void)state;
	begin();
	assert_true(ca_init(dir, root_dir, NAMES, why));
	assert_null(
	    signer_open(in(dir, "issuing.crt"), in(dir, "server.key"), why));
	assert_null(
	    signer_open(in(dir, "server.crt"), in(dir, "server.key"), why));
	assert_int_equal(chmod(in(dir, "issuing.key"), 0644), 0);
	assert_null(
	    signer_open(in(dir, "issuing.crt"), in(dir, "issuing.key"), why));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_ceremony_makes_a_whole_pki),
		UNIT_TEST(the_issuing_ca_has_pathlen_zero_and_a_valid_chain),
		UNIT_TEST(nothing_is_ever_overwritten),
		UNIT_TEST(a_second_ceremony_leaves_the_first_alone),
		UNIT_TEST(bad_server_names_are_refused_before_anything_is_made),
		UNIT_TEST(the_server_s_certificate_can_be_renewed),
		UNIT_TEST(a_key_of_another_ca_opens_no_signer),
	};

	return cmocka_run_group_tests_name("pki/ca", tests, NULL, NULL);
}
