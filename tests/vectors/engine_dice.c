/*
 * Questions on DICE: evidence and the device's own key (SPKI), and whether
 * every layer must be in mode normal.
 */
#include "attest/attest.h"
#include "tests/vectors/engine.h"

static const struct err *
judge(struct bytes evidence, struct bytes root, bool normal, struct verdict *v)
{
	const struct attest_policy policy = { .secure_boot = normal,
		.least_debug = normal ? DEBUG_DISABLED : DEBUG_UNKNOWN };
	const struct attest_anchor anchor = { .kind = ANCHOR_PUBLIC_KEY,
		.value = root };
	const struct attest_basis basis = {
		.anchor = &anchor, .n_anchors = root.n > 0, .policy = &policy
	};

	return engine_judge("dice", evidence, &basis, v);
}

/* Evidence, key, "normal" or nothing. */
static const struct err *
ask_dice(const struct bytes *in)
{
	struct verdict v;
	const struct err *e = judge(in[0], in[1], in[2].n > 0, &v);

	if (e != NULL || v.accepted)
		return e;
	return yes_if(false, verdict_refusal(&v)->words);
}

/* Whether it can be read. */
static const struct err *
ask_parse(const struct bytes *in)
{
	struct verdict v;

	return judge(in[0], BYTES_NONE, false, &v);
}

const struct question questions_dice[] = {
	{ "dice", ask_dice, 3 },
	{ "dice-parse", ask_parse, 1 },
	{ NULL, NULL, 0 },
};
