#include "pki/ek.h"

#include "base/arena.h"
#include "base/text.h"
#include "pki/cert.h"
#include "pki/der.h"
#include "pki/key.h"

/* 2.23.133.2.1 to .3: manufacturer, model and version of a TPM. */
static const uint8_t OID_TPM[] = { 0x67, 0x81, 0x05, 0x02 };
#define OID_TPM_BYTES (sizeof(OID_TPM) + 1)

struct tpm_names {
	const char *value[3];
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_CERT, "EK certificate: %s", reason);
}

/* One AttributeTypeAndValue; others than the three are passed over. */
static bool
attribute(struct arena *a, struct bytes *set, struct tpm_names *out)
{
	struct bytes seq, oid;
	struct der_item it;
	size_t i;

	if (!der_take(set, DER_SEQUENCE, &seq) || !der_take_oid(&seq, &oid) ||
	    !der_next(&seq, &it) || seq.n != 0)
		return false;
	if (oid.n != OID_TPM_BYTES ||
	    !bytes_eq(
		(struct bytes){ oid.p, sizeof(OID_TPM) }, BYTES_OF(OID_TPM)) ||
	    oid.p[sizeof(OID_TPM)] < 1 || oid.p[sizeof(OID_TPM)] > 3)
		return true;
	i = oid.p[sizeof(OID_TPM)] - 1u;
	if (out->value[i] != NULL ||
	    (it.tag != DER_UTF8 && it.tag != DER_PRINTABLE &&
		it.tag != DER_IA5) ||
	    !text_is_name(it.content))
		return false;
	out->value[i] = bytes_to_str(a, it.content);
	return out->value[i] != NULL;
}

static bool
directory_name(struct arena *a, struct bytes name, struct tpm_names *out)
{
	struct bytes seq, set;

	if (!der_take(&name, DER_SEQUENCE, &seq) || name.n != 0)
		return false;
	while (seq.n > 0) {
		if (!der_take(&seq, DER_SET, &set))
			return false;
		while (set.n > 0)
			if (!attribute(a, &set, out))
				return false;
	}
	return true;
}

/* The directory names of a SAN that ext_san has read before. */
static bool
read_names(struct arena *a, struct bytes san, struct tpm_names *out)
{
	struct der_item it;
	struct bytes seq;

	if (!der_take(&san, DER_SEQUENCE, &seq))
		return false;
	while (seq.n > 0) {
		if (!der_next(&seq, &it))
			return false;
		if (it.tag == DER_CONTEXT_CONSTRUCTED(4) &&
		    !directory_name(a, it.content, out))
			return false;
	}
	return out->value[0] != NULL && out->value[1] != NULL &&
	       out->value[2] != NULL;
}

/* "id:" and the vendor's number in eight hex digits (section 3.1.2). */
static bool
read_manufacturer(struct arena *a, const char *text, uint8_t out[4])
{
	struct bytes id;

	if (strncmp(text, "id:", 3) != 0 || strlen(text) != 3 + 8 ||
	    !bytes_from_hex(a, bytes_str(text + 3), &id))
		return false;
	memcpy(out, id.p, 4);
	return true;
}

/* Section 3.2.14: a storage key is encrypted to (RSA) or agreed with. */
static bool
usage_fits(const struct cert *c, const struct key_facts *key)
{
	if (!c->has_ku || c->ku_cert_sign)
		return false;
	if (key->type == KEY_RSA)
		return c->ku_key_encipherment;
	return (key->type == KEY_P256 || key->type == KEY_P384) &&
	       c->ku_key_agreement;
}

const struct err *
ek_cert_parse(struct ctx *cx, struct bytes der, struct ek_cert *out)
{
	struct tpm_names names = { { NULL } };
	struct key_facts key;
	const struct err *e;
	struct cert c;

	*out = (struct ek_cert){ .model = NULL };
	e = cert_parse(cx, der, &c);
	if (e == NULL)
		e = key_parse_spki(cx, c.spki, &key);
	if (e != NULL)
		return e;
	if (c.is_ca || !c.eku_ek)
		return bad(cx, "not for an endorsement key (2.23.133.8.1)");
	if (!usage_fits(&c, &key))
		return bad(cx, "keyUsage does not fit the key");
	if (c.san.n == 0 || (*c.subject == '\0' && !c.san_critical))
		return bad(cx, "no subjectAltName, or not critical where the "
			       "subject is empty (RFC 5280 section 4.2.1.6)");
	if (!read_names(cx->arena, c.san, &names) ||
	    !read_manufacturer(cx->arena, names.value[0], out->manufacturer))
		return bad(cx, "its names are not those of a TPM");
	out->spki = c.spki;
	memcpy(out->key_sha256, c.key_sha256, sizeof(out->key_sha256));
	out->model = names.value[1];
	out->version = names.value[2];
	return NULL;
}
