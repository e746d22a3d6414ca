/*
 * The platform's own broker clients: names, topics, certificates (R7).
 */
#ifndef STORE_SERVICE_H
#define STORE_SERVICE_H

#include "store/db.h"

struct topics {
	const char **v;
	size_t n;
};

struct service {
	const char *name;
	struct topics publish, subscribe;
	struct topics ra_labels; /* whose devices it may renew (A13) */
	int64_t created_at;
	bool withdrawn;
};

struct service_certificate {
	const char *service_name;
	struct bytes serial, der;
	uint8_t key_sha256[32];
	int64_t not_before, not_after;
};

/* Whose certificate it is that was shown to us. */
struct service_holder {
	const char *name;
	uint8_t der_sha256[32];
	struct topics ra_labels;
	bool withdrawn;
};

extern const struct stmt *const service_stmts[];

/* Reads and locks the row until commit, so that topics, certificates and
 * withdrawal exclude each other (as A3 asks for devices); ERR_NOT_FOUND is
 * not logged, found says it. */
ERR_FN service_lock(
    struct ctx *cx, const char *name, bool *found, struct service *out);
ERR_FN service_put(struct ctx *cx, const struct service *s);
ERR_FN service_withdraw(struct ctx *cx, const char *name);
ERR_FN service_list(struct ctx *cx, const char *after, int64_t limit,
    struct service **out, size_t *n);

ERR_FN
service_certificate_add(struct ctx *cx, const struct service_certificate *c);
/* Serials and notAfter of those that have not expired. */
ERR_FN service_certificate_list(struct ctx *cx, const char *name,
    struct service_certificate **out, size_t *n);

/* ERR_NOT_FOUND if we never issued it. */
ERR_FN service_by_certificate(
    struct ctx *cx, struct bytes serial, struct service_holder *out);

#endif
