/*
 * What a maker says its devices measure and sign with: reference values and
 * keys of attesters in CoRIM and CoMID (draft-ietf-rats-corim), as PSA uses
 * them (draft-fdb-rats-psa-endorsements: of components by tag 601, and by
 * "psa.software-component"), in CBOR or in the JSON that they are written
 * from.  A condition that is not known here refuses the file: left out, more
 * would be allowed than its author meant.
 */
#ifndef CODEC_CORIM_H
#define CODEC_CORIM_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"

/* A component as it should be.  Unset: NULL or empty. */
struct corim_value {
	struct bytes class_id; /* PSA: implementation id */
	const char *type;
	const char *version;
	struct bytes digest; /* of 32, 48 or 64 bytes */
	struct bytes signer;
};

/* A key of one unit, or of all of a class. */
struct corim_key {
	struct bytes class_id;
	struct bytes instance; /* UEID, or empty */
	const char *pem;       /* PUBLIC KEY */
};

struct corim {
	struct corim_value value[LIMIT_REFERENCES];
	size_t n_values;
	struct corim_key key[LIMIT_ANCHORS];
	size_t n_keys;
};

extern const struct err ERR_BAD_CORIM; /* bad-corim, INVALID */

/* Reads one CoRIM or CoMID and adds what it has to *out; JSON if it begins
 * with a brace.  What a file without triples says is nothing. */
ERR_FN corim_read(struct ctx *cx, struct bytes in, struct corim *out);

/* Of one of both encodings, for corim.c. */
ERR_FN corim_read_json(struct ctx *cx, struct bytes in, struct corim *out);
ERR_FN
corim_add_value(struct ctx *cx, struct corim *c, const struct corim_value *v);
ERR_FN
corim_add_key(struct ctx *cx, struct corim *c, const struct corim_key *k);

#endif
