#include "codec/webauthn.h"

#include "base/arena.h"
#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/cose_key.h"
#include "codec/json.h"

const struct err ERR_BAD_WEBAUTHN = { KIND_INVALID, "bad-passkey",
	"What the passkey answered is not what was asked for: try again." };

#define FLAG_UP 0x01
#define FLAG_UV 0x04
#define FLAG_BE 0x08
#define FLAG_BS 0x10
#define FLAG_AT 0x40
#define FLAG_ED 0x80

#define HASH_BYTES 32
#define AAGUID_BYTES 16
#define HEAD_BYTES (HASH_BYTES + 1 + 4) /* up to the counter */

enum { KEY_KTY = 1, KEY_ALG = 3, KEY_N = -1, KEY_E = -2, KEY_D = -3 };
#define KTY_RSA 3

static const struct json_field client_fields[] = {
	JSON_F_STR(webauthn_client, type, 64, true),
	JSON_F_STR(webauthn_client, challenge, 1024, true),
	JSON_F_STR(webauthn_client, origin, 512, true),
	{ .name = "crossOrigin",
	    .type = JSON_BOOL,
	    .offset = offsetof(struct webauthn_client, cross_origin) },
	JSON_F_STR(webauthn_client, topOrigin, 512, false),
	JSON_END,
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_WEBAUTHN, "passkey: %s", reason);
}

/* Section 7.2 step 10: "UTF-8 decode", which drops a byte order mark. */
static struct bytes
without_bom(struct bytes in)
{
	static const uint8_t bom[] = { 0xef, 0xbb, 0xbf };

	if (in.n >= 3 && bytes_eq((struct bytes){ in.p, 3 }, BYTES_OF(bom)))
		return (struct bytes){ in.p + 3, in.n - 3 };
	return in;
}

const struct err *
webauthn_client_read(
    struct ctx *cx, struct bytes json, struct webauthn_client *out)
{
	const char *why;

	*out = (struct webauthn_client){ .cross_origin = false };
	if (json.n > LIMIT_WEBAUTHN_CLIENT)
		return bad(cx, "client data above the limit");
	why = json_refusal(cx, without_bom(json), client_fields, true, out);
	return why == NULL ? NULL : bad(cx, why);
}

static bool
take(struct bytes *in, size_t n, struct bytes *out)
{
	if (in->n < n)
		return false;
	*out = (struct bytes){ in->p, n };
	*in = (struct bytes){ in->p + n, in->n - n };
	return true;
}

/* Section 6.5.2. */
static ERR_FN
read_credential(struct ctx *cx, struct bytes *in, struct webauthn_data *out)
{
	struct bytes aaguid, len, rest;
	const struct err *e;
	struct cbor key;
	size_t n;

	if (!take(in, AAGUID_BYTES, &aaguid) || !take(in, 2, &len))
		return bad(cx, "cut before the credential id");
	n = (size_t)len.p[0] << 8 | len.p[1];
	if (n == 0 || n > LIMIT_CREDENTIAL_ID)
		return bad(cx, "credential id of no accepted length");
	if (!take(in, n, &out->credential_id))
		return bad(cx, "cut within the credential id");
	e = cbor_read_first(cx, *in, &key, &rest);
	if (e != NULL)
		return e;
	out->key = key.raw;
	*in = rest;
	return NULL;
}

static ERR_FN
read_extensions(struct ctx *cx, struct bytes in)
{
	const struct err *e;
	struct cbor map;

	e = cbor_read(cx, in, &map);
	if (e == NULL && map.kind != CBOR_MAP)
		return bad(cx, "extensions are no map");
	return e;
}

const struct err *
webauthn_data_read(
    struct ctx *cx, struct bytes in, bool created, struct webauthn_data *out)
{
	const struct err *e = NULL;
	struct bytes head;
	uint8_t flags;

	*out = (struct webauthn_data){ .present = false };
	if (in.n > LIMIT_WEBAUTHN_DATA || !take(&in, HEAD_BYTES, &head))
		return bad(cx, "authenticator data of no accepted length");
	out->rp_id_sha256 = (struct bytes){ head.p, HASH_BYTES };
	flags = head.p[HASH_BYTES];
	out->sign_count = (uint32_t)head.p[33] << 24 |
			  (uint32_t)head.p[34] << 16 |
			  (uint32_t)head.p[35] << 8 | head.p[36];
	out->present = (flags & FLAG_UP) != 0;
	out->verified = (flags & FLAG_UV) != 0;
	out->backup_eligible = (flags & FLAG_BE) != 0;
	out->backed_up = (flags & FLAG_BS) != 0;
	/* Section 6.1.3. */
	if (out->backed_up && !out->backup_eligible)
		return bad(cx, "backed up, and not to be");
	if (((flags & FLAG_AT) != 0) != created)
		return bad(cx, "attested credential data: not as expected");
	if (created)
		e = read_credential(cx, &in, out);
	if (e == NULL && (flags & FLAG_ED) != 0)
		return read_extensions(cx, in);
	if (e == NULL && in.n != 0)
		return bad(cx, "bytes after the authenticator data");
	return e;
}

const struct err *
webauthn_attestation_read(
    struct ctx *cx, struct bytes in, struct webauthn_attestation *out)
{
	const struct cbor *fmt, *statement, *data;
	const struct err *e;
	struct cbor map;

	*out = (struct webauthn_attestation){ .fmt = NULL };
	if (in.n > LIMIT_WEBAUTHN_OBJECT)
		return bad(cx, "attestation object above the limit");
	e = cbor_read(cx, in, &map);
	if (e != NULL)
		return e;
	fmt = cbor_named(&map, "fmt");
	statement = cbor_named(&map, "attStmt");
	data = cbor_named(&map, "authData");
	if (fmt != NULL)
		out->fmt = cbor_str(cx, fmt);
	if (map.n != 3 || out->fmt == NULL || statement == NULL ||
	    statement->kind != CBOR_MAP || data == NULL ||
	    data->kind != CBOR_BYTES)
		return bad(cx, "attestation object of another shape");
	out->statement = statement->raw;
	out->empty = statement->n == 0;
	out->certified = cbor_named(statement, "x5c") != NULL;
	out->data = data->bytes;
	return NULL;
}

/* RFC 8230 section 4. */
static ERR_FN
read_rsa(struct ctx *cx, const struct cbor *map, struct webauthn_key *out)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	const struct cbor *n = cbor_at(map, KEY_N), *e = cbor_at(map, KEY_E);

	if (n == NULL || n->kind != CBOR_BYTES ||
	    n->bytes.n != WEBAUTHN_RSA_BYTES || (n->bytes.p[0] & 0x80) == 0)
		return bad(cx, "RSA key of another size than 2048 bits");
	if (e == NULL || e->kind != CBOR_BYTES ||
	    !bytes_eq(e->bytes, BYTES_OF(f4)))
		return bad(cx, "RSA exponent is not 65537");
	if (cbor_at(map, KEY_D) != NULL)
		return bad(cx, "with its private part");
	out->alg = WEBAUTHN_RS256;
	out->modulus = n->bytes;
	return NULL;
}

const struct err *
webauthn_key_read(struct ctx *cx, struct bytes cose, struct webauthn_key *out)
{
	const struct cbor *kty, *alg;
	const struct err *e;
	struct cose_key key;
	struct cbor map;

	*out = (struct webauthn_key){ .alg = WEBAUTHN_ES256 };
	e = cbor_read(cx, cose, &map);
	if (e != NULL)
		return e;
	kty = cbor_at(&map, KEY_KTY);
	alg = cbor_at(&map, KEY_ALG);
	/* Section 6.5.1.1: the key says its algorithm. */
	if (kty == NULL || alg == NULL || kty->kind != CBOR_INT ||
	    alg->kind != CBOR_INT)
		return bad(cx, "key without its kind or algorithm");
	if (kty->number == KTY_RSA && alg->number == WEBAUTHN_RS256)
		return read_rsa(cx, &map, out);
	e = cose_key_read(cx, cose, &key);
	if (e != NULL)
		return e;
	if (!(key.curve == COSE_P256 && key.alg == WEBAUTHN_ES256) &&
	    !(key.curve == COSE_ED25519 && key.alg == WEBAUTHN_EDDSA))
		return bad(cx, "key of an algorithm that was not offered");
	out->alg = (enum webauthn_alg)key.alg;
	out->x = key.x;
	out->y = key.y;
	return NULL;
}
