#include "base/rng.h"

#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"

void
rng_bytes(void *p, size_t n)
{
	uint8_t *q = p;

	while (n > 0) {
		ssize_t got = getrandom(q, n, 0);

		must(got > 0);
		q += got;
		n -= (size_t)got;
	}
}

uint32_t
rng_below(uint32_t limit)
{
	uint32_t v, last = UINT32_MAX - UINT32_MAX % limit;

	do
		rng_bytes(&v, sizeof(v));
	while (v >= last);
	return v % limit;
}

void
rng_uuid(char out[UUID_TEXT_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	int64_t ms = clock_now_ms();
	uint8_t b[16];
	size_t i, o = 0;

	rng_bytes(b, sizeof(b));
	for (i = 0; i < 6; i++)
		b[i] = (uint8_t)(ms >> (40 - 8 * i));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x70);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[o++] = '-';
		out[o++] = hex[b[i] >> 4];
		out[o++] = hex[b[i] & 15];
	}
	out[o] = '\0';
}
