#include "domain/scope.h"

#include <string.h>

#include "base/arena.h"

static const struct {
	unsigned scope;
	const char *name;
} names[] = {
	{ OWNER_OPENID, "openid" },
	{ OWNER_APPROVALS, "approvals" },
	{ OWNER_DEVICES, "devices" },
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static unsigned
scope_of(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (strlen(names[i].name) == n &&
		    strncmp(names[i].name, s, n) == 0)
			return names[i].scope;
	return 0;
}

bool
scope_parse(const char *text, unsigned *out)
{
	const char *end;

	*out = 0;
	for (;; text = end + 1) {
		unsigned scope;

		end = strchrnul(text, ' ');
		scope = scope_of(text, (size_t)(end - text));
		if (scope == 0 || (*out & scope) != 0)
			return false;
		*out |= scope;
		if (*end == '\0')
			return true;
	}
}

unsigned
scope_known(const char *text)
{
	unsigned set = 0;

	for (; *text != '\0'; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");

		set |= scope_of(text, n);
		text += n;
	}
	return set;
}

const char *
scope_text(struct ctx *cx, unsigned scopes)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < NAMES; i++)
		if ((scopes & names[i].scope) != 0)
			text = arena_printf(cx->arena, "%s%s%s", text,
			    *text == '\0' ? "" : " ", names[i].name);
	return text;
}
