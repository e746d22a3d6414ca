#include "base/bytes.h"

#include "base/arena.h"
#include "base/mem.h"

static const char HEX[] = "0123456789abcdef";
static const char B64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char B64U[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct bytes
bytes_str(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

bool
bytes_eq(struct bytes a, struct bytes b)
{
	unsigned diff = 0;
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		diff |= (unsigned)(a.p[i] ^ b.p[i]);
	return diff == 0;
}

char *
bytes_to_str(struct arena *a, struct bytes b)
{
	char *s;

	if (b.n > 0 && memchr(b.p, 0, b.n) != NULL)
		return NULL;
	s = arena_alloc(a, b.n + 1);
	if (b.n > 0)
		memcpy(s, b.p, b.n);
	s[b.n] = '\0';
	return s;
}

struct bytes
bytes_dup(struct arena *a, struct bytes b)
{
	uint8_t *p;

	if (b.n == 0)
		return (struct bytes){ NULL, 0 };
	p = arena_alloc(a, b.n);
	memcpy(p, b.p, b.n);
	return (struct bytes){ p, b.n };
}

char *
bytes_put_hex(char *at, struct bytes b)
{
	size_t i;

	for (i = 0; i < b.n; i++) {
		*at++ = HEX[b.p[i] >> 4];
		*at++ = HEX[b.p[i] & 15];
	}
	*at = '\0';
	return at;
}

const char *
bytes_hex(struct arena *a, struct bytes b)
{
	char *s = arena_alloc(a, b.n * 2 + 1);

	(void)bytes_put_hex(s, b);
	return s;
}

int
bytes_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
bytes_from_hex(struct arena *a, struct bytes text, struct bytes *out)
{
	uint8_t *p;
	size_t i;

	if (text.n % 2 != 0)
		return false;
	p = arena_alloc(a, text.n / 2 + 1);
	for (i = 0; i < text.n / 2; i++) {
		int hi = bytes_hex_digit(text.p[2 * i]);
		int lo = bytes_hex_digit(text.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	*out = (struct bytes){ p, text.n / 2 };
	return true;
}

/* Encodes with the given alphabet; pads with '=' when asked. */
static const char *
b64_encode(struct arena *a, struct bytes b, const char *alphabet, bool pad)
{
	char *s = arena_alloc(a, (b.n + 2) / 3 * 4 + 1);
	size_t i, o = 0;

	for (i = 0; i < b.n; i += 3) {
		size_t left = b.n - i;
		unsigned v = (unsigned)b.p[i] << 16;

		if (left > 1)
			v |= (unsigned)b.p[i + 1] << 8;
		if (left > 2)
			v |= b.p[i + 2];
		s[o++] = alphabet[v >> 18];
		s[o++] = alphabet[v >> 12 & 63];
		if (left > 1)
			s[o++] = alphabet[v >> 6 & 63];
		else if (pad)
			s[o++] = '=';
		if (left > 2)
			s[o++] = alphabet[v & 63];
		else if (pad)
			s[o++] = '=';
	}
	s[o] = '\0';
	return s;
}

static int
b64_value(uint8_t c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (uint8_t)alphabet[62])
		return 62;
	if (c == (uint8_t)alphabet[63])
		return 63;
	return -1;
}

/* Decodes the characters before any padding; *count says how many there
 * were and *end where the rest of the text begins. */
static bool
b64_decode(struct bytes text, const char *alphabet, bool skip_space,
    uint8_t *out, size_t *n)
{
	unsigned acc = 0;
	size_t i, chars = 0, pad = 0, o = 0;

	for (i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		int v;

		if (skip_space &&
		    (c == '\r' || c == '\n' || c == ' ' || c == '\t'))
			continue;
		if (skip_space && c == '=') {
			pad++;
			continue;
		}
		v = b64_value(c, alphabet);
		if (v < 0 || pad > 0)
			return false;
		acc = acc << 6 | (unsigned)v;
		if (chars % 4 == 1)
			out[o++] = (uint8_t)(acc >> 4);
		else if (chars % 4 == 2)
			out[o++] = (uint8_t)(acc >> 2);
		else if (chars % 4 == 3)
			out[o++] = (uint8_t)acc;
		chars++;
	}
	*n = o;
	if (chars % 4 == 1)
		return false;
	if (skip_space && pad != (4 - chars % 4) % 4)
		return false;
	/* Spare bits must be zero, or one value would have several texts. */
	if (chars % 4 == 2 && (acc & 15) != 0)
		return false;
	return chars % 4 != 3 || (acc & 3) == 0;
}

const char *
bytes_b64u(struct arena *a, struct bytes b)
{
	return b64_encode(a, b, B64U, false);
}

bool
bytes_from_b64u(struct arena *a, struct bytes text, struct bytes *out)
{
	uint8_t *p = arena_alloc(a, text.n + 1);

	out->p = p;
	return b64_decode(text, B64U, false, p, &out->n);
}

const char *
bytes_b64(struct arena *a, struct bytes b)
{
	return b64_encode(a, b, B64, true);
}

bool
bytes_from_b64(struct arena *a, struct bytes text, struct bytes *out)
{
	uint8_t *p = arena_alloc(a, text.n + 1);

	out->p = p;
	return b64_decode(text, B64, true, p, &out->n);
}
