/*
 * Metrics as Prometheus reads them: its text format, version 0.0.4.  Written,
 * never read.
 */
#ifndef CODEC_PROM_H
#define CODEC_PROM_H

#include <stdint.h>

#include "base/buf.h"
#include "base/tally.h"

#define PROM_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define PROM_LABELS 4

struct prom_label {
	const char *name, *value; /* value: UTF-8, escaped here */
};

/* The labels of a sample: those up to the first without a name. */
struct prom_labels {
	struct prom_label v[PROM_LABELS];
};
#define PROM_NONE ((struct prom_labels){ .v = { { NULL, NULL } } })
#define PROM_ONE(name, value) ((struct prom_labels){ .v = { { name, value } } })

/* Begins a metric: its samples follow, before any other's.  type: counter,
 * gauge, histogram or summary; help without line ends or backslashes. */
void
prom_head(struct buf *b, const char *name, const char *type, const char *help);

void prom_sample(
    struct buf *b, const char *name, struct prom_labels l, int64_t value);
void prom_sample_us(
    struct buf *b, const char *name, struct prom_labels l, int64_t us);

/* The metric of one sample without labels. */
void
prom_gauge(struct buf *b, const char *name, const char *help, int64_t value);
void
prom_counter(struct buf *b, const char *name, const char *help, uint64_t value);

/* A histogram's samples, in seconds. */
void prom_timing(struct buf *b, const char *name, struct prom_labels l,
    const struct timing *t);

/* A counter by the words of a tally: the names of their labels, the second
 * NULL where it counts by one. */
void prom_tally(struct buf *b, const char *name, const char *help,
    const char *const words[2], const struct tally *t);

#endif
