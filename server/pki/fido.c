#include "pki/fido.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"

static inline void
cred_free(fido_cred_t *c)
{
	fido_cred_free(&c);
}

static inline void
assert_free(fido_assert_t *a)
{
	fido_assert_free(&a);
}

AUTO_DEFINE(fido_cred_t, cred_free);
AUTO_DEFINE(fido_assert_t, assert_free);

/* A key in libfido2's form, which takes a point of the curve alone. */
union loaded {
	es256_pk_t *es256;
	eddsa_pk_t *eddsa;
	rs256_pk_t *rs256;
	void *any;
};

static void
unload(int alg, union loaded *k)
{
	if (alg == COSE_ES256)
		es256_pk_free(&k->es256);
	else if (alg == COSE_EDDSA)
		eddsa_pk_free(&k->eddsa);
	else
		rs256_pk_free(&k->rs256);
}

static bool
load(const struct fido_key *in, union loaded *k)
{
	uint8_t raw[FIDO_RSA_BYTES + 3] = { 0 };

	switch (in->alg) {
	case COSE_ES256:
		memcpy(raw, in->x.p, 32);
		memcpy(raw + 32, in->y.p, 32);
		k->es256 = es256_pk_new();
		must(k->es256 != NULL);
		return es256_pk_from_ptr(k->es256, raw, 64) == FIDO_OK;
	case COSE_EDDSA:
		k->eddsa = eddsa_pk_new();
		must(k->eddsa != NULL);
		return eddsa_pk_from_ptr(k->eddsa, in->x.p, 32) == FIDO_OK;
	case COSE_RS256:
		memcpy(raw, in->modulus.p, FIDO_RSA_BYTES);
		raw[FIDO_RSA_BYTES] = raw[FIDO_RSA_BYTES + 2] = 1;
		k->rs256 = rs256_pk_new();
		must(k->rs256 != NULL);
		return rs256_pk_from_ptr(k->rs256, raw, sizeof(raw)) == FIDO_OK;
	default:
		return false;
	}
}

bool
fido_key_ok(const struct fido_key *key)
{
	union loaded k = { .any = NULL };
	bool ok = load(key, &k);

	unload(key->alg, &k);
	return ok;
}

bool
fido_verify(const struct fido_key *key, const struct fido_signed *what,
    struct bytes signature)
{
	AUTO(fido_assert_t) *a = fido_assert_new();
	union loaded k = { .any = NULL };
	bool ok;

	must(a != NULL);
	ok = load(key, &k) && fido_assert_set_rp(a, what->rp_id) == FIDO_OK &&
	     fido_assert_set_count(a, 1) == FIDO_OK &&
	     fido_assert_set_up(a, FIDO_OPT_TRUE) == FIDO_OK &&
	     fido_assert_set_uv(a, FIDO_OPT_TRUE) == FIDO_OK &&
	     fido_assert_set_clientdata_hash(a, what->client_sha256, 32) ==
		 FIDO_OK &&
	     fido_assert_set_authdata_raw(a, 0, what->data.p, what->data.n) ==
		 FIDO_OK &&
	     fido_assert_set_sig(a, 0, signature.p, signature.n) == FIDO_OK &&
	     fido_assert_verify(a, 0, key->alg, k.any) == FIDO_OK;
	unload(key->alg, &k);
	return ok;
}

bool
fido_verify_statement(
    int alg, const struct fido_signed *what, const struct fido_statement *s)
{
	AUTO(fido_cred_t) *cred = fido_cred_new();
	bool self = !s->certified && strcmp(s->fmt, "packed") == 0;

	must(cred != NULL);
	if (fido_cred_set_type(cred, alg) != FIDO_OK ||
	    fido_cred_set_rp(cred, what->rp_id, NULL) != FIDO_OK ||
	    fido_cred_set_clientdata_hash(cred, what->client_sha256, 32) !=
		FIDO_OK ||
	    fido_cred_set_fmt(cred, s->fmt) != FIDO_OK ||
	    fido_cred_set_authdata_raw(cred, what->data.p, what->data.n) !=
		FIDO_OK ||
	    fido_cred_set_attstmt(cred, s->cbor.p, s->cbor.n) != FIDO_OK)
		return false;
	return (self ? fido_cred_verify_self(cred) : fido_cred_verify(cred)) ==
	       FIDO_OK;
}
