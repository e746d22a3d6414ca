/*
 * The engine under test, for tests/vectors/run.py: one question a line on
 * stdin (an operation and its inputs in hex, "-" for none), one verdict a
 * line on stdout ("accept", or "reject" and why).  With two arguments, a number
 * and a seed, it mutates what is accepted.  It is handed what a
 * sender would send and nothing else; what the answer should be stays with
 * whoever asks.
 */
#include "tests/vectors/cost.h"
#include "tests/vectors/engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/jws.h"
#include "pki/cert.h"
#include "pki/cms.h"
#include "pki/csr.h"
#include "pki/key_internal.h"
#include "pki/mac_internal.h"
#include "pki/pem.h"
#include "pki/sigalg.h"

#define MAX_LINE (4 * MIB)

#define NOW INT64_C(1795219200) /* 2026-11-21, unless a question says else */

struct ctx engine_cx;

static const struct err ERR_NO = { KIND_INVALID, "no", "No." };

const struct err *
yes_if(bool ok, const char *why)
{
	return ok ? NULL : fail(&engine_cx, &ERR_NO, "%s", why);
}

static const struct err *
ask_csr(const struct bytes *in)
{
	struct csr csr;

	return csr_parse(&engine_cx, in[0], &csr);
}

static const struct err *
ask_cert(const struct bytes *in)
{
	struct cert cert;

	return cert_parse(&engine_cx, in[0], &cert);
}

static const struct err *
ask_cms(const struct bytes *in)
{
	struct bytes ders[LIMIT_CHAIN];
	size_t n;

	return cms_read_certs(&engine_cx, in[0], ders, LIMIT_CHAIN, &n);
}

static const struct err *
ask_spki(const struct bytes *in)
{
	struct key_facts facts;

	return key_parse_spki(&engine_cx, in[0], &facts);
}

static const struct err *
ask_pkcs8(const struct bytes *in)
{
	const char *pem = pem_text(engine_cx.arena, "PRIVATE KEY", in[0]);
	AUTO(EVP_PKEY) *key = key_read_private(bytes_str(pem));

	return yes_if(key != NULL, "no private key");
}

/* AlgorithmIdentifier, SPKI, message, signature. */
static const struct err *
ask_signature(const struct bytes *in)
{
	const struct sigalg *alg = sigalg_find(in[0]);
	AUTO(EVP_PKEY) *key = NULL;
	struct key_facts facts;
	const struct err *e;

	if (alg == NULL)
		return yes_if(false, "algorithm not accepted");
	e = key_parse_spki(&engine_cx, in[1], &facts);
	if (e != NULL)
		return e;
	key = key_open(in[1]);
	return yes_if(
	    key != NULL && sigalg_verify(alg, facts.type, key, in[2], in[3]),
	    "signature does not verify");
}

/* SPKI, message, r || s. */
static const struct err *
ask_es256(const struct bytes *in)
{
	return yes_if(key_verify_es256(&engine_cx, in[0], in[1], in[2]),
	    "signature does not verify");
}

/* Compact JWS, x, y. */
static const struct err *
ask_jws(const struct bytes *in)
{
	const char *compact = bytes_to_str(engine_cx.arena, in[0]);
	struct bytes payload;

	if (compact == NULL)
		return yes_if(false, "NUL");
	return jws_verify_es256(
	    &engine_cx, compact, in[1], in[2], NULL, &payload);
}

/* Key, message, tag, which may be cut short. */
static const struct err *
ask_hmac(const struct bytes *in)
{
	AUTO_STRUCT(mac_key) *key = mac_key_new(in[0]);
	EVP_MAC_CTX *m = mac_begin(key);
	uint8_t tag[MAC_BYTES];

	if (in[1].n > 0)
		must(EVP_MAC_update(m, in[1].p, in[1].n) == 1);
	mac_end(m, tag);
	return yes_if(in[2].n > 0 && in[2].n <= sizeof(tag) &&
			  bytes_eq((struct bytes){ tag, in[2].n }, in[2]),
	    "tag differs");
}

/* Whatever it is, each parser has a look; it is enough that it returns. */
static const struct err *
ask_any(const struct bytes *in)
{
	static const struct err *(*const asks[])(const struct bytes *) = {
		ask_csr, ask_cert, ask_cms, ask_spki, ask_pkcs8
	};
	size_t i;

	for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		(void)!asks[i](in);
	return NULL;
}

static const struct question questions[] = {
	{ "csr", ask_csr, 1 },
	{ "cert", ask_cert, 1 },
	{ "cms", ask_cms, 1 },
	{ "spki", ask_spki, 1 },
	{ "pkcs8", ask_pkcs8, 1 },
	{ "signature", ask_signature, 4 },
	{ "es256", ask_es256, 3 },
	{ "jws", ask_jws, 3 },
	{ "hmac", ask_hmac, 3 },
	{ "any", ask_any, 1 },
	{ NULL, NULL, 0 },
};

static const struct question *const tables[] = {
	questions,
	questions_cose,
	questions_dice,
	questions_idevid,
	questions_path,
	questions_token,
	questions_matter,
	questions_oauth,
	questions_tpm,
	questions_webauthn,
};

static const struct question *
question(const char *name)
{
	const struct question *q;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (q = tables[i]; q->name != NULL; q++)
			if (strcmp(q->name, name) == 0)
				return q;
	return NULL;
}

/* An input in memory of its own size, so that a sanitizer sees any step
 * beyond it. */
static struct bytes
input(const char *hex)
{
	struct bytes in = BYTES_NONE;

	must(hex != NULL);
	if (strcmp(hex, "-") == 0)
		return in;
	must(bytes_from_hex(engine_cx.arena, bytes_str(hex), &in));
	return in;
}

static void
answer(char *line)
{
	struct bytes in[MAX_INPUTS];
	char *rest = NULL;
	const char *name = strtok_r(line, " \n", &rest);
	const struct question *q = name == NULL ? NULL : question(name);
	const struct err *e;
	size_t i;

	must(q != NULL);
	for (i = 0; i < q->inputs; i++)
		in[i] = input(strtok_r(NULL, " \n", &rest));
	engine_cx.reason = NULL;
	engine_cx.now = NOW;
	e = q->ask(in);
	if (e == NULL)
		(void)puts("accept");
	else
		(void)printf("reject %s: %s\n", e->code, engine_cx.reason);
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	static char line[MAX_LINE];

	engine_cx = (struct ctx){
		.arena = arena_new(LIMIT_ARENA),
		.rid = "00000000-0000-4000-8000-000000000000",
	};
	if (argc == 3 && strcmp(argv[1], "cost") == 0)
		cost_start(strtoul(argv[2], NULL, 10));
	else if (argc == 3)
		engine_mutate(
		    strtoul(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
	while (fgets(line, sizeof(line), stdin) != NULL) {
		arena_reset(engine_cx.arena);
		answer(line);
	}
	arena_free(engine_cx.arena);
	return 0;
}
