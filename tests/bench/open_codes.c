#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "domain/live.h"
#include "tests/bench/load.h"

#define LIFETIME 600
#define INTERVAL 5

/* Resident bytes of this process. */
static long
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	must(f != NULL && fscanf(f, "%*d %ld", &pages) == 1);
	(void)fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

void
run_open_codes(struct options *o)
{
	long before = resident();
	AUTO_STRUCT(live) *l = live_new();
	size_t i;

	for (i = 0; i < o->codes; i++) {
		struct live_code code = { .expires_at = LIFETIME,
			.interval = INTERVAL };

		rng_bytes(code.mac, sizeof(code.mac));
		rng_bytes(code.holder, sizeof(code.holder));
		rng_uuid(code.approval_id);
		live_put(l, &code, 0);
	}
	must(live_count(l) == o->codes);
	printf("{\"bytes\": %ld}\n", resident() - before);
	(void)fflush(stdout);
}
