#include "pki/admin_token.h"

#include <string.h>

#include "base/rng.h"
#include "pki/mac.h"

static const char PREFIX[] = "lk_";
static const char ALPHABET[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* Where the parts begin. */
#define AT_ID (sizeof(PREFIX) - 1)
#define AT_SECRET (AT_ID + ADMIN_TOKEN_ID + 1)
#define AT_CHECK (AT_SECRET + ADMIN_TOKEN_SECRET + 1)

static void
fill(char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = ALPHABET[rng_below(sizeof(ALPHABET) - 1)];
}

/* The check's text and the stored keyed hash of the id and secret in text. */
static void
derive(const struct mac_key *k, const char *text, char check[ADMIN_TOKEN_CHECK],
    uint8_t mac[32])
{
	static const char hex[] = "0123456789abcdef";
	const struct bytes parts[] = {
		{ (const uint8_t *)text + AT_ID, ADMIN_TOKEN_ID },
		{ (const uint8_t *)text + AT_SECRET, ADMIN_TOKEN_SECRET },
	};
	uint8_t full[32];
	size_t i;

	mac_compute(k, "admin-token-check", parts, 2, full);
	for (i = 0; i < ADMIN_TOKEN_CHECK; i++)
		check[i] =
		    hex[i % 2 == 0 ? full[i / 2] >> 4 : full[i / 2] & 15];
	mac_compute(k, "admin-token", parts, 2, mac);
}

void
admin_token_make(const struct mac_key *k, char text[ADMIN_TOKEN_BYTES],
    struct admin_token_key *out)
{
	memset(text, 0, ADMIN_TOKEN_BYTES);
	memset(text, '_', ADMIN_TOKEN_BYTES - 1);
	memcpy(text, PREFIX, sizeof(PREFIX) - 1);
	fill(text + AT_ID, ADMIN_TOKEN_ID);
	fill(text + AT_SECRET, ADMIN_TOKEN_SECRET);
	derive(k, text, text + AT_CHECK, out->mac);
	memcpy(out->id, text + AT_ID, ADMIN_TOKEN_ID);
	out->id[ADMIN_TOKEN_ID] = '\0';
}

static bool
is_alphabet(const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] == '\0' || strchr(ALPHABET, p[i]) == NULL)
			return false;
	return true;
}

bool
admin_token_is_id(const char *text)
{
	return strlen(text) == ADMIN_TOKEN_ID &&
	       is_alphabet((const uint8_t *)text, ADMIN_TOKEN_ID);
}

bool
admin_token_parse(
    const struct mac_key *k, struct bytes text, struct admin_token_key *out)
{
	char check[ADMIN_TOKEN_CHECK];

	if (text.n != ADMIN_TOKEN_BYTES - 1 ||
	    !bytes_eq((struct bytes){ text.p, AT_ID }, bytes_str(PREFIX)) ||
	    text.p[AT_SECRET - 1] != '_' || text.p[AT_CHECK - 1] != '_' ||
	    !is_alphabet(text.p + AT_ID, ADMIN_TOKEN_ID) ||
	    !is_alphabet(text.p + AT_SECRET, ADMIN_TOKEN_SECRET))
		return false;
	derive(k, (const char *)text.p, check, out->mac);
	memcpy(out->id, text.p + AT_ID, ADMIN_TOKEN_ID);
	out->id[ADMIN_TOKEN_ID] = '\0';
	return bytes_eq((struct bytes){ (uint8_t *)check, sizeof(check) },
	    (struct bytes){ text.p + AT_CHECK, ADMIN_TOKEN_CHECK });
}
