/*
 * Questions on passkeys: challenge, relying party, allowed origins (separated
 * by spaces), client data, and then what the authenticator made or signed.
 */
#include "domain/passkey.h"

#include <string.h>

#include "base/arena.h"
#include "tests/vectors/engine.h"

#define MAX_ORIGINS 8

/* The first three inputs. */
static struct passkey_want
want_of(const struct bytes *in)
{
	const char **origins =
	    arena_alloc(engine_cx.arena, (MAX_ORIGINS + 1) * sizeof(*origins));
	char *rest = bytes_to_str(engine_cx.arena, in[2]);
	size_t n = 0;

	while (n < MAX_ORIGINS && rest != NULL)
		origins[n++] = strsep(&rest, " ");
	origins[n] = NULL;
	return (struct passkey_want){ bytes_to_str(engine_cx.arena, in[1]),
		origins, in[0] };
}

static const struct err *
ask_registration(const struct bytes *in)
{
	struct passkey_want want = want_of(in);
	struct passkey_made made;

	return passkey_created(&engine_cx, &want, in[3], in[4], &made);
}

static const struct err *
ask_assertion(const struct bytes *in)
{
	struct passkey_want want = want_of(in);
	struct passkey_answer answer = { in[3], in[4], in[5] };
	struct passkey_known known = { .key = in[6] };
	size_t i;

	for (i = 0; i < in[7].n; i++)
		known.sign_count = known.sign_count << 8 | in[7].p[i];
	return passkey_asserted(&engine_cx, &want, &answer, &known);
}

const struct question questions_webauthn[] = {
	{ "registration", ask_registration, 5 },
	{ "assertion", ask_assertion, 8 },
	{ NULL, NULL, 0 },
};
