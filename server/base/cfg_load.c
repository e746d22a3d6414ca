#include "base/cfg.h"

#include <ctype.h>
#include <stdarg.h>

#include "base/mem.h"
#include "base/text.h"

/* One reading. */
struct load {
	const struct cfg_source *source;
	const struct cfg_key *keys;
	size_t n;
	void *out;
	int *from;
	bool ok;
};

static void __attribute__((format(printf, 2, 3)))
wrong(struct load *l, const char *fmt, ...)
{
	char why[CFG_WHY_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	l->ok = false;
	l->source->wrong(l->source->arg, why);
}

/* The row of a key; l->n for none. */
static size_t
find(const struct load *l, const char *name)
{
	size_t i = 0;

	while (i < l->n && strcmp(l->keys[i].name, name) != 0)
		i++;
	return i;
}

/* The key that was meant, if there is one like it; else NULL. */
static const char *
meant(const struct load *l, const char *name)
{
	size_t i, d, best = SIZE_MAX;
	const char *near = NULL;

	for (i = 0; i < l->n; i++) {
		d = text_distance(name, l->keys[i].name);
		if (d < best) {
			best = d;
			near = l->keys[i].name;
		}
	}
	return best <= 2 || best <= strlen(name) / 3 ? near : NULL;
}

static bool
read_line(void *arg, const struct cfg_line *line, char *why)
{
	struct load *l = arg;
	const char *path = l->source->path, *near;
	size_t i;

	if (line->key == NULL) {
		wrong(l, "%s:%d: [%.60s]: there are no sections here", path,
		    line->number, line->section);
		return true;
	}
	i = find(l, line->key);
	if (i == l->n) {
		near = meant(l, line->key);
		wrong(l, "%s:%d: unknown key \"%.60s\"%s%s%s", path,
		    line->number, line->key,
		    near != NULL ? "; did you mean \"" : "",
		    near != NULL ? near : "; --help lists the keys",
		    near != NULL ? "\"?" : "");
		return true;
	}
	if (l->from[i] != CFG_FROM_DEFAULT) {
		wrong(l, "%s:%d: %s is set twice, first on line %d", path,
		    line->number, line->key, l->from[i]);
		return true;
	}
	l->from[i] = line->number;
	if (!cfg_set(&l->keys[i], line->value, l->out, why))
		wrong(l, "%s:%d: %s", path, line->number, why);
	return true;
}

const char *
cfg_variable(const char *prefix, const char *name, char out[CFG_NAME_BYTES])
{
	size_t n = strlen(prefix), i;

	(void)snprintf(out, CFG_NAME_BYTES, "%s%s", prefix, name);
	for (i = n; out[i] != '\0'; i++)
		out[i] = (char)toupper((unsigned char)out[i]);
	return out;
}

static void
unknown_variable(struct load *l, const char *entry, size_t n)
{
	const char *prefix = l->source->prefix, *near;
	char name[CFG_NAME_BYTES], variable[CFG_NAME_BYTES];
	size_t i, skip = strlen(prefix);

	(void)snprintf(
	    name, sizeof(name), "%.*s", (int)(n - skip), entry + skip);
	for (i = 0; name[i] != '\0'; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	near = meant(l, name);
	wrong(l, "environment: unknown variable %.*s%s%s%s",
	    (int)(n < CFG_NAME_BYTES ? n : CFG_NAME_BYTES), entry,
	    near != NULL ? "; did you mean " : "",
	    near != NULL ? cfg_variable(prefix, near, variable)
			 : "; --help lists the settings",
	    near != NULL ? "?" : "");
}

/* entry: NAME=value with our prefix. */
static void
read_variable(struct load *l, const char *entry, char *why)
{
	char variable[CFG_NAME_BYTES];
	size_t i, n = strcspn(entry, "=");
	const char *value = entry + n + (entry[n] == '=');

	for (i = 0; i < l->n; i++) {
		(void)cfg_variable(
		    l->source->prefix, l->keys[i].name, variable);
		if (strlen(variable) == n && strncmp(variable, entry, n) == 0)
			break;
	}
	if (i == l->n) {
		unknown_variable(l, entry, n);
		return;
	}
	if (l->from[i] == CFG_FROM_ENVIRONMENT) {
		wrong(l, "environment: %s is set twice", variable);
		return;
	}
	l->from[i] = CFG_FROM_ENVIRONMENT;
	if (strlen(value) >= CFG_LINE_BYTES || strpbrk(value, "\r\n") != NULL)
		wrong(l, "environment: %s is too long or has line breaks",
		    variable);
	else if (!cfg_set(&l->keys[i], value, l->out, why))
		wrong(l, "environment: %s: %s", variable, why);
}

/* What must be set is, and what needs another has it. */
static void
check_whole(struct load *l)
{
	const char *path = l->source->path;
	size_t i, other;

	for (i = 0; i < l->n; i++) {
		const struct cfg_key *k = &l->keys[i];

		if (l->from[i] == CFG_FROM_DEFAULT) {
			if (k->def == NULL)
				wrong(l, "%s: \"%s\" must be set (%s)",
				    path == NULL ? "settings" : path, k->name,
				    k->help);
			continue;
		}
		if (k->needs == NULL)
			continue;
		other = find(l, k->needs);
		must(other < l->n && cfg_is_text(&l->keys[other]));
		if (**(char **)((char *)l->out + l->keys[other].offset) ==
			'\0' &&
		    (!cfg_is_text(k) ||
			**(char **)((char *)l->out + k->offset) != '\0'))
			wrong(l,
			    "%s: \"%s\" does nothing unless \"%s\" is "
			    "set",
			    path == NULL ? "settings" : path, k->name,
			    k->needs);
	}
}

bool
cfg_load(const struct cfg_source *s, const struct cfg_key *keys, size_t n,
    void *out, int from[CFG_KEYS_MAX])
{
	struct load l = { s, keys, n, out, from, true };
	char why[CFG_WHY_BYTES];
	char *const *e;
	size_t i;

	must(n <= CFG_KEYS_MAX);
	for (i = 0; i < n; i++) {
		from[i] = CFG_FROM_DEFAULT;
		if (keys[i].def != NULL)
			must(cfg_set(&keys[i], keys[i].def, out, why));
	}
	if (s->path != NULL && !cfg_each(s->path, read_line, &l, why)) {
		/* What comes after is not known, nor what is missing. */
		wrong(&l, "%s", why);
		return false;
	}
	for (e = s->environment; e != NULL && *e != NULL; e++)
		if (strncmp(*e, s->prefix, strlen(s->prefix)) == 0)
			read_variable(&l, *e, why);
	check_whole(&l);
	return l.ok;
}

static void
keep_first(void *arg, const char *why)
{
	char *first = arg;

	if (*first == '\0')
		(void)snprintf(first, CFG_WHY_BYTES, "%s", why);
}

bool
cfg_read(const char *path, const struct cfg_key *keys, size_t n, void *out,
    char why[CFG_WHY_BYTES])
{
	const struct cfg_source source = {
		.path = path, .wrong = keep_first, .arg = why
	};
	int from[CFG_KEYS_MAX];

	*why = '\0';
	return cfg_load(&source, keys, n, out, from);
}
