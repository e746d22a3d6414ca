/*
 * Whose evidence it is: the unit whose birth key was proved, or that it names,
 * and no other (SECURITY.md A11).  What speaks against it is refused, and a
 * sign of a clone where one unit comes with two keys, or one key as two.
 */
#ifndef DOMAIN_WHOSE_H
#define DOMAIN_WHOSE_H

#include "attest/verdict.h"
#include "domain/caller.h"
#include "store/evidence.h"

struct whose {
	const char *format;
	struct unit unit; /* birth_id 0: the evidence says which of its model */
	struct evidence_unit listed; /* by what its maker listed it */
};

/* The one unit of the model that is listed by what the evidence says. */
ERR_FN whose_find(struct ctx *cx, const struct facts *f, struct whose *w);

/* Refuses evidence that names no unit, or another one in any way. */
ERR_FN
whose_check(struct ctx *cx, const struct whose *w, const struct facts *f);

/* Within a transaction: a unit without a birth certificate comes for the
 * first time, if its model lets it, and under the key that its evidence is by
 * from now on.  *shared: that key is another unit's. */
ERR_FN whose_let_in(
    struct ctx *cx, const struct whose *w, const struct facts *f, bool *shared);

/* The refusal of that, with the sign on the unit whose key was proved, once
 * the transaction is over. */
ERR_FN whose_shared_key(
    struct ctx *cx, const struct unit *unit, const struct facts *f);

#endif
