/*
 * What each code of a refusal means: what happened, what the owner of the
 * device or the user of the app can do, and what the operator can.  The one
 * table that `latchkey explain`, records of enrollments and docs/reasons.md
 * are made of; tests/lint/reasons.sh holds it against the constants (struct
 * err).  The sender of a refused request learns none of it but the code
 * (SECURITY.md E5).
 */
#ifndef BASE_EXPLAIN_H
#define BASE_EXPLAIN_H

struct explanation {
	const char *code;
	const char *happened;
	const char *owner; /* NULL: it concerns operators alone */
	const char *operator;
};

struct explain_group {
	const char *title;
	const struct explanation *rows; /* end with a NULL code */
};

/* All there are; the last has no title. */
extern const struct explain_group explain_groups[];

extern const struct explanation explain_devices[], explain_owners[],
    explain_operators[], explain_anybody[];

/* NULL: no such code. */
const struct explanation *explain_find(const char *code);

#endif
