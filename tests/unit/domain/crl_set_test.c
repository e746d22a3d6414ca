#include "tests/unit/pki/material.h"

#include "domain/crl_set.h"
#include "pki/crl.h"
#include "pki/signer_internal.h"

#define URL "http://a/crl/issuing"
#define LIFETIME DAY
#define TODAY (NOW / DAY)

static void
own_signer(void *p)
{
	signer_free(p);
}

static const struct signer *
ca(void)
{
	const struct spec s = { .cn = "ca",
		.not_after = NOW + 365 * DAY,
		.ext = { CA_EXTENSIONS, { "subjectKeyIdentifier", "hash" } } };
	struct holder h = make(&s, NULL);
	struct signer *ca;

	X509_up_ref(h.x);
	EVP_PKEY_up_ref(h.key);
	ca = signer_wrap(h.x, h.key);
	arena_own(cx.arena, own_signer, ca);
	return ca;
}

static void
note(struct crl_set *s, uint8_t serial, int64_t at, int64_t not_after)
{
	struct crl_revoked one = { .revoked_at = at, .not_after = not_after };

	one.serial[15] = serial;
	crl_set_note(s, &one);
}

/* How many entries the list has; -1 if there is none. */
static int
entries(struct crl_set *s, enum crl_kind kind, int64_t day)
{
	struct crl_made *m = crl_set_get1(s, kind, day);
	const unsigned char *p;
	X509_CRL *x;
	int n;

	if (m == NULL)
		return -1;
	p = m->der.p;
	x = d2i_X509_CRL(NULL, &p, (long)m->der.n);
	assert_non_null(x);
	n = X509_CRL_get_REVOKED(x) == NULL
		? 0
		: sk_X509_REVOKED_num(X509_CRL_get_REVOKED(x));
	X509_CRL_free(x);
	crl_made_drop(m);
	return n;
}

static void
without_a_url_there_is_the_complete_list(void **state)
{
	AUTO_STRUCT(crl_set) *s = crl_set_new(ca(), LIFETIME, NULL);

	(void)state;
	assert_int_equal(entries(s, CRL_COMPLETE, 0), -1);
	note(s, 1, NOW, NOW + DAY);
	assert_int_equal(crl_set_make(s, NOW), 1);
	assert_int_equal(entries(s, CRL_COMPLETE, 0), 1);
	assert_int_equal(entries(s, CRL_DELTA, 0), -1);
	assert_int_equal(entries(s, CRL_DAY, TODAY), -1);
}

static void
lists_are_made_when_something_changed_or_they_are_due(void **state)
{
	AUTO_STRUCT(crl_set) *s = crl_set_new(ca(), LIFETIME, URL);

	(void)state;
	assert_int_equal(crl_set_make(s, NOW), 0);
	assert_int_equal(crl_set_make(s, NOW + LIFETIME / 4 - 1), -1);
	note(s, 1, NOW, NOW + 30 * DAY);
	assert_int_equal(crl_set_make(s, NOW + 1), 1);
	assert_int_equal(crl_set_make(s, NOW + LIFETIME / 4), 1);
}

/* Numbers grow all the same (section 5.2.3). */
static void
lists_from_the_future_are_made_anew(void **state)
{
	AUTO_STRUCT(crl_set) *s = crl_set_new(ca(), LIFETIME, URL);
	struct crl_made *m;

	(void)state;
	note(s, 1, NOW, NOW + 30 * DAY);
	assert_int_equal(crl_set_make(s, NOW), 1);
	assert_int_equal(crl_set_make(s, NOW - 1), 1);
	m = crl_set_get1(s, CRL_COMPLETE, 0);
	assert_int_equal(m->this_update, NOW - 1);
	crl_made_drop(m);
	assert_int_equal(crl_set_make(s, NOW), -1);
}

static void
each_day_has_what_expires_on_it(void **state)
{
	AUTO_STRUCT(crl_set) *s = crl_set_new(ca(), LIFETIME, URL);
	int64_t day;

	(void)state;
	note(s, 1, NOW, (TODAY + 3) * DAY);
	note(s, 2, NOW, (TODAY + 4) * DAY - 1);
	note(s, 3, NOW, (TODAY + 4) * DAY);
	note(s, 4, NOW, (TODAY + 3 + 512) * DAY); /* beyond all days */
	assert_int_equal(crl_set_make(s, NOW), 4);
	assert_int_equal(entries(s, CRL_DAY, TODAY + 3), 2);
	assert_int_equal(entries(s, CRL_DAY, TODAY + 4), 1);
	for (day = TODAY - 1; day <= TODAY + 399; day++)
		assert_true(entries(s, CRL_DAY, day) >= 0);
	assert_int_equal(entries(s, CRL_DAY, TODAY - 2), -1);
	assert_int_equal(entries(s, CRL_DAY, TODAY + 3 + 512), -1);
	note(s, 5, NOW, (TODAY + 4) * DAY);
	assert_int_equal(crl_set_make(s, NOW), 5);
	assert_int_equal(entries(s, CRL_DAY, TODAY + 4), 2);
	assert_int_equal(entries(s, CRL_DAY, TODAY + 3), 2);
}

/* Whose day nobody here knows: one that was refused beforehand. */
static void
what_has_no_known_end_is_on_every_list_for_good(void **state)
{
	AUTO_STRUCT(crl_set) *s = crl_set_new(ca(), LIFETIME, URL);
	int64_t day;

	(void)state;
	note(s, 1, NOW, (TODAY + 3) * DAY);
	assert_int_equal(crl_set_make(s, NOW), 1);
	note(s, 2, NOW, CRL_NO_END);
	assert_int_equal(crl_set_make(s, NOW + 10), 2);
	assert_int_equal(entries(s, CRL_DELTA, 0), 2);
	for (day = TODAY - 1; day <= TODAY + 399; day++)
		assert_int_equal(
		    entries(s, CRL_DAY, day), day == TODAY + 3 ? 2 : 1);
	assert_int_equal(crl_set_make(s, NOW + 1000 * DAY), 1);
	assert_int_equal(entries(s, CRL_COMPLETE, 0), 1);
	assert_int_equal(entries(s, CRL_DAY, TODAY + 1100), 1);
}

/* Whoever has a complete list that is still good needs no more than it and
 * the delta (section 5.2.4). */
static void
a_delta_has_what_good_lists_may_lack(void **state)
{
	AUTO_STRUCT(crl_set) *s = crl_set_new(ca(), LIFETIME, URL);

	(void)state;
	note(s, 1, NOW - 2 * DAY, NOW + 30 * DAY);
	assert_int_equal(crl_set_make(s, NOW), 1);
	assert_int_equal(entries(s, CRL_DELTA, 0), 0);
	/* Heard of now, whenever it was. */
	note(s, 2, NOW - 2 * DAY, NOW + 30 * DAY);
	assert_int_equal(crl_set_make(s, NOW + 10), 2);
	assert_int_equal(entries(s, CRL_DELTA, 0), 1);
	note(s, 3, NOW + DAY, NOW + 30 * DAY);
	assert_int_equal(crl_set_make(s, NOW + DAY), 3);
	assert_int_equal(entries(s, CRL_DELTA, 0), 2);
	/* The list of a day ago is the base now. */
	assert_int_equal(crl_set_make(s, NOW + 2 * DAY), 3);
	assert_int_equal(entries(s, CRL_DELTA, 0), 1);
	assert_int_equal(crl_set_make(s, NOW + 4 * DAY), 3);
	assert_int_equal(entries(s, CRL_DELTA, 0), 0);
}

static void
an_entry_goes_once_a_list_said_it_of_an_expired_one(void **state)
{
	AUTO_STRUCT(crl_set) *s = crl_set_new(ca(), LIFETIME, URL);

	(void)state;
	note(s, 1, NOW, NOW + 10);
	assert_int_equal(crl_set_make(s, NOW), 1);
	assert_int_equal(crl_set_make(s, NOW + LIFETIME + 10), 1);
	assert_int_equal(crl_set_make(s, NOW + LIFETIME + 11), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(without_a_url_there_is_the_complete_list),
		UNIT_TEST(
		    lists_are_made_when_something_changed_or_they_are_due),
		UNIT_TEST(lists_from_the_future_are_made_anew),
		UNIT_TEST(each_day_has_what_expires_on_it),
		UNIT_TEST(what_has_no_known_end_is_on_every_list_for_good),
		UNIT_TEST(a_delta_has_what_good_lists_may_lack),
		UNIT_TEST(an_entry_goes_once_a_list_said_it_of_an_expired_one),
	};

	return cmocka_run_group_tests_name("domain/crl_set", tests, NULL, NULL);
}
