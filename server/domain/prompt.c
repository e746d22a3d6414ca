#include "domain/prompt.h"

#include <string.h>

#define DIGITS 9

static const struct {
	enum prompt prompt;
	const char *name;
} names[] = {
	{ PROMPT_NONE, "none" },
	{ PROMPT_LOGIN, "login" },
	{ PROMPT_CONSENT, "consent" },
	{ PROMPT_SELECT_ACCOUNT, "select_account" },
};

static unsigned
prompt_of(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == n &&
		    strncmp(names[i].name, s, n) == 0)
			return names[i].prompt;
	return 0;
}

bool
prompt_parse(const char *text, unsigned *out)
{
	const char *end;

	*out = 0;
	for (;; text = end + 1) {
		unsigned prompt;

		end = strchrnul(text, ' ');
		prompt = prompt_of(text, (size_t)(end - text));
		if (prompt == 0 || (*out & prompt) != 0)
			return false;
		*out |= prompt;
		if (*end == '\0')
			break;
	}
	return (*out & PROMPT_NONE) == 0 || *out == PROMPT_NONE;
}

bool
max_age_parse(const char *text, int64_t *out)
{
	size_t n = strlen(text);

	if (n == 0 || n > 2 * DIGITS || strspn(text, "0123456789") != n)
		return false;
	*out = -1;
	while (*text == '0' && n > 1) {
		text++;
		n--;
	}
	if (n > DIGITS)
		return true;
	for (*out = 0; *text != '\0'; text++)
		*out = *out * 10 + (*text - '0');
	return true;
}
