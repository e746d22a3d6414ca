#include "domain/csrattrs.h"

#include "pki/csrattrs.h"
#include "pki/ext.h"

#define ALL_KEY_TYPES \
	(1u << KEY_P256 | 1u << KEY_P384 | 1u << KEY_ED25519 | 1u << KEY_RSA)
#define RSA_BITS_LEAST 2048 /* that is taken at all (SECURITY.md E4) */

static const struct err ERR_NO_SAN = { KIND_INVALID, "csr-lacks-san",
	"The request lacks a subjectAltName; see csrattrs." };
static const struct err ERR_NO_USAGE = { KIND_INVALID, "csr-lacks-key-usage",
	"The request lacks a keyUsage; see csrattrs." };
static const struct err ERR_NO_PURPOSE = { KIND_INVALID, "csr-lacks-eku",
	"The request lacks an extendedKeyUsage; see csrattrs." };

/* Where several types do, the first of them: one attribute says the key
 * (RFC 9908 section 3.2). */
static void
ask_for_key(const struct label *l, struct csrattrs *out)
{
	int type = KEY_P256;

	out->ask_key =
	    l->key_types != ALL_KEY_TYPES || l->rsa_bits > RSA_BITS_LEAST;
	while ((l->key_types & 1u << type) == 0 && type < KEY_RSA)
		type++;
	out->key = (enum key_type)type;
	out->rsa_bits = (size_t)l->rsa_bits;
}

const struct err *
csrattrs_get(struct ctx *cx, const char *label, struct bytes *der)
{
	struct csrattrs ask = { .ask_key = false };
	const struct err *e;
	struct label l;

	e = label_get(cx, label == NULL ? "device" : label, &l);
	if (e != NULL)
		return e;
	ask_for_key(&l, &ask);
	ask.binding = l.binding_required;
	ask.evidence = l.evidence;
	ask.extensions = l.csr_must_have;
	*der = BYTES_NONE;
	if (ask.ask_key || ask.binding || ask.evidence || ask.extensions != 0)
		*der = csrattrs_der(cx, &ask);
	return NULL;
}

const struct err *
csrattrs_check(struct ctx *cx, const struct label *l, const struct csr *csr)
{
	unsigned missing = l->csr_must_have & ~csr->extensions;
	const struct err *e = NULL;

	if (missing & 1u << EXT_SUBJECT_ALT_NAME)
		e = &ERR_NO_SAN;
	else if (missing & 1u << EXT_KEY_USAGE)
		e = &ERR_NO_USAGE;
	else if (missing & 1u << EXT_EXTENDED_KEY_USAGE)
		e = &ERR_NO_PURPOSE;
	return e == NULL ? NULL : fail(cx, e, "label %s asks for it", l->name);
}
