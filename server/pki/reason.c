#include "pki/reason.h"

#include <stddef.h>
#include <string.h>

#define CESSATION_OF_OPERATION 5u

unsigned
reason_number(const char *word)
{
	static const struct {
		const char *word;
		unsigned reason;
	} known[] = {
		{ "unspecified", REASON_UNSPECIFIED },
		{ "keyCompromise", 1 },
		{ "affiliationChanged", 3 },
		{ "superseded", REASON_SUPERSEDED },
		{ "cessationOfOperation", CESSATION_OF_OPERATION },
		{ "privilegeWithdrawn", 9 },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].word, word) == 0)
			return known[i].reason;
	return CESSATION_OF_OPERATION;
}
