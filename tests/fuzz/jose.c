/*
 * Rows of keys and signatures in JSON.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "codec/jwk.h"
#include "codec/jwks.h"
#include "codec/jws.h"

/* A key that is read has one thumbprint, whichever way it is taken. */
void
fuzz_jwk(struct bytes in)
{
	struct jwk_public key;
	struct bytes input, other;
	const struct err *e = jwk_thumbprint_of(&cx, in, &input);

	if (jwk_read(&cx, in, &key) != NULL)
		return;
	other = jwk_thumbprint_input(&cx, &key);
	must(e == NULL && bytes_eq(input, other));
}

/* A set of keys, and after a line end a token by one of them: no key is taken
 * that is weaker than is accepted, and only its own algorithms count. */
void
fuzz_jwks(struct bytes in)
{
	const uint8_t *end = memchr(in.p, '\n', in.n);
	size_t i, n, set_n = end == NULL ? in.n : (size_t)(end - in.p);
	struct jwks_key keys[JWKS_MAX];
	struct jws_head head;
	const char *token;

	if (jwks_read(&cx, (struct bytes){ in.p, set_n }, keys, &n) != NULL)
		return;
	must(n <= JWKS_MAX);
	token = end == NULL ? ""
			    : bytes_to_str(cx.arena,
				  (struct bytes){ end + 1, in.n - set_n - 1 });
	for (i = 0; i < n; i++) {
		must(keys[i].kid != NULL && keys[i].rsa == (keys[i].n.n > 0));
		must(keys[i].rsa ? keys[i].n.n >= 256 && keys[i].n.n <= 512
				 : keys[i].x.n == 32 && keys[i].y.n == 32);
		if (token == NULL || jwks_verify(&cx, token, &keys[i]) != NULL)
			continue;
		must(jwks_peek(&cx, token, &head) == NULL);
		must((strcmp(head.alg, "ES256") == 0) != keys[i].rsa);
	}
}

void
fuzz_jws(struct bytes in)
{
	static const char *const algs[] = { "ES256", "RS256", NULL };
	const char *compact = bytes_to_str(cx.arena, in);
	struct bytes x, y, payload;
	struct jws_head head;

	must(bytes_from_hex(cx.arena,
	    bytes_str("1f613832e9fc558b9eefd3ffd7d7c7653acf9f415d2417ef"
		      "2246493825f2f921"),
	    &x));
	must(bytes_from_hex(cx.arena,
	    bytes_str("1c3eaf474be671ba2001f74fa1a9e4af06401649632f102f"
		      "458bd34fcdf8b540"),
	    &y));
	if (compact == NULL)
		return;
	must(jws_peek(&cx, compact, &head) != NULL ||
	     jws_peek_any(&cx, compact, algs, &head) == NULL);
	if (jws_verify_es256(&cx, compact, x, y, "owner+jwt", &payload) == NULL)
		must(jws_peek(&cx, compact, &head) == NULL);
}
