/*
 * The labels in memory, the same on every node: read at the start, again
 * when one was changed anywhere (domain/follow), and at once on the node
 * that changed it.
 */
#ifndef DOMAIN_LABELS_H
#define DOMAIN_LABELS_H

#include "base/ctx.h"
#include "base/err.h"

struct labels;

struct labels *labels_new(void);
void labels_free(struct labels *l);

/* Reads all of them anew into cx->svc->labels. */
ERR_FN labels_load(struct ctx *cx);

#endif
