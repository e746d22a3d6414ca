/*
 * What the tables of questions share (tests/vectors/engine.c).
 */
#ifndef VECTORS_ENGINE_H
#define VECTORS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

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

/* Tables of other files; a row without a name ends each. */
extern const struct question questions_cose[];
extern const struct question questions_dice[];
extern const struct question questions_path[];
extern const struct question questions_matter[];
extern const struct question questions_tpm[];

#endif
