#include "base/explain.h"

#include <stddef.h>
#include <string.h>

const struct explain_group explain_groups[] = {
	{ "Devices: enrollment and renewal", explain_devices },
	{ "Owners and apps", explain_owners },
	{ "Operators", explain_operators },
	{ "Anybody", explain_anybody },
	{ NULL, NULL },
};

const struct explanation *
explain_find(const char *code)
{
	const struct explain_group *g;
	const struct explanation *x;

	for (g = explain_groups; g->title != NULL; g++)
		for (x = g->rows; x->code != NULL; x++)
			if (strcmp(x->code, code) == 0)
				return x;
	return NULL;
}
