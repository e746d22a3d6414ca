#include "codec/gzip.h"

#include <limits.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/mem.h"

#define WINDOW_GZIP (15 + 16) /* the largest, with gzip's head */
#define MEMORY 8
#define LEAST 1024 /* below it is one packet anyway */

struct bytes
gzip(struct bytes in)
{
	z_stream z = { .avail_in = (unsigned)in.n };
	uint8_t *out;
	int rc;

	if (in.n < LEAST || in.n > UINT_MAX)
		return BYTES_NONE;
	must(deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, WINDOW_GZIP, MEMORY,
		 Z_DEFAULT_STRATEGY) == Z_OK);
	out = mem_raw(in.n);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.next_out = out;
	z.avail_out = (unsigned)in.n;
	rc = deflate(&z, Z_FINISH);
	(void)deflateEnd(&z);
	if (rc == Z_STREAM_END)
		return (struct bytes){ out, in.n - z.avail_out };
	mem_free(out);
	return BYTES_NONE;
}

/* Passes over optional white space. */
static const char *
skip(const char *s)
{
	return s + strspn(s, " \t");
}

/* A weight at *s, if there is one: ";q=" and 0 to 1 with three decimals at
 * most (section 12.4.2); false if it is malformed. */
static bool
take_weight(const char **s, bool *zero)
{
	const char *p = skip(*s);
	size_t whole, decimals = 0, zeros;

	*zero = false;
	if (*p != ';')
		return true;
	p = skip(p + 1);
	if (strncasecmp(p, "q=", 2) != 0)
		return false;
	p += 2;
	whole = strspn(p, "01");
	zeros = whole == 1 && p[1] == '.' ? strspn(p + 2, "0") : 0;
	if (whole == 1 && p[1] == '.')
		decimals = strspn(p + 2, "0123456789");
	if (whole != 1 || decimals > 3 || (p[0] == '1' && zeros != decimals))
		return false;
	*zero = p[0] == '0' && zeros == decimals;
	*s = p + 1 + (p[1] == '.') + decimals;
	return true;
}

bool
gzip_accepted(const char *accept_encoding)
{
	const char *s = accept_encoding;
	int named = -1, any = 0;

	while (s != NULL) {
		const char *name = skip(s);
		size_t n = strcspn(name, " \t,;");
		bool zero;

		s = name + n;
		if (!take_weight(&s, &zero))
			return false;
		s = skip(s);
		if (*s != ',' && *s != '\0')
			return false;
		if (n == 4 && strncasecmp(name, "gzip", n) == 0)
			named = !zero;
		if (n == 1 && *name == '*')
			any = !zero;
		s = *s == ',' ? s + 1 : NULL;
	}
	return named < 0 ? any == 1 : named == 1;
}
