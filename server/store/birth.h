/*
 * Units as their makers listed them, read to judge a birth certificate.
 */
#ifndef STORE_BIRTH_H
#define STORE_BIRTH_H

#include "base/limits.h"
#include "store/db.h"

/* One way in which a presented chain may belong to a listed unit: an anchor
 * of a maker with one of its units.  birth_id is 0 where the maker is known
 * by an anchor but lists no such unit. */
struct birth_candidate {
	int64_t birth_id;
	const char *manufacturer_id, *manufacturer_name;
	bool manufacturer_frozen;
	bool has_crls;       /* the maker has revocation lists */
	struct bytes anchor; /* DER */
	const char *anchor_id;
	const char *came_by; /* anchor_id of the unit's last time, or NULL */
	struct bytes scope_spki_sha256; /* empty: whole anchor */
	const char *model_id, *model_name, *client_id, *profile, *policy;
	const char *labels; /* the model's further ones, with spaces */
	const char *support_until;
	bool model_active;
	bool asks_evidence;             /* the model does */
	const char *serial;             /* NULL: not listed by serial */
	const char *dac_subject;        /* NULL: not listed by it */
	struct bytes key_sha256;        /* empty: not listed by key */
	struct bytes pinned_key_sha256; /* empty: not pinned yet */
	const char *batch, *made_at, *boot_test;
	bool quarantined, lost, revoked, decommissioned;
	const char *device_id; /* the present ownership, or NULL */
};

extern const struct stmt *const birth_stmts[];

/* A question: what a leaf says of its unit, NULL where it says nothing, and
 * the hashes of the names of those who may have signed it. */
struct birth_ask {
	struct ctx *cx; /* the candidates are in its arena */
	const struct bytes *issuers;
	size_t n_issuers;
	const char *serial, *dac_subject;
	const uint8_t *key_sha256; /* 32 bytes */
	struct birth_candidate *c;
	size_t n;
};

/* All candidates for each such leaf, under anchors that are valid at cx->now,
 * in one statement. */
ERR_FN birth_candidates(struct ctx *cx, struct birth_ask *const *v, size_t n);

/* Pins the key if none is pinned and no other unit is listed with it, and notes
 * the anchor (NULL: not known); *pinned tells whether this key is now
 * the pinned one.  ERR_CONFLICT: another unit has this key. */
ERR_FN birth_pin_key(struct ctx *cx, int64_t birth_id,
    const uint8_t key_sha256[32], const char *anchor_id, bool *pinned);

/* Notes the anchor that the unit has proved itself by: its id, or which of
 * the maker's certificates. */
ERR_FN
birth_came_by(struct ctx *cx, int64_t birth_id, const char *anchor_id);
ERR_FN birth_came_below(struct ctx *cx, int64_t birth_id,
    const char *manufacturer_id, const uint8_t sha256[32]);

/* The same for units that are all different, in one commit; *pinned for each.
 * What somebody holds is passed over; with an error none is pinned, be it on
 * account of one alone. */
struct birth_pin {
	int64_t birth_id;
	const uint8_t *key_sha256; /* 32 bytes */
	const char *anchor_id;
};
ERR_FN birth_pin_keys(
    struct ctx *cx, const struct birth_pin *v, size_t n, bool *pinned);

/* Counts one more unit of the batch (NULL: of none) as come; the numbers
 * include it, in_hour those since an hour ago began to be counted.  Within a
 * transaction, which is not committed when they are too many. */
struct admission {
	int64_t units, in_hour;
};
ERR_FN birth_admit(struct ctx *cx, const char *model_id, const char *batch,
    struct admission *out);

/* The manufacturer's active models whose policy opens the allowlist: at most
 * two, with their policies. */
struct open_model {
	const char *id, *policy;
};
ERR_FN birth_open_models(struct ctx *cx, const char *manufacturer_id,
    struct open_model out[2], size_t *n);

/* A unit that nobody listed, its key pinned.  ERR_CONFLICT: its serial number
 * or key is another's. */
struct birth_opened {
	const char *manufacturer_id, *model_id, *serial;
	const uint8_t *key_sha256; /* 32 bytes */
};
ERR_FN
birth_open(struct ctx *cx, const struct birth_opened *b, int64_t *birth_id);

/* The unit that was listed with this birth key or has pinned it, with its
 * present ownership; birth_id 0 if none. */
struct birth_holder {
	int64_t birth_id;
	const char *device_id;
};
ERR_FN birth_of_key(
    struct ctx *cx, const uint8_t key_sha256[32], struct birth_holder *out);

/* Whether the key is some unit's birth key, or was certified before for a
 * device other than device_id (NULL: for any), or is refused for good. */
ERR_FN birth_key_is_taken(struct ctx *cx, const uint8_t key_sha256[32],
    const char *device_id, bool *taken);

/* Units with this serial number and an unused claim code: at most max ids
 * with their makers and the codes' keyed hashes. */
struct birth_claim {
	int64_t birth_id;
	const char *manufacturer_id;
	struct bytes claim_code_mac;
};
ERR_FN
birth_claims(struct ctx *cx, const char *serial, const char *manufacturer_id,
    struct birth_claim *out, size_t max, size_t *n);

#endif
