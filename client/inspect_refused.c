#include "base/arena.h"
#include "client/inspect.h"
#include "pki/der.h"
#include "pki/name.h"

/* SIGNED{} of X.509: what is signed, an algorithm and a signature. */
static bool
take_signed(struct bytes data, struct bytes *tbs)
{
	struct bytes all, algorithm, signature;

	return der_take(&data, DER_SEQUENCE, &all) && data.n == 0 &&
	       der_take(&all, DER_SEQUENCE, tbs) &&
	       der_take(&all, DER_SEQUENCE, &algorithm) &&
	       der_take(&all, DER_BIT_STRING, &signature) && all.n == 0;
}

static void
show_reason(struct inspection *in)
{
	inspect_line(in, "refused here", "%s", in->cx->reason);
}

static void
show_name(struct inspection *in, const char *which, struct bytes name)
{
	inspect_line(in, which, "%s", name_text(in->cx->arena, name));
}

bool
inspect_refused_request(struct inspection *in, struct bytes data)
{
	struct bytes tbs, version, subject, key;

	/* CertificationRequestInfo (RFC 2986 section 4.1). */
	if (!take_signed(data, &tbs) ||
	    !der_take(&tbs, DER_INTEGER, &version) ||
	    !der_take_whole(&tbs, DER_SEQUENCE, &subject) ||
	    !der_take_whole(&tbs, DER_SEQUENCE, &key) ||
	    (tbs.n > 0 && !der_at(tbs, DER_CONTEXT_CONSTRUCTED(0))))
		return false;
	inspect_line(in, "request", "PKCS#10");
	show_reason(in);
	show_name(in, "subject", subject);
	(void)inspect_key(in, key);
	return true;
}

bool
inspect_refused_certificate(struct inspection *in, struct bytes data)
{
	struct bytes tbs, version, serial, skip, issuer, subject;

	/* TBSCertificate (RFC 5280 section 4.1). */
	if (!take_signed(data, &tbs) ||
	    !der_take(&tbs, DER_CONTEXT_CONSTRUCTED(0), &version) ||
	    !der_take(&tbs, DER_INTEGER, &serial) ||
	    !der_take(&tbs, DER_SEQUENCE, &skip) ||
	    !der_take_whole(&tbs, DER_SEQUENCE, &issuer) ||
	    !der_take(&tbs, DER_SEQUENCE, &skip) ||
	    !der_take_whole(&tbs, DER_SEQUENCE, &subject))
		return false;
	inspect_line(in, "certificate", "X.509");
	show_reason(in);
	show_name(in, "subject", subject);
	show_name(in, "issuer", issuer);
	inspect_hex(in, "serial", serial);
	return true;
}

bool
inspect_attributes(struct inspection *in, struct bytes data)
{
	struct bytes tbs, holder, issuer, skip, serial, validity;
	int64_t from, to;
	unsigned version;

	/* AttributeCertificateInfo (RFC 5755 section 4.1). */
	if (!take_signed(data, &tbs) || !der_take_small(&tbs, &version) ||
	    version != 1 || !der_take(&tbs, DER_SEQUENCE, &holder) ||
	    !der_take(&tbs, DER_CONTEXT_CONSTRUCTED(0), &issuer) ||
	    !der_take(&tbs, DER_SEQUENCE, &skip) ||
	    !der_take(&tbs, DER_INTEGER, &serial) ||
	    !der_take(&tbs, DER_SEQUENCE, &validity) ||
	    !der_take_time(&validity, &from) || !der_take_time(&validity, &to))
		return false;
	inspect_line(in, "attribute certificate",
	    "of a platform; nothing here decides by it");
	inspect_hex(in, "serial", serial);
	inspect_time(in, "not_before", from);
	inspect_time(in, "not_after", to);
	inspect_hex(in, "holder", holder);
	return true;
}
