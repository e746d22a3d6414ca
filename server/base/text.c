#include "base/text.h"

#include "base/limits.h"

#define DISTANCE_MAX 63 /* letters of names that are compared */

static bool
is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool
text_is_slug(struct bytes s)
{
	size_t i;

	if (s.n < 1 || s.n > LIMIT_SLUG || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (i = 0; i < s.n; i++)
		if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

bool
text_is_uuid(struct bytes s)
{
	size_t i;

	if (s.n != 36)
		return false;
	for (i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (c != '-')
				return false;
		} else if (!is_digit(c) && !(c >= 'a' && c <= 'f')) {
			return false;
		}
	}
	return true;
}

bool
text_is_serial(struct bytes s)
{
	size_t i;

	if (s.n < 1 || s.n > LIMIT_SERIAL || s.p[0] == ' ' ||
	    s.p[s.n - 1] == ' ')
		return false;
	for (i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!is_lower(c) && !is_digit(c) && !(c >= 'A' && c <= 'Z') &&
		    (c == 0 || strchr("'()+,-./:=? ", c) == NULL))
			return false;
	}
	return true;
}

/* The code point at p and its length, or 0 if it is not UTF-8 (RFC 3629:
 * no overlong forms, no surrogates, at most U+10FFFF). */
static size_t
utf8_next(const uint8_t *p, size_t left, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, n;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	*cp = p[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

bool
text_is_utf8(struct bytes s)
{
	size_t i, n;
	uint32_t c;

	for (i = 0; i < s.n; i += n) {
		n = utf8_next(s.p + i, s.n - i, &c);
		if (n == 0 || c == 0)
			return false;
	}
	return true;
}

/* Characters that move, hide or break what stands around them, or look like
 * nothing at all. */
static bool
is_deceptive(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x0000, 0x001f },
		{ 0x007f, 0x009f },
		{ 0x00ad, 0x00ad },
		{ 0x034f, 0x034f },
		{ 0x061c, 0x061c },
		{ 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0x3164, 0x3164 },
		{ 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },
		{ 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

bool
text_is_name(struct bytes s)
{
	size_t i, n;
	uint32_t c;

	if (s.n < 1 || s.n > LIMIT_NAME)
		return false;
	for (i = 0; i < s.n; i += n) {
		n = utf8_next(s.p + i, s.n - i, &c);
		if (n == 0 || is_deceptive(c))
			return false;
	}
	return true;
}

size_t
text_distance(const char *a, const char *b)
{
	size_t row[DISTANCE_MAX + 1];
	size_t na = strlen(a), nb = strlen(b), i, j;

	if (na > DISTANCE_MAX || nb > DISTANCE_MAX)
		return SIZE_MAX;
	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		size_t corner = row[0]; /* of the row above */

		row[0] = i;
		for (j = 1; j <= nb; j++) {
			size_t least = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[nb];
}
