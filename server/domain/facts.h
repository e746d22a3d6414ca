/*
 * What an owner is shown before deciding: verified facts alone, frozen when
 * the request is made, as the JSON that the app gets.
 */
#ifndef DOMAIN_FACTS_H
#define DOMAIN_FACTS_H

#include "base/ctx.h"
#include "base/err.h"
#include "domain/attestation.h"
#include "domain/caller.h"

/* The facts of a unit and the key it wants certified, as JSON; attested says
 * what its evidence proved, or NULL where none came. */
ERR_FN facts_write(struct ctx *cx, const struct unit *unit,
    const uint8_t key_sha256[32], const struct attested *attested,
    const char **json);

/* base64url SHA-256 over approval, key, account and facts: what the owner's
 * signature is bound to (SECURITY.md A7). */
const char *facts_digest(struct ctx *cx, const char *approval_id,
    const uint8_t key_sha256[32], const char *owner_id, const char *json);

#endif
