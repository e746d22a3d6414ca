#include "attest/attest.h"

#include "attest/fmt_dice.h"
#include "attest/fmt_eat.h"
#include "attest/fmt_idevid.h"
#include "attest/fmt_matter.h"
#include "attest/fmt_psa.h"
#include "attest/fmt_tpm.h"

const struct err ERR_BAD_EVIDENCE = { KIND_FORBIDDEN, "bad-evidence",
	"The evidence was not accepted; the operator can find the reason by "
	"the request id." };

static const struct attest_format *const FORMATS[] = {
	&fmt_dice,
	&fmt_eat,
	&fmt_idevid,
	&fmt_matter,
	&fmt_psa,
	&fmt_tpm,
	NULL,
};

const struct attest_format *
attest_format_get(const char *name)
{
	size_t i;

	for (i = 0; FORMATS[i] != NULL; i++)
		if (strcmp(FORMATS[i]->name, name) == 0)
			return FORMATS[i];
	return NULL;
}

const struct err *
attest_judge(struct ctx *cx, const char *format, struct bytes evidence,
    const struct attest_basis *basis, struct verdict *out)
{
	const struct attest_format *f = attest_format_get(format);
	const struct err *e;
	void *parsed = NULL;

	verdict_init(out);
	if (f == NULL)
		e = fail(cx, &ERR_BAD_EVIDENCE, "no such format");
	else if (evidence.n > LIMIT_EVIDENCE)
		e = fail(
		    cx, &ERR_BAD_EVIDENCE, "%zu bytes of evidence", evidence.n);
	else
		e = f->parse(cx, evidence, &parsed);
	if (e != NULL) {
		verdict_refuse(cx, out, LAYER_PARSE, "parse", "%s", cx->reason);
		return e;
	}
	if (!policy_takes(basis->policy, format)) {
		verdict_refuse(cx, out, LAYER_POLICY, "format",
		    "The model does not take evidence of the format %s.",
		    format);
		return NULL;
	}
	f->verify(cx, parsed, basis, out);
	return NULL;
}
