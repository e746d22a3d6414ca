#include "domain/code.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "pki/mac.h"

#define USER_LETTERS 8
#define USER_LETTERS_LONGER 10
#define UUID_TEXT 36

/* Without I, L, O and U. */
#define LONG_CHARS 16
static const char LONG_ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const char ALPHABET[] = "BCDFGHJKLMNPQRSTVWXZ";

static void
mac2(struct ctx *cx, const char *purpose, const char *a, const char *b,
    uint8_t mac[32])
{
	struct bytes parts[] = { bytes_str(a), bytes_str(b) };

	mac_compute(cx->svc->mac, purpose, parts, 2, mac);
}

const char *
code_user_new(struct ctx *cx, bool longer)
{
	size_t i, o = 0, n = longer ? USER_LETTERS_LONGER : USER_LETTERS;
	char *s = arena_alloc(cx->arena, n + 2);

	for (i = 0; i < n; i++) {
		if (i == n / 2)
			s[o++] = '-';
		s[o++] = ALPHABET[rng_below(sizeof(ALPHABET) - 1)];
	}
	return s;
}

bool
code_user_mac(struct ctx *cx, const char *typed, uint8_t mac[32])
{
	char plain[USER_LETTERS_LONGER + 1] = "";
	size_t n = 0;

	for (; *typed != '\0'; typed++) {
		int c = toupper((unsigned char)*typed);

		if (c == '-' || c == ' ')
			continue;
		if (n == USER_LETTERS_LONGER || strchr(ALPHABET, c) == NULL)
			return false;
		plain[n++] = (char)c;
	}
	if (n != USER_LETTERS && n != USER_LETTERS_LONGER)
		return false;
	mac2(cx, "user-code", plain, "", mac);
	return true;
}

static const char *
random_text(struct ctx *cx)
{
	uint8_t raw[32];
	const char *s;

	rng_bytes(raw, sizeof(raw));
	s = bytes_b64u(cx->arena, BYTES_OF(raw));
	explicit_bzero(raw, sizeof(raw));
	return s;
}

const char *
code_device_new(struct ctx *cx)
{
	return random_text(cx);
}

void
code_device_mac(struct ctx *cx, const char *code, uint8_t mac[32])
{
	mac2(cx, "device-code", code, "", mac);
}

void
code_holder(struct ctx *cx, const uint8_t cert_sha256[32],
    const char *client_id, uint8_t out[32])
{
	size_t n = strlen(client_id);
	uint8_t *both = arena_alloc(cx->arena, 32 + n);

	memcpy(both, cert_sha256, 32);
	memcpy(both + 32, client_id, n);
	digest_sha256((struct bytes){ both, 32 + n }, out);
}

const char *
code_token(struct ctx *cx, const char *approval_id, const char *device_code)
{
	uint8_t mac[32];

	mac2(cx, "enroll-token", approval_id, device_code, mac);
	return bytes_b64u(cx->arena, BYTES_OF(mac));
}

void
code_token_mac(struct ctx *cx, const char *token, uint8_t mac[32])
{
	mac2(cx, "enroll-token-hash", token, "", mac);
}

void
code_claim_mac(struct ctx *cx, const char *manufacturer_id, const char *serial,
    const uint8_t code_sha256[32], uint8_t mac[32])
{
	struct bytes parts[] = { bytes_str(manufacturer_id), bytes_str(serial),
		{ code_sha256, 32 } };

	mac_compute(cx->svc->mac, "claim-code", parts, 3, mac);
}

void
code_claim_sha256(
    struct ctx *cx, const char *serial, const char *code, uint8_t out[32])
{
	const char *text = arena_printf(cx->arena, "%s:%s", serial, code);

	digest_sha256(bytes_str(text), out);
}

void
code_bootstrap_mac(
    struct ctx *cx, const char *id, const char *password, uint8_t mac[32])
{
	mac2(cx, "bootstrap", id, password, mac);
}

const char *
code_long_new(struct ctx *cx)
{
	char *s = arena_alloc(cx->arena, LONG_CHARS + LONG_CHARS / 4);
	size_t i, o = 0;

	for (i = 0; i < LONG_CHARS; i++) {
		if (i > 0 && i % 4 == 0)
			s[o++] = '-';
		s[o++] = LONG_ALPHABET[rng_below(32)];
	}
	return s;
}

bool
code_long_mac(
    struct ctx *cx, const char *purpose, const char *typed, uint8_t mac[32])
{
	char plain[LONG_CHARS + 1] = "";
	size_t n = 0;

	for (; *typed != '\0'; typed++) {
		int c = toupper((unsigned char)*typed);

		if (c == '-' || c == ' ')
			continue;
		if (c == 'O')
			c = '0';
		if (c == 'I' || c == 'L')
			c = '1';
		if (n == LONG_CHARS || strchr(LONG_ALPHABET, c) == NULL)
			return false;
		plain[n++] = (char)c;
	}
	if (n != LONG_CHARS)
		return false;
	mac2(cx, purpose, plain, "", mac);
	explicit_bzero(plain, sizeof(plain));
	return true;
}

void
code_app_mac(
    struct ctx *cx, const char *purpose, const char *text, uint8_t mac[32])
{
	mac2(cx, purpose, text, "", mac);
}

/* "ID.GENERATION", then its MAC: as text, so that both are what was signed. */
const char *
code_refresh(struct ctx *cx, const char *family_id, int64_t generation)
{
	const char *body = arena_printf(
	    cx->arena, "%s.%lld", family_id, (long long)generation);
	uint8_t mac[32];

	mac2(cx, "refresh-token", body, "", mac);
	return arena_printf(
	    cx->arena, "%s.%s", body, bytes_b64u(cx->arena, BYTES_OF(mac)));
}

bool
code_refresh_read(struct ctx *cx, const char *token, const char **family_id,
    int64_t *generation)
{
	const char *digits = token + UUID_TEXT, *end;
	size_t n;

	if (strlen(token) > LIMIT_TOKEN || strlen(token) < UUID_TEXT + 2 ||
	    !text_is_uuid((struct bytes){ (const uint8_t *)token, UUID_TEXT }))
		return false;
	n = strspn(++digits, "0123456789");
	if (n == 0 || n > 9)
		return false;
	for (*generation = 0, end = digits; end < digits + n; end++)
		*generation = *generation * 10 + (*end - '0');
	*family_id = arena_printf(cx->arena, "%.36s", token);
	return bytes_eq(bytes_str(token),
	    bytes_str(code_refresh(cx, *family_id, *generation)));
}

void
code_guess_key(
    struct ctx *cx, const char *bucket, const char *who, uint8_t mac[32])
{
	mac2(cx, "guess", bucket, who, mac);
}
