/*
 * The question on the format idevid: evidence, the anchor's DER, our nonce,
 * the key to be certified and the service's URL.
 */
#include "base/arena.h"
#include "pki/anchors.h"
#include "tests/vectors/engine.h"

static const struct err *
ask_idevid(const struct bytes *in)
{
	AUTO_STRUCT(anchors) *known = anchors_new();
	const struct attest_anchor anchor = { .value = in[1] };
	const struct attest_policy policy = { .n_formats = 0 };
	const struct attest_basis basis = { .anchor = &anchor,
		.n_anchors = 1,
		.known = known,
		.policy = &policy,
		.nonce = in[2],
		.key_spki = in[3],
		.issuer = bytes_to_str(engine_cx.arena, in[4]) };
	struct verdict v;
	const struct err *e = engine_judge("idevid", in[0], &basis, &v);

	return e != NULL ? e : yes_if(v.accepted, "refused");
}

const struct question questions_idevid[] = {
	{ "idevid", ask_idevid, 5 },
	{ NULL, NULL, 0 },
};
