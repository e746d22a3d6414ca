/*
 * The steps of fmt_matter's verdict that look at certificates, declarations
 * and lists.  Each answers whether to go on; the first refusal ends it.
 */
#ifndef ATTEST_MATTER_JUDGE_H
#define ATTEST_MATTER_JUDGE_H

#include <stdbool.h>

#include "attest/attest.h"
#include "attest/matter_evidence.h"
#include "pki/matter_cert.h"

struct matter_judge {
	struct ctx *cx;
	const struct matter_evidence *evidence;
	const struct attest_basis *basis;
	struct verdict *v;
	struct matter_cert dac, pai, paa;
	/* The anchor that the PAA is. */
	const struct attest_anchor *anchor;
	/* Records that the DAC signed, on this connection. */
	bool elements, nocsr;
};

/* Always false. */
bool matter_refuse(struct matter_judge *j, enum layer layer, const char *code,
    const char *words);
void matter_note(struct matter_judge *j, enum severity severity,
    enum layer layer, const char *code, const char *words);

/* Finds the anchor that issued the PAI. */
bool matter_find_paa(struct matter_judge *j);
bool matter_judge_times(struct matter_judge *j);

/* Vendor and product ids of DAC, PAI and PAA. */
bool matter_judge_vendors(struct matter_judge *j);

/* The certification declaration: its signer, and whether it speaks of these
 * certificates. */
bool matter_judge_declaration(struct matter_judge *j);

/* DAC and PAI against the lists among the anchors, unless they are asked
 * elsewhere. */
bool matter_judge_revocation(struct matter_judge *j);

/* What the model's policy says of vendor, products and declaration. */
bool matter_judge_product(struct matter_judge *j);

#endif
