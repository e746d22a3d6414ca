#include "base/clock.h"

#include "base/mem.h"

/* What RFC 3339 section 1 can say. */
#define YEAR_0 INT64_C(-62167219200)
#define END_OF_9999 INT64_C(253402300799)

int64_t
clock_now(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_REALTIME, &ts) == 0);
	return ts.tv_sec;
}

int64_t
clock_now_ms(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_REALTIME, &ts) == 0);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

int64_t
clock_mono_us(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
clock_mono_after(int64_t us, struct timespec *out)
{
	int64_t t = clock_mono_us() + us;

	out->tv_sec = t / 1000000;
	out->tv_nsec = t % 1000000 * 1000;
}

void
clock_text(int64_t t, char out[CLOCK_TEXT_BYTES])
{
	time_t tt = t < YEAR_0 ? YEAR_0 : t > END_OF_9999 ? END_OF_9999 : t;
	struct tm tm;

	must(gmtime_r(&tt, &tm) != NULL);
	must(strftime(out, CLOCK_TEXT_BYTES, "%04Y-%m-%dT%H:%M:%SZ", &tm) != 0);
}

/* The decimal number of n digits at p, or -1. */
static int
digits(const uint8_t *p, size_t n)
{
	int v = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

void
clock_http(int64_t t, char out[CLOCK_TEXT_BYTES])
{
	time_t tt = (time_t)t;
	struct tm tm;

	must(gmtime_r(&tt, &tm) != NULL);
	/* Of the C locale: no program here sets another. */
	must(strftime(out, CLOCK_TEXT_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &tm) >
	     0);
}

bool
clock_parse(struct bytes text, int64_t *t)
{
	struct tm tm = { 0 }, back;
	const uint8_t *p = text.p;
	time_t tt;
	int year, mon, day;

	if (text.n != 10 && text.n != 20)
		return false;
	year = digits(p, 4);
	mon = digits(p + 5, 2);
	day = digits(p + 8, 2);
	if (year < 1970 || mon < 1 || day < 1 || p[4] != '-' || p[7] != '-')
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = mon - 1;
	tm.tm_mday = day;
	if (text.n == 20) {
		tm.tm_hour = digits(p + 11, 2);
		tm.tm_min = digits(p + 14, 2);
		tm.tm_sec = digits(p + 17, 2);
		if (p[10] != 'T' || p[13] != ':' || p[16] != ':' ||
		    p[19] != 'Z' || tm.tm_hour < 0 || tm.tm_min < 0 ||
		    tm.tm_sec < 0 || tm.tm_hour > 23 || tm.tm_min > 59 ||
		    tm.tm_sec > 59)
			return false;
	}
	tt = timegm(&tm);
	/* timegm folds 31 February into March: refuse what moved. */
	if (gmtime_r(&tt, &back) == NULL || back.tm_mday != day ||
	    back.tm_mon != mon - 1)
		return false;
	*t = tt;
	return true;
}
