#include "codec/basic.h"

#include "base/arena.h"
#include "base/text.h"

/* bytes_from_b64 takes white space, which bodies may hold and fields not. */
static bool
is_token68(struct bytes text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] <= ' ')
			return false;
	return text.n > 0;
}

bool
basic_parse(struct arena *a, struct bytes text, struct basic *out)
{
	struct bytes raw;
	char *whole, *colon;
	size_t i;

	if (!is_token68(text) || text.n > LIMIT_BASIC / 3 * 4 + 4 ||
	    !bytes_from_b64(a, text, &raw) || raw.n > LIMIT_BASIC ||
	    !text_is_utf8(raw))
		return false;
	for (i = 0; i < raw.n; i++)
		if (raw.p[i] < ' ' || raw.p[i] == 0x7f)
			return false;
	whole = arena_printf(a, "%.*s", (int)raw.n, (const char *)raw.p);
	colon = strchr(whole, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	*out = (struct basic){ whole, colon + 1 };
	return true;
}
