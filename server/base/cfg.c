#include "base/cfg.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"

#define LINE_BYTES 4096
#define DURATION_MAX (36500 * INT64_C(86400)) /* a hundred years */

static bool
parse_int(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

bool
cfg_duration(const char *text, int64_t *seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char number[16];
	size_t i, n = strlen(text);

	if (n < 2 || n > sizeof(number) || text[0] == '-')
		return false;
	memcpy(number, text, n - 1);
	number[n - 1] = '\0';
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
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

static bool
each_line(FILE *f, cfg_line_fn *fn, void *arg, struct cfg_line *l, char *why)
{
	char text[LINE_BYTES], section[LINE_BYTES] = "";

	l->section = section;
	while (fgets(text, sizeof(text), f) != NULL) {
		bool whole = strchr(text, '\n') != NULL || feof(f);
		char *s = trim(text);
		size_t n = strlen(s);

		l->number++;
		if (!whole) {
			(void)snprintf(why, CFG_WHY_BYTES,
			    "the line is too long or holds a NUL");
			return false;
		}
		if (*s == '\0' || *s == '#')
			continue;
		if (*s == '[' && s[n - 1] == ']') {
			s[n - 1] = '\0';
			memcpy(section, s + 1, n - 1);
			continue;
		}
		l->value = split(s);
		l->key = trim(s);
		if (l->value == NULL || *l->key == '\0') {
			(void)snprintf(
			    why, CFG_WHY_BYTES, "expected \"key = value\"");
			return false;
		}
		if (!fn(arg, l, why))
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

static bool
set_number(
    const struct cfg_key *key, const char *value, int64_t *out, char *why)
{
	bool ok = key->type == CFG_INT ? parse_int(value, out)
				       : cfg_duration(value, out);

	if (!ok || *out < key->min || *out > key->max) {
		(void)snprintf(why, CFG_WHY_BYTES,
		    "%s: \"%.60s\" is not a %s from %" PRId64 " to %" PRId64,
		    key->name, value,
		    key->type == CFG_INT ? "number"
					 : "time like 90s, 5m, 24h or 7d "
					   "(in seconds:)",
		    key->min, key->max);
		return false;
	}
	return true;
}

bool
cfg_set(const struct cfg_key *key, const char *value, void *out,
    char why[CFG_WHY_BYTES])
{
	void *place = (char *)out + key->offset;

	if (key->type == CFG_STR) {
		char **s = place;

		mem_free(*s);
		*s = mem_strdup(value);
		return true;
	}
	if (key->type == CFG_BOOL) {
		*(bool *)place = strcmp(value, "yes") == 0;
		if (*(bool *)place || strcmp(value, "no") == 0)
			return true;
		(void)snprintf(
		    why, CFG_WHY_BYTES, "%s: say yes or no", key->name);
		return false;
	}
	return set_number(key, value, place, why);
}

struct read_state {
	const struct cfg_key *keys;
	size_t n;
	void *out;
	bool *seen;
};

static bool
read_line(void *arg, const struct cfg_line *l, char *why)
{
	struct read_state *st = arg;
	size_t i;

	for (i = 0; i < st->n; i++) {
		if (strcmp(st->keys[i].name, l->key) != 0)
			continue;
		if (st->seen[i]) {
			(void)snprintf(
			    why, CFG_WHY_BYTES, "%s is set twice", l->key);
			return false;
		}
		st->seen[i] = true;
		return cfg_set(&st->keys[i], l->value, st->out, why);
	}
	(void)snprintf(why, CFG_WHY_BYTES,
	    "unknown key \"%.60s\"; --help lists the keys", l->key);
	return false;
}

bool
cfg_read(const char *path, const struct cfg_key *keys, size_t n, void *out,
    char why[CFG_WHY_BYTES])
{
	bool seen[64] = { false };
	struct read_state st = { keys, n, out, seen };
	size_t i;

	must(n <= sizeof(seen) / sizeof(seen[0]));
	for (i = 0; i < n; i++)
		if (keys[i].def != NULL)
			must(cfg_set(&keys[i], keys[i].def, out, why));
	if (path != NULL && !cfg_each(path, read_line, &st, why))
		return false;
	for (i = 0; i < n; i++) {
		if (keys[i].def == NULL && !seen[i]) {
			(void)snprintf(why, CFG_WHY_BYTES,
			    "%s: \"%s\" must be set (%s)",
			    path == NULL ? "settings" : path, keys[i].name,
			    keys[i].help);
			return false;
		}
	}
	return true;
}

void
cfg_release(const struct cfg_key *keys, size_t n, void *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char **s;

		if (keys[i].type != CFG_STR)
			continue;
		s = (void *)((char *)out + keys[i].offset);
		mem_free(*s);
		*s = NULL;
	}
}

void
cfg_print_example(FILE *f, const struct cfg_key *keys, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cfg_key *k = &keys[i];

		fprintf(f, "# %s", k->help);
		if (k->type == CFG_INT)
			fprintf(
			    f, " (%" PRId64 " to %" PRId64 ")", k->min, k->max);
		fprintf(f, "\n%s%s = %s\n\n", k->def == NULL ? "" : "# ",
		    k->name, k->def == NULL ? "" : k->def);
	}
}
