#include "attest/matter_evidence.h"

#include "attest/parts.h"
#include "base/arena.h"

#define SIGNATURE_BYTES 64 /* r || s (section 3.5.3) */

static const struct err *
bad(struct ctx *cx, const char *why)
{
	return fail(cx, &ERR_BAD_EVIDENCE, "matter: %s", why);
}

/* Both or none, and a signature of its size. */
static bool
is_pair(const struct matter_signed *s)
{
	if (s->record.n == 0)
		return s->signature.n == 0;
	return s->signature.n == SIGNATURE_BYTES;
}

static const struct err *
parse_cd(struct ctx *cx, struct bytes cms, struct matter_evidence *out)
{
	const struct err *e = cms_signed_parse(cx, cms, &out->cd_signed);

	out->has_cd = true;
	if (e != NULL)
		return e;
	return matter_cd_parse(cx, out->cd_signed.content, &out->cd);
}

static const struct err *
parse_records(struct ctx *cx, struct bytes cd, struct matter_evidence *out)
{
	const struct err *e = NULL;

	if (out->elements_signed.record.n > 0) {
		e = matter_elements_parse(
		    cx, out->elements_signed.record, &out->elements);
		cd = out->elements.declaration;
	}
	if (e == NULL && out->nocsr_signed.record.n > 0)
		e = matter_nocsr_parse(
		    cx, out->nocsr_signed.record, &out->nocsr);
	if (e == NULL && cd.n > 0)
		e = parse_cd(cx, cd, out);
	return e;
}

const struct err *
matter_evidence_parse(struct ctx *cx, struct bytes evidence, void **out)
{
	struct matter_evidence *m = arena_alloc(cx->arena, sizeof(*m));
	struct bytes cd = BYTES_NONE;
	const struct part parts[] = {
		{ "dac", &m->dac, 1, NULL, false },
		{ "pai", &m->pai, 1, NULL, false },
		{ "cd", &cd, 1, NULL, true },
		{ "elements", &m->elements_signed.record, 1, NULL, true },
		{ "elements_signature", &m->elements_signed.signature, 1, NULL,
		    true },
		{ "nocsr", &m->nocsr_signed.record, 1, NULL, true },
		{ "nocsr_signature", &m->nocsr_signed.signature, 1, NULL,
		    true },
	};
	const struct err *e =
	    parts_read(cx, evidence, parts, sizeof(parts) / sizeof(parts[0]));

	if (e != NULL)
		return e;
	if (!is_pair(&m->elements_signed) || !is_pair(&m->nocsr_signed))
		return bad(cx, "a record without its signature of 64 bytes, "
			       "or the other way round");
	/* The elements hold the declaration; two could differ. */
	if (cd.n > 0 && m->elements_signed.record.n > 0)
		return bad(cx, "a declaration beside the elements");
	if (parse_records(cx, cd, m) != NULL)
		return bad(cx, cx->reason);
	*out = m;
	return NULL;
}
