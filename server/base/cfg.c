#include "base/cfg.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"

#define DURATION_MAX (36500 * INT64_C(86400)) /* a hundred years */

static bool
parse_int(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

static const struct {
	char unit;
	int64_t seconds;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
#define N_UNITS (sizeof(units) / sizeof(units[0]))

bool
cfg_duration(const char *text, int64_t *seconds)
{
	char number[16];
	size_t i, n = strlen(text);

	if (n < 2 || n > sizeof(number) || text[0] == '-')
		return false;
	memcpy(number, text, n - 1);
	number[n - 1] = '\0';
	for (i = 0; i < N_UNITS; i++) {
		if (text[n - 1] != units[i].unit)
			continue;
		if (!parse_int(number, seconds) ||
		    *seconds > DURATION_MAX / units[i].seconds)
			return false;
		*seconds *= units[i].seconds;
		return true;
	}
	return false;
}

const char *
cfg_duration_text(int64_t seconds, char out[32])
{
	size_t i = N_UNITS - 1;

	while (i > 0 && (seconds == 0 || seconds % units[i].seconds != 0))
		i--;
	(void)snprintf(out, 32, "%" PRId64 "%c", seconds / units[i].seconds,
	    units[i].unit);
	return out;
}

static char *
trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	return s;
}

/* Splits "key = value" in place; NULL for neither. */
static char *
split(char *s)
{
	char *eq = strchr(s, '=');

	if (eq == NULL)
		return NULL;
	*eq = '\0';
	(void)trim(s);
	return trim(eq + 1);
}

/* A head, or a setting. */
static bool
read_line(char *s, char section[CFG_LINE_BYTES], struct cfg_line *l, char *why)
{
	size_t n = strlen(s);

	if (*s == '[' && s[n - 1] == ']') {
		s[n - 1] = '\0';
		memcpy(section, s + 1, n - 1);
		l->key = l->value = NULL;
		return true;
	}
	l->value = split(s);
	l->key = trim(s);
	if (l->value != NULL && *l->key != '\0')
		return true;
	(void)snprintf(why, CFG_WHY_BYTES, "expected \"key = value\"");
	return false;
}

static bool
each_line(FILE *f, cfg_line_fn *fn, void *arg, struct cfg_line *l, char *why)
{
	char text[CFG_LINE_BYTES], section[CFG_LINE_BYTES] = "";

	l->section = section;
	while (fgets(text, sizeof(text), f) != NULL) {
		bool whole = strchr(text, '\n') != NULL || feof(f);
		char *s = trim(text);

		l->number++;
		if (!whole) {
			(void)snprintf(why, CFG_WHY_BYTES,
			    "the line is too long or holds a NUL");
			return false;
		}
		if (*s == '\0' || *s == '#')
			continue;
		if (!read_line(s, section, l, why) || !fn(arg, l, why))
			return false;
	}
	if (ferror(f))
		(void)snprintf(why, CFG_WHY_BYTES, "%s", strerror(errno));
	return !ferror(f);
}

bool
cfg_each(const char *path, cfg_line_fn *fn, void *arg, char why[CFG_WHY_BYTES])
{
	struct cfg_line l = { .number = 0 };
	char reason[CFG_WHY_BYTES] = "";
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL) {
		(void)snprintf(
		    why, CFG_WHY_BYTES, "%s: %s", path, strerror(errno));
		return false;
	}
	ok = each_line(f, fn, arg, &l, reason);
	fclose(f);
	if (!ok)
		(void)snprintf(why, CFG_WHY_BYTES, "%s:%d: %.300s", path,
		    l.number, reason);
	return ok;
}

bool
cfg_is_text(const struct cfg_key *key)
{
	return key->type == CFG_STR || key->type == CFG_SECRET;
}

const char *
cfg_allowed(const struct cfg_key *key, char out[CFG_WHY_BYTES])
{
	char least[32], most[32];

	if (key->type == CFG_BOOL)
		(void)snprintf(out, CFG_WHY_BYTES, "yes or no");
	if (key->type == CFG_INT)
		(void)snprintf(out, CFG_WHY_BYTES,
		    "a number from %" PRId64 " to %" PRId64, key->min,
		    key->max);
	if (key->type == CFG_DURATION)
		(void)snprintf(out, CFG_WHY_BYTES, "a time from %s to %s",
		    cfg_duration_text(key->min, least),
		    cfg_duration_text(key->max, most));
	if (cfg_is_text(key))
		(void)snprintf(out, CFG_WHY_BYTES, "%s",
		    key->kind != NULL ? key->kind->what : "a text");
	return out;
}

/* An empty text says "none" where there need not be one. */
static bool
text_ok(const struct cfg_key *key, const char *value)
{
	if (*value == '\0')
		return key->def != NULL && *key->def == '\0';
	return key->kind == NULL || key->kind->ok(value);
}

bool
cfg_set(const struct cfg_key *key, const char *value, void *out,
    char why[CFG_WHY_BYTES])
{
	void *place = (char *)out + key->offset;
	char allowed[CFG_WHY_BYTES];
	bool ok = false;

	if (cfg_is_text(key)) {
		ok = text_ok(key, value);
		if (ok) {
			mem_free(*(char **)place);
			*(char **)place = mem_strdup(value);
		}
	}
	if (key->type == CFG_BOOL) {
		*(bool *)place = strcmp(value, "yes") == 0;
		ok = *(bool *)place || strcmp(value, "no") == 0;
	}
	if (key->type == CFG_INT || key->type == CFG_DURATION) {
		int64_t *number = place;

		ok = (key->type == CFG_INT ? parse_int(value, number)
					   : cfg_duration(value, number)) &&
		     *number >= key->min && *number <= key->max;
	}
	if (ok)
		return true;
	(void)snprintf(why, CFG_WHY_BYTES, "%s: \"%.60s\" is not %.300s%s",
	    key->name, key->type == CFG_SECRET ? "(hidden)" : value,
	    cfg_allowed(key, allowed),
	    key->type == CFG_DURATION ? " (like 90s, 5m, 24h or 7d)" : "");
	return false;
}

void
cfg_release(const struct cfg_key *keys, size_t n, void *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char **s;

		if (!cfg_is_text(&keys[i]))
			continue;
		s = (void *)((char *)out + keys[i].offset);
		if (*s != NULL && keys[i].type == CFG_SECRET)
			explicit_bzero(*s, strlen(*s));
		mem_free(*s);
		*s = NULL;
	}
}
