#include "base/cfg_print.h"

#include <string.h>

#include "base/cfg.h"

#define WIDTH 79
#define HELP_COLUMN 28 /* where the meaning stands in the help */

/* Words from column `at` on, wrapped, with `indent` before further lines. */
static void
wrap(FILE *f, const char *text, size_t at, const char *indent)
{
	size_t n, margin = strlen(indent);
	bool first = true;

	while (*text != '\0') {
		n = strcspn(text, " ");
		if (!first && at + 1 + n > WIDTH) {
			fprintf(f, "\n%s", indent);
			at = margin;
			first = true;
		}
		fprintf(f, "%s%.*s", first ? "" : " ", (int)n, text);
		at += n + !first;
		first = false;
		text += n + (text[n] == ' ');
	}
	fprintf(f, "\n");
}

/* The one line, with what is allowed where that says more than the type. */
static void
meaning(const struct cfg_key *k, char out[CFG_WHY_BYTES])
{
	char allowed[CFG_WHY_BYTES];
	const char *range = cfg_allowed(k, allowed);

	if (k->type == CFG_INT)
		range += strlen("a number from ");
	if (k->type == CFG_DURATION)
		range += strlen("a time from ");
	(void)snprintf(out, CFG_WHY_BYTES,
	    cfg_is_text(k) || k->type == CFG_BOOL ? "%s" : "%s (%.80s)",
	    k->help, range);
}

void
cfg_print_help(FILE *f, const struct cfg_key *keys, size_t n)
{
	char left[CFG_WHY_BYTES], text[CFG_WHY_BYTES], indent[HELP_COLUMN + 1];
	size_t i, at;

	(void)snprintf(indent, sizeof(indent), "%*s", HELP_COLUMN, "");
	for (i = 0; i < n; i++) {
		const struct cfg_key *k = &keys[i];

		if (k->group != NULL)
			fprintf(f, "\n%s\n", k->group);
		(void)snprintf(left, sizeof(left), "  %s%s%s", k->name,
		    k->def == NULL    ? " (must be set)"
		    : *k->def == '\0' ? ""
				      : " = ",
		    k->def == NULL ? "" : k->def);
		at = strlen(left);
		fprintf(f, "%s", left);
		if (at + 2 > HELP_COLUMN)
			fprintf(f, "\n%s", indent);
		else
			fprintf(f, "%*s", (int)(HELP_COLUMN - at), "");
		meaning(k, text);
		wrap(f, text, HELP_COLUMN, indent);
	}
}

void
cfg_print_example(FILE *f, const struct cfg_key *keys, size_t n)
{
	char text[CFG_WHY_BYTES];
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cfg_key *k = &keys[i];

		if (k->group != NULL)
			fprintf(f, "\n# -- %s\n", k->group);
		fprintf(f, "\n# ");
		meaning(k, text);
		wrap(f, text, 2, "# ");
		if (k->def == NULL)
			fprintf(f, "%s = %s\n", k->name,
			    k->example == NULL ? "" : k->example);
		else
			fprintf(f, "# %s =%s%s\n", k->name,
			    *k->def == '\0' ? "" : " ", k->def);
	}
}

void
cfg_print_reference(
    FILE *f, const struct cfg_key *keys, size_t n, const char *prefix)
{
	char allowed[CFG_WHY_BYTES], name[CFG_NAME_BYTES], line[1024];
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cfg_key *k = &keys[i];

		if (k->group != NULL)
			fprintf(f, "\n## %s\n", k->group);
		fprintf(f, "\n### %s\n", k->name);
		(void)snprintf(line, sizeof(line), "%c%s.",
		    *k->help >= 'a' && *k->help <= 'z' ? *k->help - 'a' + 'A'
						       : *k->help,
		    k->help + 1);
		wrap(f, line, 0, "");
		fprintf(f, "\n- Value: %s.\n", cfg_allowed(k, allowed));
		if (k->def == NULL)
			fprintf(f, "- Must be set.\n");
		else if (*k->def != '\0')
			fprintf(f, "- Default: `%s`.\n", k->def);
		else
			fprintf(f, "- Default: empty.\n");
		if (k->needs != NULL)
			fprintf(f, "- Needs [%s](#%s).\n", k->needs, k->needs);
		fprintf(f, "- Environment: `%s`.\n",
		    cfg_variable(prefix, k->name, name));
		if (k->why != NULL) {
			fprintf(f, "\n");
			wrap(f, k->why, 0, "");
		}
	}
}
