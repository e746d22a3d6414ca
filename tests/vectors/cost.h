/*
 * What a verdict costs beside the bare signature checks within it: the
 * engine's other mode, "vectors-engine cost NUMBER", for tests/bench.
 */
#ifndef VECTORS_COST_H
#define VECTORS_COST_H

#include "attest/attest.h"

/* So many verdicts on each accepted evidence from now on. */
void cost_start(unsigned long count);

/* Judges again and prints "cost FORMAT NS NS N": CPU of a verdict, of its
 * signature checks, and how many those are; nothing unless it was started. */
void cost_tell(const char *format, struct bytes evidence,
    const struct attest_basis *basis);

#endif
