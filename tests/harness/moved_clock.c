/*
 * Preloaded into what a test sets the clock of: CLOCK_REALTIME is
 * ahead by the seconds in the file that MOVED_CLOCK names (8 bytes, as the
 * machine has them).  TLS, which asks time(), keeps the machine's.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static const volatile int64_t *seconds;

__attribute__((constructor)) static void
open_file(void)
{
	int fd = open(getenv("MOVED_CLOCK"), O_RDONLY);
	void *p = mmap(NULL, sizeof(*seconds), PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		abort();
	seconds = p;
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	int rc;

	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(
		    RTLD_NEXT, "clock_gettime");
	rc = real(clock, ts);
	if (rc == 0 && clock == CLOCK_REALTIME && seconds != NULL)
		ts->tv_sec += *seconds;
	return rc;
}
