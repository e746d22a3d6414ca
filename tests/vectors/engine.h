/*
 * What the tables of questions share (tests/vectors/engine.c).
 */
#ifndef VECTORS_ENGINE_H
#define VECTORS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "attest/attest.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

#define MAX_INPUTS 8

struct question {
	const char *name;
	const struct err *(*ask)(const struct bytes *in);
	size_t inputs;
};

/* The context of the question that is asked; its reason is printed. */
extern struct ctx engine_cx;

/* NULL, or a refusal that says why. */
const struct err *yes_if(bool ok, const char *why);

/* attest_judge, by which every question about evidence goes: what is accepted
 * is mutated, if that was asked for (tests/vectors/mutate.c). */
const struct err *engine_judge(const char *format, struct bytes evidence,
    const struct attest_basis *basis, struct verdict *out);
void engine_mutate(unsigned long count, uint64_t seed);

/* Tables of other files; a row without a name ends each. */
extern const struct question questions_cose[];
extern const struct question questions_dice[];
extern const struct question questions_idevid[];
extern const struct question questions_path[];
extern const struct question questions_token[];
extern const struct question questions_matter[];
extern const struct question questions_oauth[];
extern const struct question questions_tpm[];
extern const struct question questions_webauthn[];

#endif
