#include "attest/attest.h"

#include "attest/fmt_x509.h"

const struct err ERR_BAD_EVIDENCE = { KIND_FORBIDDEN, "bad-evidence",
	"The evidence was not accepted; the operator can find the reason by "
	"the request id." };

static const struct attest_format *const FORMATS[] = {
	&FMT_X509,
};

const struct attest_format *
attest_format_get(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(FORMATS) / sizeof(FORMATS[0]); i++)
		if (strcmp(FORMATS[i]->name, name) == 0)
			return FORMATS[i];
	return NULL;
}
