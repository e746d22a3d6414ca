/*
 * The codes of the device grant (RFC 8628 section 6.1) and of stickers: how
 * they look, how people type them, and the keyed hashes that are all we
 * keep of them.
 */
#ifndef DOMAIN_CODE_H
#define DOMAIN_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"

/* A fresh user code, XXXX-XXXX of 20 consonants: 34.5 bits, no word, no two
 * letters that look alike.  A longer one, XXXXX-XXXXX, has 43.2. */
const char *code_user_new(struct ctx *cx, bool longer);

/* How many of the short ones there are. */
#define CODE_USER_SPACE INT64_C(25600000000) /* 20^8 */

/* The keyed hash of a user code as a person typed it: case folded, hyphens
 * and spaces dropped.  False if it cannot be a user code. */
bool code_user_mac(struct ctx *cx, const char *typed, uint8_t mac[32]);

/* A fresh device code: 256 bits, base64url. */
const char *code_device_new(struct ctx *cx);
void code_device_mac(struct ctx *cx, const char *code, uint8_t mac[32]);

/* The hash of who asked for a device code: the birth certificate's (zeros
 * without one) and the client, whose code it is alone. */
void code_holder(struct ctx *cx, const uint8_t cert_sha256[32],
    const char *client_id, uint8_t out[32]);

/* The enroll token of an approval, the same for the same device code, so
 * that a repeat after a lost reply needs nothing stored but a hash. */
const char *
code_token(struct ctx *cx, const char *approval_id, const char *device_code);
void code_token_mac(struct ctx *cx, const char *token, uint8_t mac[32]);

/* The keyed hash of a sticker's code for one unit (SECURITY.md A6).  The
 * maker hands us SHA-256("<serial>:<code>"), never the code itself. */
void code_claim_mac(struct ctx *cx, const char *manufacturer_id,
    const char *serial, const uint8_t code_sha256[32], uint8_t mac[32]);
void code_claim_sha256(
    struct ctx *cx, const char *serial, const char *code, uint8_t out[32]);

/* The keyed hash of a bootstrap token's password. */
void code_bootstrap_mac(
    struct ctx *cx, const char *id, const char *password, uint8_t mac[32]);

/* A fresh code that people keep or hand on, XXXX-XXXX-XXXX-XXXX of 32 letters
 * and digits: 80 bits; and its keyed hash as a person typed it: case folded,
 * hyphens and spaces dropped, O read as 0, I and L as 1.  False if it cannot
 * be one. */
const char *code_long_new(struct ctx *cx);
bool code_long_mac(
    struct ctx *cx, const char *purpose, const char *typed, uint8_t mac[32]);

/* What the long codes are for. */
#define CODE_RECOVERY "recovery-code" /* SECURITY.md P4 */
#define CODE_TRANSFER "transfer-code" /* P5 */
#define CODE_INVITATION "invitation-code"

/* The keyed hash of what an app shows for what it was given: the handle of a
 * question ("authorization"), a code ("authorization-code"). */
void code_app_mac(
    struct ctx *cx, const char *purpose, const char *text, uint8_t mac[32]);

/* A refresh token: which of a family's it is, with our MAC.  Nothing of it is
 * stored. */
const char *
code_refresh(struct ctx *cx, const char *family_id, int64_t generation);

/* Reads one; false if it is none of ours. */
bool code_refresh_read(struct ctx *cx, const char *token,
    const char **family_id, int64_t *generation);

/* The keyed hash of who guessed (V1): an owner, an address. */
void code_guess_key(
    struct ctx *cx, const char *bucket, const char *who, uint8_t mac[32]);

#endif
