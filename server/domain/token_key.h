/*
 * The keys that our own tokens are signed with (ES256, RFC 7518), and the
 * public halves that everybody may verify with (RFC 7517).  A key signs from
 * the time in its file's name until the next one's; it is published before
 * that, so that caches know it in time, and afterwards until its last token
 * has died.
 */
#ifndef DOMAIN_TOKEN_KEY_H
#define DOMAIN_TOKEN_KEY_H

#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct token_keys;

/* The directory's keys; NULL with the reason if there is none that signs. */
struct token_keys *token_keys_open(const char *dir, int64_t now, char why[256]);
void token_keys_free(struct token_keys *tk);
AUTO_STRUCT_DEFINE(token_keys, token_keys_free);

/* Reads the directory again if it changed; what cannot be read keeps the
 * keys that there are.  For one thread alone. */
void token_keys_reload(struct token_keys *tk, int64_t now);

/* The claims as a JWT of that typ, signed with the present key. */
ERR_FN token_sign(
    struct ctx *cx, const char *typ, struct bytes claims, const char **jwt);

/* The claims of a JWT of that typ that one of our published keys signed;
 * ERR_BAD_JWS otherwise. */
ERR_FN token_verify(
    struct ctx *cx, const char *jwt, const char *typ, struct bytes *claims);

/* The JWK set, RFC 7517 section 5. */
ERR_FN token_jwks(struct ctx *cx, struct bytes *json);

#endif
