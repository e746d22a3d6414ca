#include "pki/csrattrs.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/csr_evidence.h"
#include "pki/der_put.h"
#include "pki/ext.h"

#define MAX_DER (4 * KIB)

#define OID_CHALLENGE "1.2.840.113549.1.9.7"
#define OID_EXTENSION_REQUEST "1.2.840.113549.1.9.14"
#define OID_TEMPLATE "1.2.840.113549.1.9.16.2.61"
#define OID_EXTENSION_TEMPLATE "1.2.840.113549.1.9.16.2.62"
#define OID_SAN "2.5.29.17"
#define OID_EC "1.2.840.10045.2.1"
#define OID_RSA "1.2.840.113549.1.1.1"

static const struct {
	const char *algorithm, *curve, *signature;
} KEYS[] = {
	[KEY_P256] = { OID_EC, "1.2.840.10045.3.1.7", "1.2.840.10045.4.3.2" },
	[KEY_P384] = { OID_EC, "1.3.132.0.34", "1.2.840.10045.4.3.3" },
	/* One OID is key and signature (RFC 8410 section 3). */
	[KEY_ED25519] = { "1.3.101.112", NULL, NULL },
	[KEY_RSA] = { OID_RSA, NULL, "1.2.840.113549.1.1.11" },
};

/* digitalSignature; clientAuth. */
static const uint8_t KEY_USAGE[] = { 0x03, 0x02, 0x07, 0x80 };
static const uint8_t PURPOSE[] = { 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01,
	0x05, 0x05, 0x07, 0x03, 0x02 };

static const struct {
	enum ext_id id;
	const char *oid;
	struct bytes value; /* empty: the client's to fill in */
	bool critical;
} EXTENSIONS[] = {
	{ EXT_KEY_USAGE, "2.5.29.15", BYTES_OF(KEY_USAGE), true },
	{ EXT_EXTENDED_KEY_USAGE, "2.5.29.37", BYTES_OF(PURPOSE), false },
	{ EXT_SUBJECT_ALT_NAME, OID_SAN, { NULL, 0 }, false },
};

/* An attribute is begun, its values put, and ended. */
struct open_attribute {
	size_t whole, values;
};

static struct open_attribute
attribute_begin(struct buf *b, const char *oid)
{
	struct open_attribute a;

	a.whole = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, oid);
	a.values = der_begin(b, DER_SET);
	return a;
}

static void
attribute_end(struct buf *b, struct open_attribute a)
{
	der_end(b, a.values);
	der_end(b, a.whole);
}

/* A positive INTEGER of 16 bits. */
static void
put_number(struct buf *b, size_t n)
{
	uint8_t v[] = { 0, (uint8_t)(n >> 8), (uint8_t)n };
	size_t skip = v[1] < 0x80 ? 1 : 0;

	der_put(b, DER_INTEGER, (struct bytes){ v + skip, 3 - skip });
}

/* Extensions, or ExtensionTemplates: those without a value are in the latter
 * alone. */
static void
put_extensions(struct buf *b, unsigned asked, bool template)
{
	static const uint8_t yes = 0xff;
	size_t i, seq, at = der_begin(b, DER_SEQUENCE);

	for (i = 0; i < sizeof(EXTENSIONS) / sizeof(EXTENSIONS[0]); i++) {
		if ((asked & 1u << EXTENSIONS[i].id) == 0 ||
		    (!template && EXTENSIONS[i].value.n == 0))
			continue;
		seq = der_begin(b, DER_SEQUENCE);
		der_put_oid(b, EXTENSIONS[i].oid);
		if (EXTENSIONS[i].critical)
			der_put(b, DER_BOOLEAN, (struct bytes){ &yes, 1 });
		if (EXTENSIONS[i].value.n > 0)
			der_put(b, DER_OCTET_STRING, EXTENSIONS[i].value);
		der_end(b, seq);
	}
	der_end(b, at);
}

/* As RFC 7030 section 4.5.2 has it: OIDs and attributes. */
static void
put_list(struct buf *b, const struct csrattrs *ask)
{
	unsigned named = ask->extensions & ~(1u << EXT_SUBJECT_ALT_NAME);
	struct open_attribute a;

	if (ask->binding)
		der_put_oid(b, OID_CHALLENGE);
	if (ask->evidence)
		der_put_oid(b, OID_CSR_EVIDENCE);
	if (ask->ask_key && ask->key == KEY_ED25519) {
		der_put_oid(b, KEYS[ask->key].algorithm);
	} else if (ask->ask_key) {
		a = attribute_begin(b, KEYS[ask->key].algorithm);
		if (ask->key == KEY_RSA)
			put_number(b, ask->rsa_bits);
		else
			der_put_oid(b, KEYS[ask->key].curve);
		attribute_end(b, a);
		der_put_oid(b, KEYS[ask->key].signature);
	}
	if (named != 0) {
		a = attribute_begin(b, OID_EXTENSION_REQUEST);
		put_extensions(b, named, false);
		attribute_end(b, a);
	}
	/* Which name is the client's to say, so there is no value to give. */
	if (named != ask->extensions)
		der_put_oid(b, OID_SAN);
}

/* A key of the wanted length that is nobody's (RFC 9908 section 3.4): the
 * odd number next above 2^(bits - 1). */
static void
put_placeholder(struct buf *b, struct arena *arena, size_t bits)
{
	static const uint8_t exponent[] = { 1, 0, 1 };
	size_t at, n = bits / 8; /* after the byte that has the sign */
	uint8_t *modulus = arena_alloc(arena, n + 1);
	struct bytes key;
	struct buf inner;

	if (bits % 8 == 0)
		modulus[1] = (uint8_t)0x80;
	else
		modulus[0] = (uint8_t)(1 << (bits % 8 - 1));
	modulus[n] = 1;
	buf_init(&inner, arena, MAX_DER);
	at = der_begin(&inner, DER_SEQUENCE);
	der_put(&inner, DER_INTEGER, (struct bytes){ modulus, n + 1 });
	der_put(&inner, DER_INTEGER, BYTES_OF(exponent));
	der_end(&inner, at);
	must(buf_bytes(&inner, &key));
	der_put_bits(b, key);
}

/* SubjectPublicKeyInfoTemplate, [0] IMPLICIT. */
static void
put_key(struct buf *b, struct arena *arena, const struct csrattrs *ask)
{
	size_t algorithm, at = der_begin(b, DER_CONTEXT_CONSTRUCTED(0));

	algorithm = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, KEYS[ask->key].algorithm);
	if (KEYS[ask->key].curve != NULL)
		der_put_oid(b, KEYS[ask->key].curve);
	if (ask->key == KEY_RSA)
		der_put(b, DER_NULL, BYTES_NONE);
	der_end(b, algorithm);
	if (ask->key == KEY_RSA)
		put_placeholder(b, arena, ask->rsa_bits);
	der_end(b, at);
}

/* Who reads the template reads nothing of the list, so it says this, too;
 * without a value, which is the client's to fill in. */
static void
put_empty(struct buf *b, const char *oid)
{
	attribute_end(b, attribute_begin(b, oid));
}

/* CertificationRequestInfoTemplate; the subject is ours, so none is asked. */
static void
put_template(struct buf *b, struct arena *arena, const struct csrattrs *ask)
{
	static const uint8_t v1 = 0;
	struct open_attribute whole = attribute_begin(b, OID_TEMPLATE), a;
	size_t attributes, at = der_begin(b, DER_SEQUENCE);

	der_put(b, DER_INTEGER, (struct bytes){ &v1, 1 });
	if (ask->ask_key)
		put_key(b, arena, ask);
	attributes = der_begin(b, DER_CONTEXT_CONSTRUCTED(1));
	/* In the order that DER wants of a SET OF: the shorter goes first. */
	if (ask->binding)
		put_empty(b, OID_CHALLENGE);
	if (ask->evidence)
		put_empty(b, OID_CSR_EVIDENCE);
	if (ask->extensions != 0) {
		bool filled =
		    (ask->extensions & 1u << EXT_SUBJECT_ALT_NAME) == 0;

		/* ExtensionTemplates are for what has no value (section 3.4).
		 */
		a = attribute_begin(
		    b, filled ? OID_EXTENSION_REQUEST : OID_EXTENSION_TEMPLATE);
		put_extensions(b, ask->extensions, true);
		attribute_end(b, a);
	}
	der_end(b, attributes);
	der_end(b, at);
	attribute_end(b, whole);
}

struct bytes
csrattrs_der(struct ctx *cx, const struct csrattrs *ask)
{
	struct bytes out;
	struct buf b;
	size_t at;

	buf_init(&b, cx->arena, MAX_DER);
	at = der_begin(&b, DER_SEQUENCE);
	put_list(&b, ask);
	put_template(&b, cx->arena, ask);
	der_end(&b, at);
	must(buf_bytes(&b, &out));
	return out;
}
