/*
 * What the service counts of its work for operators: verdicts, certificates,
 * tokens and acknowledged refusals.  Words are constants of ours or names that
 * operators gave, never a serial number nor anything of a person (SECURITY.md
 * V1).  Counts are of this node since its start; what all nodes share is read
 * from the database.
 */
#ifndef DOMAIN_METRICS_H
#define DOMAIN_METRICS_H

#include "base/ctx.h"
#include "base/err.h"
#include "base/tally.h"

struct metrics {
	struct tally *verdicts;           /* by format and reason */
	struct tally *certificates;       /* by what was done and model */
	struct tally *tokens;             /* by grant */
	tally_count followed, unfollowed; /* answers, see domain/acks.h */
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
AUTO_STRUCT_DEFINE(metrics, metrics_free);

/* Evidence was judged; format NULL: none came.  reason: the first finding
 * that refuses, or "accepted". */
void
metrics_verdict(const struct ctx *cx, const char *format, const char *reason);

/* A certificate was "issued", "renewed" or "reissued". */
void
metrics_certificate(const struct ctx *cx, const char *what, const char *model);

/* An access token was given for a grant. */
void metrics_token(const struct ctx *cx, const char *grant);

/* Who took trust away was answered: all had read of it, or not. */
void metrics_acknowledged(const struct ctx *cx, bool followed);

#endif
