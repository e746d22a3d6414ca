#include "tests/unit/pki/material.h"

#include "pki/ocsp_ask.h"
#include "pki/signer_internal.h"

static void
own_signer(void *p)
{
	signer_free(p);
}

/* A CA, what asks about a certificate of it, and what answers. */
struct world {
	struct signer *ca;
	struct ocsp_ask ask;
	struct responder *responder;
};

static void
own_responder(void *p)
{
	responder_free(p);
}

static struct world
world(void)
{
	const struct spec ca = { .cn = "ca",
		.not_after = NOW + 30 * DAY,
		.ext = { CA_EXTENSIONS, { "subjectKeyIdentifier", "hash" } } };
	const struct spec leaf = { .cn = "leaf" };
	struct holder h = make(&ca, NULL);
	struct world w = { .ask = { .issuer = h.der } };

	w.ask.leaf = make(&leaf, &h).der;
	X509_up_ref(h.x);
	EVP_PKEY_up_ref(h.key);
	w.ca = signer_wrap(h.x, h.key);
	arena_own(cx.arena, own_signer, w.ca);
	w.responder = responder_new(w.ca, NOW);
	arena_own(cx.arena, own_responder, w.responder);
	assert_null(ocsp_ask_make(&cx, &w.ask));
	return w;
}

/* What the responder says to the request, as of at. */
static struct bytes
answer(const struct world *w, enum ocsp_state state, int64_t at)
{
	struct ocsp_request rq;
	struct ocsp_single s = { .state = state, .revoked_at = at };
	struct ocsp_answer a = {
		.single = &s, .n = 1, .this_update = at, .next_update = at + 300
	};

	assert_null(ocsp_request_parse(&cx, w->ask.request, &rq));
	assert_int_equal(rq.n, 1);
	assert_true(responder_is_for(w->responder, &rq.cert[0]));
	s.id = &rq.cert[0];
	a.nonce = rq.nonce;
	assert_int_not_equal(a.nonce.n, 0);
	return responder_sign(&cx, w->responder, &a);
}

static void
each_state_is_read(void **state)
{
	static const enum ocsp_state all[] = { OCSP_GOOD, OCSP_REVOKED,
		OCSP_UNKNOWN };
	struct world w = world();
	enum ocsp_state out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(all); i++) {
		assert_null(
		    ocsp_ask_read(&cx, &w.ask, answer(&w, all[i], NOW), &out));
		assert_int_equal(out, all[i]);
	}
}

static void
refused(const struct world *w, struct bytes response)
{
	enum ocsp_state out;

	assert_ptr_equal(
	    ocsp_ask_read(&cx, &w->ask, response, &out), &ERR_BAD_OCSP_ANSWER);
}

static void
what_is_not_about_this_now_by_its_issuer_is_refused(void **state)
{
	struct world w = world(), other = world();
	struct bytes good = answer(&w, OCSP_GOOD, NOW), bent;
	struct ocsp_ask again = w.ask;

	(void)state;
	refused(&w, (struct bytes){ good.p, good.n - 1 });
	bent = bytes_dup(cx.arena, good);
	((uint8_t *)(uintptr_t)bent.p)[good.n / 2] ^= 1;
	refused(&w, bent);
	refused(&w, answer(&w, OCSP_GOOD, NOW - DAY));
	refused(&w, answer(&w, OCSP_GOOD, NOW + DAY / 2));
	/* Another CA of the same name. */
	refused(&w, answer(&other, OCSP_GOOD, NOW));
	/* An answer to an earlier question. */
	assert_null(ocsp_ask_make(&cx, &again));
	w.ask.request = again.request;
	refused(&w, good);
	/* tryLater (RFC 6960 section 4.2.1). */
	refused(&w, (struct bytes){ (const uint8_t *)"\x30\3\x0a\1\3", 5 });
	w.ask.leaf.n--;
	assert_ptr_equal(ocsp_ask_make(&cx, &w.ask), &ERR_BAD_OCSP_ANSWER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_state_is_read),
		UNIT_TEST(what_is_not_about_this_now_by_its_issuer_is_refused),
	};

	return cmocka_run_group_tests_name("pki/ocsp_ask", tests, NULL, NULL);
}
