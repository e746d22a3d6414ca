#include "attest/verdict.h"

#include <stdarg.h>

#include "base/arena.h"

void
verdict_init(struct verdict *v)
{
	*v = (struct verdict){ .accepted = true };
	v->facts.lifecycle = -1;
}

void
verdict_add(struct verdict *v, const struct finding *found)
{
	if (found->severity == FINDING_REFUSAL) {
		v->accepted = false;
		v->grade = GRADE_NONE;
	}
	if (v->n_findings == LIMIT_FINDINGS)
		v->n_findings--;
	v->finding[v->n_findings++] = *found;
}

void
verdict_refuse(struct ctx *cx, struct verdict *v, enum layer layer,
    const char *code, const char *fmt, ...)
{
	struct finding found = {
		.layer = layer, .severity = FINDING_REFUSAL, .code = code
	};
	va_list args;

	va_start(args, fmt);
	found.words = arena_vprintf(cx->arena, fmt, args);
	va_end(args);
	verdict_add(v, &found);
}

const struct finding *
verdict_refusal(const struct verdict *v)
{
	size_t i;

	for (i = 0; i < v->n_findings; i++)
		if (v->finding[i].severity == FINDING_REFUSAL)
			return &v->finding[i];
	return NULL;
}

const char *
grade_name(enum grade g)
{
	static const char *const names[] = {
		[GRADE_NONE] = "none",
		[GRADE_SOFTWARE] = "software",
		[GRADE_HARDWARE] = "hardware",
	};

	return names[g];
}

const char *
layer_name(enum layer l)
{
	static const char *const names[] = {
		[LAYER_PARSE] = "parse",
		[LAYER_SIGNATURE] = "signature",
		[LAYER_CHAIN] = "chain",
		[LAYER_CLAIMS] = "claims",
		[LAYER_FRESHNESS] = "freshness",
		[LAYER_BINDING] = "binding",
		[LAYER_REVOCATION] = "revocation",
		[LAYER_POLICY] = "policy",
	};

	return names[l];
}

const char *
severity_name(enum severity s)
{
	static const char *const names[] = {
		[FINDING_NOTE] = "note",
		[FINDING_WARNING] = "warning",
		[FINDING_REFUSAL] = "refusal",
	};

	return names[s];
}

const char *
debug_name(enum debug_state s)
{
	static const char *const names[] = {
		[DEBUG_UNKNOWN] = NULL,
		[DEBUG_ENABLED] = "enabled",
		[DEBUG_DISABLED] = "disabled",
		[DEBUG_DISABLED_SINCE_BOOT] = "disabled-since-boot",
		[DEBUG_DISABLED_PERMANENTLY] = "disabled-permanently",
		[DEBUG_DISABLED_FULLY_AND_PERMANENTLY] =
		    "disabled-fully-and-permanently",
	};

	return names[s];
}
