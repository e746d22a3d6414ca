/*
 * Questions on tokens, under the policies that the READMEs of the folders
 * state.
 */
#include "tests/vectors/engine.h"

#include <stdlib.h>

#include "attest/attest.h"
#include "attest/endorse.h"
#include "attest/fmt_eat.h"
#include "attest/token.h"
#include "base/arena.h"
#include "base/mem.h"

static const struct err *
judge(const char *format, struct bytes token, const struct attest_basis *basis)
{
	const struct err *e;
	struct verdict v;

	e = engine_judge(format, token, basis, &v);
	if (e != NULL)
		return e;
	return yes_if(v.accepted, v.accepted ? "" : verdict_refusal(&v)->code);
}

/* Files, each after its length in four bytes. */
static const struct err *
load(struct bytes files, struct attest_policy *policy,
    struct attest_anchor *anchor, size_t *n)
{
	struct corim *c = arena_alloc(engine_cx.arena, sizeof(*c));
	const struct err *e = NULL;
	size_t size;

	while (e == NULL && files.n > 0) {
		size = (size_t)files.p[2] << 8 | files.p[3];
		e = corim_read(
		    &engine_cx, (struct bytes){ files.p + 4, size }, c);
		files.p += 4 + size;
		files.n -= 4 + size;
	}
	if (e == NULL)
		e = endorse_policy(&engine_cx, c, policy);
	return e != NULL ? e : endorse_anchors(&engine_cx, c, anchor, n);
}

/* Token, kind of key, key, nonce, reference values. */
static const struct err *
ask_psa(const struct bytes *in)
{
	struct attest_anchor anchor[LIMIT_ANCHORS] = { {
	    .kind = bytes_eq(in[1], bytes_str("secret")) ? ANCHOR_SECRET_KEY
							 : ANCHOR_PUBLIC_KEY,
	    .value = in[2],
	} };
	struct attest_policy policy = {
		.profile = { "tag:psacertified.org,2023:psa#tfm",
		    "http://arm.com/psa/2.0.0", "PSA_IOT_PROFILE_1" },
		.n_profiles = 3,
		.lifecycle_secured = true,
		.mac_allowed = anchor[0].kind == ANCHOR_SECRET_KEY,
	};
	struct attest_basis basis = { .anchor = anchor,
		.n_anchors = in[2].n > 0,
		.policy = &policy,
		.nonce = in[3] };

	must(load(in[4], &policy, anchor, &basis.n_anchors) == NULL);
	return judge("psa", in[0], &basis);
}

static const uint8_t OEM[] = { 0x88, 0x12, 0x4e };
static const uint8_t HW_MODEL[] = { 0x88, 0x1c, 0xf5, 0xf2, 0x43, 0xfb, 0xef,
	0x33, 0x36, 0xbb, 0xd2, 0x25, 0x47, 0xdd, 0xde, 0xfc };

/* Of the README, for tokens of devices. */
static void
set_device_policy(struct attest_policy *p)
{
	*p = (struct attest_policy){
		.profile = { "tag:example.com,2026:smarthome#1" },
		.n_profiles = 1,
		.ueid_required = true,
		.oem = BYTES_OF(OEM),
		.hw_model = BYTES_OF(HW_MODEL),
		.secure_boot = true,
		.least_debug = DEBUG_DISABLED_SINCE_BOOT,
		.least_sw_version = "2.7.0",
		.sw_scheme = 16384,
	};
}

/* Token, key, nonce, time or nothing, "device" for the policy of devices. */
static const struct err *
ask_eat(const struct bytes *in)
{
	struct attest_anchor anchor = { .kind = ANCHOR_PUBLIC_KEY,
		.value = in[1] };
	struct attest_policy policy = { .n_profiles = 0 };
	struct attest_basis basis = { .anchor = &anchor,
		.n_anchors = 1,
		.policy = &policy,
		.nonce = in[2] };

	if (in[3].n > 0)
		engine_cx.now =
		    strtoll(bytes_to_str(engine_cx.arena, in[3]), NULL, 10);
	if (in[4].n > 0)
		set_device_policy(&policy);
	return judge("eat", in[0], &basis);
}

/* A token whose key nobody has: its structure and the types of its claims. */
static const struct err *
ask_eat_structure(const struct bytes *in)
{
	const struct err *e;
	struct verdict v;
	struct token t;

	e = token_parse(&engine_cx, in[0], COSE_CWT_OK, &t);
	if (e != NULL)
		return e;
	verdict_init(&v);
	return yes_if(eat_judge_claims(&engine_cx, &t.claims, &v), "claims");
}

const struct question questions_token[] = {
	{ "eat", ask_eat, 5 },
	{ "eat-structure", ask_eat_structure, 1 },
	{ "psa", ask_psa, 5 },
	{ NULL, NULL, 0 },
};
