/*
 * A verdict as JSON: for operators, their records and their tools.
 */
#ifndef ATTEST_VERDICT_JSON_H
#define ATTEST_VERDICT_JSON_H

#include "attest/verdict.h"
#include "base/err.h"

/* {accepted, grade, findings: [{layer, severity, code, words, elsewhere}],
 * facts}, in the arena, followed by a NUL that is not counted.  Facts that
 * are not known are left out; bytes are in hex. */
ERR_FN verdict_json(struct ctx *cx, const struct verdict *v, struct bytes *out);

/* What verdict_json wrote, but for what it leaves out; in the arena. */
ERR_FN
verdict_json_read(struct ctx *cx, struct bytes text, struct verdict *out);

#endif
