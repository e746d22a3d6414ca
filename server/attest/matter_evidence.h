/*
 * What fmt_matter reads and judges, in two files: this one is parse.
 */
#ifndef ATTEST_MATTER_EVIDENCE_H
#define ATTEST_MATTER_EVIDENCE_H

#include <stdbool.h>

#include "attest/attest.h"
#include "codec/matter.h"
#include "pki/cms_signed.h"

/* A record with the DAC's signature of it and the challenge. */
struct matter_signed {
	struct bytes record, signature; /* empty: absent */
};

struct matter_evidence {
	struct bytes dac, pai; /* DER */
	struct matter_signed elements_signed, nocsr_signed;
	struct matter_elements elements;
	struct matter_nocsr nocsr;
	bool has_cd;
	struct cms_signed cd_signed;
	struct matter_cd cd;
};

/* Parts "dac" and "pai"; "elements" and "elements_signature", or else "cd"
 * alone; "nocsr" and "nocsr_signature". */
ERR_FN matter_evidence_parse(struct ctx *cx, struct bytes evidence, void **out);

#endif
