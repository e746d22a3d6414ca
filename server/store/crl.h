/*
 * Revocation lists of manufacturers' CAs: each the newest of its issuer and
 * distribution point, its entries apart so that a chain is looked up among
 * any number of them.  Who may have signed a list is domain/crls's.
 */
#ifndef STORE_CRL_H
#define STORE_CRL_H

#include "store/db.h"

struct crl_row {
	const char *id, *manufacturer_id;
	const char *issuer; /* for people */
	/* Of the issuer's canonical name, of the distribution point, of der. */
	uint8_t issuer_sha256[32], point_sha256[32], sha256[32];
	struct bytes der, head; /* not read by a listing */
	bool has_head;          /* read by one */
	/* The CA for whose certificates it speaks: canonical name, SPKI. */
	uint8_t ca_sha256[32], ca_spki_sha256[32];
	int64_t entries, this_update, next_update; /* 0: none said */
	const char *url; /* where it was fetched, or NULL */
	int64_t created_at;
};

extern const struct stmt *const crl_stmts[];

/* Makes changes of one maker's lists wait for each other until commit. */
ERR_FN crl_lock(struct ctx *cx, const char *manufacturer_id);

/* The list that c would replace; found says whether there is one. */
ERR_FN crl_find(
    struct ctx *cx, const struct crl_row *c, bool *found, struct crl_row *out);

/* Puts c in the place of the older one, without its entries. */
ERR_FN crl_put(struct ctx *cx, const struct crl_row *c);

/* Adds entries: whose certificate (as issuer_sha256 above), its serial. */
struct crl_name {
	uint8_t issuer_sha256[32];
	struct bytes serial;
};
ERR_FN crl_add_entries(
    struct ctx *cx, const char *id, const struct crl_name *v, size_t n);

ERR_FN crl_list(struct ctx *cx, const char *manufacturer_id,
    struct crl_row **out, size_t *n);
/* ERR_NOT_FOUND. */
ERR_FN crl_delete(struct ctx *cx, const char *manufacturer_id, const char *id);

/* What a maker's lists are about, each without its entries. */
struct crl_head {
	struct bytes der;
	uint8_t ca_sha256[32], ca_spki_sha256[32];
};
ERR_FN crl_heads(struct ctx *cx, const char *manufacturer_id,
    struct crl_head **out, size_t *n);

/* Of all makers: lists by their nextUpdate, and places to fetch them from. */
struct crl_sums {
	int64_t current, ended, sources, failing;
};
ERR_FN crl_sum_up(struct ctx *cx, struct crl_sums *out);

/* The first of the names that a list of this maker holds; NULL if none. */
ERR_FN crl_first_listed(struct ctx *cx, const char *manufacturer_id,
    const struct crl_name *v, size_t n, const char **serial_hex);

#endif
