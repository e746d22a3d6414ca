#include "attest/policy_names.h"

/* Goes back to the last star alone: at most one pass over the name for each
 * character of the pattern. */
bool
pattern_fits(const char *pattern, const char *name)
{
	const char *star = NULL, *after = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			after = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star + 1;
			name = ++after;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool
is_measured(const struct facts *f, struct bytes value)
{
	size_t i;

	for (i = 0; i < f->n_measurements; i++)
		if (bytes_eq(f->measurement[i].value, value))
			return true;
	for (i = 0; i < f->n_boot; i++)
		if (bytes_eq(f->boot[i].digest, value))
			return true;
	return false;
}

static bool
is_named(const struct facts *f, const struct denied *d)
{
	switch (d->what) {
	case DENIED_SERIAL:
		return f->serial != NULL &&
		       bytes_eq(bytes_str(f->serial), d->value);
	case DENIED_UEID:
		return bytes_eq(f->ueid, d->value);
	case DENIED_KEY:
		return bytes_eq(f->birth_key_sha256, d->value) ||
		       bytes_eq(f->ek_sha256, d->value);
	case DENIED_MEASUREMENT:
		return is_measured(f, d->value);
	}
	return false;
}

void
policy_deny(const struct attest_policy *p, struct verdict *v)
{
	static const char *const words[] = {
		[DENIED_SERIAL] = "The model refuses this serial number.",
		[DENIED_UEID] = "The model refuses the device of this UEID.",
		[DENIED_KEY] = "The model refuses the device of this key.",
		[DENIED_MEASUREMENT] =
		    "Software was measured that the model refuses.",
	};
	struct finding found = { .layer = LAYER_REVOCATION,
		.severity = FINDING_REFUSAL,
		.elsewhere = true,
		.code = "denied" };
	size_t i;

	for (i = 0; i < p->n_denied; i++) {
		if (!is_named(&v->facts, &p->denied[i]))
			continue;
		found.words = words[p->denied[i].what];
		verdict_add(v, &found);
		return;
	}
}
