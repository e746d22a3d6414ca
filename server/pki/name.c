#include "pki/name.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "pki/der.h"
#include "pki/ossl.h"

#define NAME_TEXT_MAX 512 /* ASCII, so that it may be cut anywhere */

static const uint8_t OID_CN[] = { 0x55, 0x04, 0x03 };
static const uint8_t OID_SERIAL_NUMBER[] = { 0x55, 0x04, 0x05 };

/* Takes a string attribute that may stand once. */
static bool
text_value(struct arena *a, const struct der_item *it, const char **out)
{
	if (*out != NULL ||
	    (it->tag != DER_UTF8 && it->tag != DER_PRINTABLE &&
		it->tag != DER_IA5) ||
	    !text_is_name(it->content))
		return false;
	*out = bytes_to_str(a, it->content);
	return *out != NULL;
}

static bool
attribute(struct arena *a, struct bytes *set, struct name *out)
{
	struct bytes seq, oid;
	struct der_item it;

	if (!der_take(set, DER_SEQUENCE, &seq) || !der_take_oid(&seq, &oid) ||
	    !der_next(&seq, &it) || seq.n != 0)
		return false;
	out->n++;
	if (bytes_eq(oid, BYTES_OF(OID_CN)))
		return text_value(a, &it, &out->cn);
	if (bytes_eq(oid, BYTES_OF(OID_SERIAL_NUMBER)))
		return text_value(a, &it, &out->serial);
	return true;
}

bool
name_parse(struct arena *a, struct bytes der, struct name *out)
{
	struct bytes seq, set;

	*out = (struct name){ .der = der };
	if (!der_take(&der, DER_SEQUENCE, &seq) || der.n != 0)
		return false;
	while (seq.n > 0) {
		if (!der_take(&seq, DER_SET, &set) || set.n == 0)
			return false;
		while (set.n > 0)
			if (!attribute(a, &set, out))
				return false;
	}
	return true;
}

/* id-at of the attributes that may be asked for (X.520). */
static uint8_t
oid_end(const char *attr)
{
	if (strcmp(attr, "O") == 0)
		return 0x0a;
	if (strcmp(attr, "OU") == 0)
		return 0x0b;
	return strcmp(attr, "L") == 0 ? 0x07 : 0x08;
}

const char *
name_value(struct arena *a, struct bytes der, const char *attr)
{
	const uint8_t want[] = { 0x55, 0x04, oid_end(attr) };
	struct bytes seq, set, one, oid;
	const char *value = NULL;
	struct der_item it;

	if (!der_take(&der, DER_SEQUENCE, &seq))
		return NULL;
	while (seq.n > 0 && der_take(&seq, DER_SET, &set))
		while (set.n > 0 && der_take(&set, DER_SEQUENCE, &one))
			if (der_take_oid(&one, &oid) &&
			    bytes_eq(oid, BYTES_OF(want)) &&
			    (!der_next(&one, &it) ||
				!text_value(a, &it, &value)))
				return NULL;
	return value;
}

const char *
name_text(struct arena *a, struct bytes der)
{
	const unsigned char *p = der.p;
	AUTO(X509_NAME) *name = d2i_X509_NAME(NULL, &p, (long)der.n);
	AUTO(BIO) *bio = BIO_new(BIO_s_mem());
	const char *text;
	char *data;
	long n;

	must(bio != NULL);
	if (name == NULL ||
	    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
		ERR_clear_error();
		return "(unreadable)";
	}
	n = BIO_get_mem_data(bio, &data);
	/* Escaped, a name may be six times as long as it came. */
	if (n > NAME_TEXT_MAX)
		n = NAME_TEXT_MAX;
	text = n <= 0 ? ""
		      : bytes_to_str(
			    a, (struct bytes){ (uint8_t *)data, (size_t)n });
	return text == NULL ? "(unreadable)" : text;
}
