/*
 * What EAT (RFC 9711) and PSA tokens (RFC 9783) share: one map of claims,
 * signed by COSE_Sign1, or under a MAC where the maker's anchors have a
 * secret.  Nothing of the message's unprotected part is believed: a key id
 * only finds the key, whose record says which algorithm it has.
 */
#ifndef ATTEST_TOKEN_H
#define ATTEST_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/attest.h"
#include "codec/cbor.h"
#include "codec/cose.h"

struct token {
	struct cose cose;
	struct cbor claims; /* whatever the payload is */
};

/* Parses the message and its payload; flags as for cose_read. */
ERR_FN token_parse(
    struct ctx *cx, struct bytes evidence, unsigned flags, struct token *out);

/* Verifies it under the anchor whose id is the message's key id or the
 * instance that the claims name, else under those without an id, else by its
 * certificates (RFC 9360).  Sets the grade by what is known of that key: what
 * its anchor says, or its certificate (chain_judge_grade).  Refuses in the
 * layers signature, chain and revocation. */
bool token_judge_signer(struct ctx *cx, const struct token *t,
    struct bytes instance, const struct attest_basis *basis, struct verdict *v);

/* One of the nonces is ours.  Where a key is to be certified, it is the
 * SHA-256 of what attest_context_bytes has of our nonce, our URL and that
 * key (E1): tokens have no other place that every profile knows. */
bool
token_judge_nonce(struct ctx *cx, const char *format, const struct cbor *claim,
    const struct attest_basis *basis, struct verdict *v);

/* What a claim must be: its length in bytes for strings, its value for
 * integers; any of the kind if max is 0. */
struct claim {
	int64_t label;
	const char *name;
	enum cbor_kind kind;
	int64_t min, max;
	bool optional;
};

/* Whether the map has them so; refuses in the layer claims. */
bool claims_judge(struct ctx *cx, const struct cbor *map,
    const struct claim *claim, size_t n, struct verdict *v);

/* A refusal of one claim; false. */
bool claim_refuse(struct ctx *cx, struct verdict *v, const char *name);

/* Its bytes, empty if it is absent; its text, or NULL. */
struct bytes claim_bytes(const struct cbor *map, int64_t label);
const char *claim_text(struct ctx *cx, const struct cbor *map, int64_t label);

/* RFC 9711 section 4.2.1: a type byte, then a number of the size it has. */
#define UEID_MIN 7
bool is_ueid(struct bytes b);

#endif
