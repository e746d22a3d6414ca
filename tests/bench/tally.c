#include "tests/bench/tally.h"

#include <dirent.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"

void
tally_init(struct tally *t, size_t max)
{
	memset(t, 0, sizeof(*t));
	t->max = max;
	t->us = mem_new(max, sizeof(*t->us));
}

void
tally_release(struct tally *t)
{
	mem_free(t->us);
}

void
tally_watch(struct tally *t, char *spec)
{
	struct cpu_group *g = &t->groups[t->ngroups++];
	char *p = strchr(spec, '=');

	must(p != NULL && t->ngroups <= TALLY_GROUPS);
	g->name = spec;
	*p++ = '\0';
	while (*p != '\0') {
		must(g->n < TALLY_PIDS);
		g->pids[g->n++] = (pid_t)strtol(p, &p, 10);
		p += *p == ',';
	}
}

/* Nanoseconds on a CPU so far, of all threads: the first number of each
 * one's schedstat. */
static int64_t
process_ns(pid_t pid)
{
	char path[64];
	struct dirent *d;
	int64_t sum = 0, ns;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL) {
		FILE *f;

		(void)snprintf(path, sizeof(path),
		    "/proc/%d/task/%.10s/schedstat", (int)pid, d->d_name);
		f = d->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (f == NULL)
			continue;
		if (fscanf(f, "%" SCNd64, &ns) == 1)
			sum += ns;
		(void)fclose(f);
	}
	(void)closedir(dir);
	return sum;
}

static void
group_begin(struct cpu_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		g->began_ns[i] = process_ns(g->pids[i]);
}

/* A process that has ended meanwhile counts nothing, not less. */
static void
group_end(struct cpu_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		int64_t ns = process_ns(g->pids[i]);

		if (ns > g->began_ns[i])
			g->used_ns += ns - g->began_ns[i];
	}
}

void
tally_start(struct tally *t)
{
	size_t i;

	for (i = 0; i < t->ngroups; i++)
		group_begin(&t->groups[i]);
	t->began_us = clock_mono_us();
}

void
tally_stop(struct tally *t)
{
	size_t i;

	t->clock_us += clock_mono_us() - t->began_us;
	for (i = 0; i < t->ngroups; i++)
		group_end(&t->groups[i]);
}

void
tally_add(struct tally *t, int64_t us)
{
	/* Runs are longer than their first estimate at times. */
	if (t->n == t->max) {
		t->max *= 2;
		t->us = mem_grow(t->us, t->max, sizeof(*t->us));
	}
	t->us[t->n++] = us;
}

void
tally_reset(struct tally *t)
{
	size_t i;

	t->n = t->failed = 0;
	t->clock_us = 0;
	for (i = 0; i < t->ngroups; i++)
		t->groups[i].used_ns = 0;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void
tally_print(struct tally *t, const char *name, const char *extra)
{
	size_t i;

	qsort(t->us, t->n, sizeof(*t->us), compare);
	printf("{\"name\": \"%s\", \"n\": %zu, \"failed\": %zu, "
	       "\"seconds\": %.6f, \"p50_us\": %" PRId64
	       ", \"p99_us\": %" PRId64 ", \"cpu_us\": {",
	    name, t->n, t->failed, (double)t->clock_us / 1e6,
	    t->n > 0 ? t->us[t->n / 2] : 0,
	    t->n > 0 ? t->us[t->n - 1 - t->n / 100] : 0);
	for (i = 0; i < t->ngroups; i++)
		printf("%s\"%s\": %.1f", i > 0 ? ", " : "", t->groups[i].name,
		    (double)t->groups[i].used_ns / 1e3);
	printf("}%s}\n", extra);
	(void)fflush(stdout);
}
