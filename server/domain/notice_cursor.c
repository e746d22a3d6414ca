#include "domain/notices.h"

#include <string.h>

#define DIGITS 18

/* Digits without a leading zero, up to where *text then points. */
static bool
read_number(const char **text, int64_t *out)
{
	size_t i, n = strspn(*text, "0123456789");

	if (n == 0 || n > DIGITS || (n > 1 && **text == '0'))
		return false;
	for (*out = 0, i = 0; i < n; i++)
		*out = *out * 10 + ((*text)[i] - '0');
	*text += n;
	return true;
}

bool
notices_cursor_read(const char *text, int64_t *epoch, int64_t *position)
{
	return read_number(&text, epoch) && *text++ == '.' &&
	       read_number(&text, position) && *text == '\0';
}
