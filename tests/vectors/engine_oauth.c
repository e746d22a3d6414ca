/*
 * Questions on OAuth: proofs of possession (RFC 9449), PKCE (RFC 7636),
 * thumbprints of keys (RFC 7638) and user codes as people type them (RFC
 * 8628 section 6.1).  Texts are as they are sent; an empty one is absent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "codec/jwk.h"
#include "domain/code.h"
#include "domain/dpop.h"
#include "domain/grant.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "pki/mac.h"
#include "pki/mac_internal.h"
#include "tests/vectors/engine.h"

static const char *
text(struct bytes in)
{
	return in.n == 0 ? NULL : bytes_to_str(engine_cx.arena, in);
}

/* Whether it is one of the words. */
static bool
is_one_of(const char *word, const char *words)
{
	char *rest = arena_strdup(engine_cx.arena, words);
	const char *next;

	while ((next = strsep(&rest, " ")) != NULL)
		if (strcmp(next, word) == 0)
			return true;
	return false;
}

/* Proof, method, URL, "NOW WINDOW", nonce that is demanded, access token, the
 * key that it is bound to, and what was seen before. */
static const struct err *
ask_dpop(const struct bytes *in)
{
	const char *proof = text(in[0]), *times = text(in[3]);
	const char *nonce = text(in[4]), *jkt = text(in[6]);
	const char *seen = text(in[7]);
	struct dpop_request rq = { .method = text(in[1]),
		.url = text(in[2]),
		.access_token = text(in[5]) };
	struct dpop_proof p;
	const struct err *e;
	char *end;

	must(times != NULL);
	rq.now = strtoll(times, &end, 10);
	rq.window = strtoll(end, NULL, 10);
	if (proof == NULL)
		return yes_if(false, "no proof, or NUL in it");
	e = dpop_read(&engine_cx, proof, &rq, &p);
	if (e != NULL)
		return e;
	if (nonce != NULL && (p.nonce == NULL || strcmp(p.nonce, nonce) != 0))
		return yes_if(false, "nonce is missing, or another");
	if (jkt != NULL &&
	    strcmp(jkt, bytes_b64u(engine_cx.arena, BYTES_OF(p.jkt))) != 0)
		return yes_if(false, "the token is bound to another key");
	return yes_if(seen == NULL || !is_one_of(p.jti, seen), "used before");
}

/* Verifier, challenge, method. */
static const struct err *
ask_pkce(const struct bytes *in)
{
	const char *verifier = text(in[0]), *method = text(in[2]);
	struct bytes challenge;

	if (method == NULL || strcmp(method, "S256") != 0)
		return yes_if(false, "not S256");
	if (!bytes_from_b64u(engine_cx.arena, in[1], &challenge))
		return yes_if(false, "challenge is no base64url");
	return yes_if(verifier != NULL && pkce_verifier_ok(verifier) &&
			  pkce_matches(verifier, challenge),
	    "the verifier is malformed, or another's");
}

/* JWK, thumbprint. */
static const struct err *
ask_thumbprint(const struct bytes *in)
{
	uint8_t hash[SHA256_BYTES];
	struct bytes input;
	const struct err *e = jwk_thumbprint_of(&engine_cx, in[0], &input);
	const char *want = text(in[1]);

	if (e != NULL)
		return e;
	digest_sha256(input, hash);
	return yes_if(want != NULL && strcmp(want, bytes_b64u(engine_cx.arena,
						       BYTES_OF(hash))) == 0,
	    "another thumbprint");
}

/* The code that was issued, and what was typed. */
static const struct err *
ask_user_code(const struct bytes *in)
{
	static const uint8_t zeros[MAC_BYTES];
	AUTO_STRUCT(mac_key) *key = mac_key_new(BYTES_OF(zeros));
	const struct svc svc = { .mac = key };
	struct ctx cx = engine_cx;
	const char *issued = text(in[0]), *typed = text(in[1]);
	uint8_t mac[2][MAC_BYTES];

	cx.svc = &svc;
	return yes_if(issued != NULL && typed != NULL &&
			  code_user_mac(&cx, issued, mac[0]) &&
			  code_user_mac(&cx, typed, mac[1]) &&
			  bytes_eq(BYTES_OF(mac[0]), BYTES_OF(mac[1])),
	    "another code, or none");
}

const struct question questions_oauth[] = {
	{ "dpop", ask_dpop, 8 },
	{ "pkce", ask_pkce, 3 },
	{ "thumbprint", ask_thumbprint, 2 },
	{ "user-code", ask_user_code, 2 },
	{ NULL, NULL, 0 },
};
