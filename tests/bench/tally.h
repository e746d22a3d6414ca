/*
 * What a run measured: times of requests, the CPU other processes used
 * while the clock ran, and all of it as one line of JSON.
 */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TALLY_GROUPS 4
#define TALLY_PIDS 64

/* Processes whose CPU is counted together. */
struct cpu_group {
	const char *name;
	pid_t pids[TALLY_PIDS];
	size_t n;
	int64_t used_ns, began_ns[TALLY_PIDS];
};

struct tally {
	int64_t *us; /* of each request */
	size_t n, max;
	size_t failed;
	int64_t clock_us, began_us;
	struct cpu_group groups[TALLY_GROUPS];
	size_t ngroups;
};

void tally_init(struct tally *t, size_t max);
void tally_release(struct tally *t);

/* Reads "name=pid,pid". */
void tally_watch(struct tally *t, char *spec);

/* The clock runs between these; several times add up. */
void tally_start(struct tally *t);
void tally_stop(struct tally *t);

void tally_add(struct tally *t, int64_t us);

/* Forgets times and clocks, keeps the groups. */
void tally_reset(struct tally *t);

/* Prints {"name": ..., "n": ..., ...} and extra, which is either "" or
 * members with a comma before them; one line, flushed. */
void tally_print(struct tally *t, const char *name, const char *extra);

#endif
