/*
 * Manufacturers, their trust anchors, and their models.  Records are plain;
 * the rules of what may be stored are domain/registry's.
 */
#ifndef STORE_REGISTRY_H
#define STORE_REGISTRY_H

#include "store/db.h"

struct manufacturer {
	const char *id, *name;
	bool frozen; /* accepts only units whose key is pinned (A11) */
	int64_t created_at;
};

struct anchor {
	const char *id, *manufacturer_id;
	/* certificate, public_key, secret, declaration, crl_signer */
	const char *kind;
	const char *subject;      /* for people */
	struct bytes certificate; /* DER, SPKI of a key, or a sealed secret */
	uint8_t sha256[32], spki_sha256[32];
	struct bytes subject_sha256; /* 32 bytes, of a CA's certificate */
	struct bytes key_id;         /* as evidence names it, or none */
	/* Scope (A11): 32 bytes, or BYTES_NONE; of Matter, or 0. */
	struct bytes intermediate_spki_sha256;
	int64_t vendor_id;
	bool in_hardware; /* where units' keys live, as the maker says */
	int64_t not_after;
	int64_t valid_from, valid_until; /* as the operator said; 0: not */
	int64_t created_at;
};

struct model {
	const char *id, *manufacturer_id, *name, *client_id;
	const char *status;  /* active, retired */
	const char *profile; /* its label */
	const char **labels; /* further ones its units may name (A8) */
	size_t n_labels;
	const char *policy; /* JSON; in lists without its evidence */
	int64_t policy_version;
	const char *support_until; /* date, or NULL */
	const char *contact_updates, *contact_vulnerabilities; /* or NULL */
	int64_t created_at;
};

extern const struct stmt *const registry_stmts[];

/* Adds or changes; created and changed say which, neither if nothing
 * differs.  frozen: "t", "f", or NULL to keep it as it is. */
struct manufacturer_put {
	const char *id, *name, *frozen;
};
ERR_FN manufacturer_put(struct ctx *cx, const struct manufacturer_put *m,
    bool *created, bool *changed);
/* Locks its row; false if there is none. */
ERR_FN manufacturer_is_frozen(struct ctx *cx, const char *id, bool *yes);
/* ERR_NOT_FOUND. */
ERR_FN
manufacturer_get(struct ctx *cx, const char *id, struct manufacturer *out);
/* Those after the id (NULL: from the first), at most limit, in the arena. */
ERR_FN manufacturer_list(struct ctx *cx, const char *after, int64_t limit,
    struct manufacturer **out, size_t *n);

/* Makes additions of anchors wait for each other until commit, so that
 * overlaps are judged on what is stored. */
ERR_FN anchor_lock(struct ctx *cx);
/* The anchor of this manufacturer with the same certificate and scope;
 * ERR_NOT_FOUND is not logged, found says it. */
ERR_FN anchor_find(
    struct ctx *cx, const struct anchor *like, bool *found, struct anchor *out);
/* The manufacturer that has an anchor with which this one would accept the
 * same chains; NULL if none. */
ERR_FN anchor_overlap(
    struct ctx *cx, const struct anchor *a, const char **manufacturer_id);
ERR_FN anchor_add(struct ctx *cx, const struct anchor *a);
ERR_FN anchor_list(struct ctx *cx, const char *manufacturer_id,
    struct anchor **out, size_t *n);
/* ERR_NOT_FOUND. */
ERR_FN
anchor_delete(struct ctx *cx, const char *manufacturer_id, const char *id);

/* Adds or changes all but its policy (store/policy), which a new one lacks;
 * the manufacturer of a model never changes.  ERR_CONFLICT if the client_id is
 * another model's or there is no such manufacturer. */
ERR_FN
model_put(struct ctx *cx, const struct model *m, bool *created, bool *changed);
/* found says whether there is one. */
ERR_FN
model_find(struct ctx *cx, const char *id, bool *found, struct model *out);
ERR_FN model_list(struct ctx *cx, const char *after, int64_t limit,
    struct model **out, size_t *n);

#endif
