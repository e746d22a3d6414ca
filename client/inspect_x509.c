#include <inttypes.h>

#include "base/arena.h"
#include "base/limits.h"
#include "client/inspect.h"
#include "pki/cms.h"
#include "pki/cms_signed.h"
#include "pki/crl.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/ek.h"
#include "pki/matter_cert.h"
#include "pki/name.h"
#include "pki/path_cert.h"

#define ENTRIES_SHOWN 20
#define CERTS_MAX 16

static void
show_sha256(struct inspection *in, const char *name, struct bytes data)
{
	uint8_t sum[SHA256_BYTES];

	digest_sha256(data, sum);
	inspect_hex(in, name, BYTES_OF(sum));
}

static const char *
key_name(struct ctx *cx, struct bytes spki)
{
	static const char *const names[] = { "P-256", "P-384", "Ed25519",
		"RSA" };
	struct key_facts key;

	if (key_parse_spki(cx, spki, &key) != NULL)
		return "of a kind that is not accepted here";
	return key.type == KEY_RSA
		   ? arena_printf(cx->arena, "RSA, %d bits", key.bits)
		   : names[key.type];
}

static void
show_key(struct inspection *in, struct bytes spki)
{
	inspect_line(in, "key", "%s", key_name(in->cx, spki));
	show_sha256(in, "key_sha256", spki);
}

/* What it is beside a certificate: of Matter, or of a TPM. */
static void
show_role(struct inspection *in, const struct path_cert *c)
{
	static const char *const roles[] = { "device (DAC)",
		"intermediate (PAI)", "authority (PAA)" };
	struct matter_cert m;
	struct ek_cert ek;
	enum matter_role role;

	for (role = MATTER_DAC; role <= MATTER_PAA; role++) {
		if (matter_cert_parse(in->cx, c->der, role, &m) != NULL ||
		    (role != MATTER_PAA && !m.has_vid))
			continue;
		inspect_line(in, "matter", "%s%s%s", roles[role],
		    m.has_vid
			? arena_printf(in->cx->arena, ", vendor %04X", m.vid)
			: "",
		    m.has_pid
			? arena_printf(in->cx->arena, ", product %04X", m.pid)
			: "");
		return;
	}
	if (ek_cert_parse(in->cx, c->der, &ek) == NULL)
		inspect_line(in, "tpm",
		    "endorsement key, manufacturer %s, model %s, version %s",
		    bytes_hex(in->cx->arena, BYTES_OF(ek.manufacturer)),
		    ek.model, ek.version);
}

bool
inspect_certificate(struct inspection *in, struct bytes data)
{
	struct ctx *cx = in->cx;
	struct path_cert c;
	struct cert facts;
	const struct err *e;

	if (path_cert_parse(cx, data, &c) != NULL)
		return inspect_refused_certificate(in, data);
	inspect_line(in, "certificate", "version %d", c.version);
	inspect_line(in, "subject", "%s", name_text(cx->arena, c.subject));
	inspect_line(in, "issuer", "%s", name_text(cx->arena, c.issuer));
	inspect_hex(in, "serial", c.serial);
	inspect_time(in, "not_before", c.not_before);
	inspect_time(in, "not_after", c.not_after);
	show_key(in, c.spki);
	show_sha256(in, "sha256", c.der);
	inspect_line(in, "ca", "%s", c.ca ? "yes" : "no");
	if (c.path_length >= 0)
		inspect_line(in, "path_length", "%d", c.path_length);
	inspect_hex(in, "key_id", c.key_id);
	inspect_hex(in, "issuer_key_id", c.authority_key_id);
	show_role(in, &c);
	e = cert_parse(cx, data, &facts);
	if (e == NULL && facts.subject_serial != NULL)
		inspect_line(in, "unit_serial", "%s", facts.subject_serial);
	if (e == NULL && facts.uri != NULL)
		inspect_line(in, "uri", "%s", facts.uri);
	if (e != NULL)
		inspect_line(in, "refused here", "%s", cx->reason);
	return true;
}

bool
inspect_request(struct inspection *in, struct bytes data)
{
	struct csr csr;

	if (csr_parse(in->cx, data, &csr) != NULL)
		return inspect_refused_request(in, data);
	inspect_line(in, "request", "PKCS#10, signed by its own key");
	show_key(in, csr.spki);
	if (csr.has_challenge)
		inspect_line(in, "challenge", "%zu bytes", csr.challenge.n);
	return true;
}

bool
inspect_crl(struct inspection *in, struct bytes data)
{
	struct crl_walk walk = { .started = false };
	struct crl_entry entry;
	struct crl crl;
	size_t n = 0;

	if (crl_parse(in->cx, data, &crl) != NULL)
		return false;
	inspect_line(in, "revocation list", "%s%s",
	    crl.delta ? "delta" : "complete", crl.indirect ? ", indirect" : "");
	inspect_line(in, "issuer", "%s", name_text(in->cx->arena, crl.issuer));
	inspect_time(in, "this_update", crl.this_update);
	if (crl.next_update != 0)
		inspect_time(in, "next_update", crl.next_update);
	while (crl_next(in->cx, &crl, &walk, &entry))
		if (n++ < ENTRIES_SHOWN)
			inspect_hex(in, "revoked", entry.serial);
	inspect_line(in, "entries", "%zu", n);
	return true;
}

bool
inspect_key(struct inspection *in, struct bytes data)
{
	struct key_facts key;

	if (key_parse_spki(in->cx, data, &key) != NULL)
		return false;
	show_key(in, data);
	return true;
}

bool
inspect_cms_signed(struct inspection *in, struct bytes data)
{
	struct cms_signed s;

	if (cms_signed_parse(in->cx, data, &s) != NULL)
		return false;
	inspect_line(in, "signed message", "CMS, one signer");
	inspect_hex(in, "signer_key_id", s.key_id);
	inspect_within(in, "content", s.content);
	return true;
}

bool
inspect_cms_certs(struct inspection *in, struct bytes data)
{
	struct inspection below = { .cx = in->cx, .depth = in->depth + 1 };
	struct bytes der[CERTS_MAX];
	size_t i, n;

	if (cms_read_certs(in->cx, data, der, CERTS_MAX, &n) != NULL)
		return false;
	inspect_line(in, "certificates", "%zu in CMS", n);
	for (i = 0; i < n; i++)
		(void)inspect_certificate(&below, der[i]);
	return true;
}
