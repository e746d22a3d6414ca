#include "http/cookie.h"

#include "base/arena.h"

#define VALUE_CHARS                                            \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789-_"

const char *
cookie_get(struct arena *a, const char *field, const char *name)
{
	const char *found = NULL, *s = field;
	size_t n = strlen(name);

	while (s != NULL && *s != '\0') {
		size_t len = strcspn(s, ";");

		if (len > n && strncmp(s, name, n) == 0 && s[n] == '=') {
			size_t value = len - n - 1;

			/* Two of one name: whose is whose is unknown. */
			if (found != NULL || value == 0 ||
			    strspn(s + n + 1, VALUE_CHARS) != value)
				return NULL;
			found = arena_printf(a, "%.*s", (int)value, s + n + 1);
		}
		s += len;
		s += strspn(s, "; ");
	}
	return found;
}

/* Lax: an app's link may lead to our pages, and what changes anything asks
 * for more than the cookie (P6). */
void
cookie_set(struct ctx *cx, struct reply *rs, const char *value, int64_t seconds)
{
	reply_header(rs, "Set-Cookie",
	    arena_printf(cx->arena,
		COOKIE_SESSION "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; "
			       "SameSite=Lax",
		value != NULL ? value : "", (long long)seconds));
}
