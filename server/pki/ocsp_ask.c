#include "pki/ocsp_ask.h"

#include <openssl/ocsp.h>

#include "base/arena.h"
#include "base/mem.h"
#include "pki/ossl.h"

const struct err ERR_BAD_OCSP_ANSWER = { KIND_INVALID, "bad-ocsp-answer",
	"The OCSP responder's answer is not usable." };

#define NONCE_BYTES 16
#define SKEW 300 /* seconds that clocks may differ */

AUTO_DEFINE(OCSP_BASICRESP, OCSP_BASICRESP_free);
AUTO_DEFINE(OCSP_CERTID, OCSP_CERTID_free);
AUTO_DEFINE(OCSP_REQUEST, OCSP_REQUEST_free);
AUTO_DEFINE(OCSP_RESPONSE, OCSP_RESPONSE_free);

static X509 *
read_x509(struct bytes der)
{
	const uint8_t *p = der.p;

	return d2i_X509(NULL, &p, (long)der.n);
}

/* Of the certificate; NULL if it or its issuer is none. */
static OCSP_CERTID *
id_of(const struct ocsp_ask *ask)
{
	AUTO(X509) *leaf = read_x509(ask->leaf);
	AUTO(X509) *issuer = read_x509(ask->issuer);

	return leaf == NULL || issuer == NULL
		   ? NULL
		   : OCSP_cert_to_id(EVP_sha1(), leaf, issuer);
}

const struct err *
ocsp_ask_make(struct ctx *cx, struct ocsp_ask *ask)
{
	AUTO(OCSP_REQUEST) *rq = OCSP_REQUEST_new();
	OCSP_CERTID *id = id_of(ask);
	uint8_t *der;
	int n;

	must(rq != NULL);
	if (id == NULL)
		return fail(cx, &ERR_BAD_OCSP_ANSWER, "not a certificate");
	must(OCSP_request_add0_id(rq, id) != NULL);
	must(OCSP_request_add1_nonce(rq, NULL, NONCE_BYTES) == 1);
	n = i2d_OCSP_REQUEST(rq, NULL);
	must(n > 0);
	der = arena_alloc(cx->arena, (size_t)n);
	ask->request = (struct bytes){ der, (size_t)n };
	must(i2d_OCSP_REQUEST(rq, &der) == n);
	return NULL;
}

/* The issuer is trusted for this, wherever its own chain leads. */
static bool
is_signed(
    const struct ctx *cx, OCSP_BASICRESP *basic, const struct ocsp_ask *ask)
{
	AUTO(X509_STORE) *store = X509_STORE_new();
	AUTO(X509) *issuer = read_x509(ask->issuer);

	must(store != NULL && issuer != NULL);
	must(X509_STORE_add_cert(store, issuer) == 1);
	must(X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1);
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), cx->now);
	return OCSP_basic_verify(basic, NULL, store, 0) == 1;
}

/* The same, or none in the answer, which may be one that was kept. */
static bool
nonce_fits(OCSP_BASICRESP *basic, const struct ocsp_ask *ask)
{
	const uint8_t *p = ask->request.p;
	AUTO(OCSP_REQUEST) *rq =
	    d2i_OCSP_REQUEST(NULL, &p, (long)ask->request.n);
	int fits;

	must(rq != NULL);
	fits = OCSP_check_nonce(rq, basic);
	return fits == 1 || fits == -1;
}

static ERR_FN
judge(struct ctx *cx, const struct ocsp_ask *ask, OCSP_BASICRESP *basic,
    enum ocsp_state *out)
{
	ASN1_GENERALIZEDTIME *this_update, *next_update;
	AUTO(OCSP_CERTID) *id = id_of(ask);
	int state, reason;

	if (!is_signed(cx, basic, ask))
		return fail(cx, &ERR_BAD_OCSP_ANSWER, "not by its issuer");
	if (!nonce_fits(basic, ask))
		return fail(cx, &ERR_BAD_OCSP_ANSWER, "another nonce");
	if (OCSP_resp_find_status(basic, id, &state, &reason, NULL,
		&this_update, &next_update) != 1)
		return fail(cx, &ERR_BAD_OCSP_ANSWER, "another certificate");
	if (ASN1_TIME_cmp_time_t(this_update, cx->now + SKEW) > 0 ||
	    (next_update != NULL &&
		ASN1_TIME_cmp_time_t(next_update, cx->now - SKEW) < 0))
		return fail(cx, &ERR_BAD_OCSP_ANSWER, "not of now");
	*out = state == V_OCSP_CERTSTATUS_GOOD      ? OCSP_GOOD
	       : state == V_OCSP_CERTSTATUS_REVOKED ? OCSP_REVOKED
						    : OCSP_UNKNOWN;
	return NULL;
}

const struct err *
ocsp_ask_read(struct ctx *cx, const struct ocsp_ask *ask, struct bytes response,
    enum ocsp_state *out)
{
	const uint8_t *p = response.p;
	AUTO(OCSP_RESPONSE) *rs = d2i_OCSP_RESPONSE(NULL, &p, (long)response.n);
	AUTO(OCSP_BASICRESP) *basic = NULL;
	const struct err *e;

	if (rs == NULL || p != response.p + response.n)
		e = fail(cx, &ERR_BAD_OCSP_ANSWER, "not DER");
	else if (OCSP_response_status(rs) != OCSP_RESPONSE_STATUS_SUCCESSFUL ||
		 (basic = OCSP_response_get1_basic(rs)) == NULL)
		e = fail(cx, &ERR_BAD_OCSP_ANSWER, "it says %s",
		    OCSP_response_status_str(OCSP_response_status(rs)));
	else
		e = judge(cx, ask, basic, out);
	ERR_clear_error();
	return e;
}
