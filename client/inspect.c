#include "client/inspect.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/clock.h"
#include "client/print.h"
#include "pki/cert.h"

#define HEX_SHOWN 64
#define YEAR_0 (-62167219200)
#define DEPTH_MAX 6
#define LEAST_WITHIN 40

/* DER is tried before CBOR: a SEQUENCE is also a small negative number, and
 * the other way round is rarer. */
const struct inspector inspectors[] = {
	{ "certificate", "X.509 certificate", inspect_certificate },
	{ "csr", "certificate request (PKCS#10)", inspect_request },
	{ "attributes", "attribute certificate", inspect_attributes },
	{ "crl", "certificate revocation list", inspect_crl },
	{ "key", "public key", inspect_key },
	{ "cms-signed", "signed message (CMS)", inspect_cms_signed },
	{ "cms", "certificates (CMS)", inspect_cms_certs },
	{ "tpm-attest", "TPM attestation (TPMS_ATTEST)", inspect_tpm_attest },
	{ "tpm-public", "TPM public area (TPM2B_PUBLIC)", inspect_tpm_public },
	{ "tpm-log", "firmware event log (TCG)", inspect_tpm_log },
	{ "tpm-signature", "TPM signature (TPMT_SIGNATURE)",
	    inspect_tpm_signature },
	{ "tpm-credential", "credential for a TPM (tpm2-tools)",
	    inspect_tpm_credential },
	{ "matter-cd", "Matter certification declaration", inspect_matter_cd },
	{ "matter-elements", "Matter attestation elements",
	    inspect_matter_elements },
	{ "matter-nocsr", "Matter NOCSR elements", inspect_matter_nocsr },
	{ "cose", "COSE message (CWT, EAT, PSA, DICE)", inspect_cose },
	{ "corim", "reference values (CoRIM, CoMID)", inspect_corim },
	{ "cbor", "CBOR", inspect_cbor },
	{ NULL, NULL, NULL },
};

void
inspect_line(struct inspection *in, const char *name, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(in->cx->arena, fmt, ap);
	va_end(ap);
	printf("%*s%s%s%s: %s\n", 2 * in->depth, "",
	    in->label != NULL ? in->label : "", in->label != NULL ? ": " : "",
	    name, print_safe(in->cx, text));
	if (in->label != NULL)
		in->depth++;
	in->label = NULL;
}

void
inspect_hex(struct inspection *in, const char *name, struct bytes data)
{
	struct bytes start = data;

	if (start.n > HEX_SHOWN)
		start.n = HEX_SHOWN;
	if (data.n > HEX_SHOWN)
		inspect_line(in, name, "%s... (%zu bytes)",
		    bytes_hex(in->cx->arena, start), data.n);
	else if (data.n > 0)
		inspect_line(in, name, "%s", bytes_hex(in->cx->arena, start));
}

void
inspect_time(struct inspection *in, const char *name, int64_t t)
{
	char text[CLOCK_TEXT_BYTES];

	/* Certificates may name stranger years than clocks. */
	if (t < YEAR_0 || t > CERT_NO_EXPIRY) {
		inspect_line(in, name, "%lld s after 1970", (long long)t);
		return;
	}
	clock_text(t, text);
	inspect_line(in, name, "%s", text);
}

bool
inspect_any(struct inspection *in, struct bytes data, const char *name)
{
	const struct inspector *i;

	for (i = inspectors; i->name != NULL; i++)
		if ((name == NULL || strcmp(name, i->name) == 0) &&
		    i->show(in, data))
			return true;
	return false;
}

void
inspect_within(struct inspection *in, const char *name, struct bytes data)
{
	struct inspection below = { in->cx, in->depth, name };
	const struct inspector *i;

	/* Of few bytes anything could be said. */
	if (data.n > LEAST_WITHIN && in->depth < DEPTH_MAX)
		for (i = inspectors; i->name != NULL; i++)
			if (i->show != inspect_cbor && i->show(&below, data))
				return;
	inspect_hex(in, name, data);
}
