/*
 * What the files of path validation share: one search, with everything that
 * was read for it.
 */
#ifndef PKI_PATH_INTERNAL_H
#define PKI_PATH_INTERNAL_H

#include "pki/path.h"

struct path_search {
	const struct path_input *in;
	const struct path_rules *rules;
	struct path_cert *anchor, *pool;
	size_t n_anchors, n_pool;
	struct crl *crl;
	size_t n_crls;
	size_t checks;             /* signatures that may still be verified */
	size_t nesting;            /* paths of issuers of lists within paths */
	const struct err *refusal; /* of the first path to an anchor */
	const char *reason;
};

/* Finds a path from target that rules accept, to only (NULL: any anchor). */
ERR_FN path_find(struct ctx *cx, struct path_search *s,
    const struct path_cert *target, const struct path_rules *rules,
    const struct path_cert *only, struct path *out);

/* Whether issuer's key signed c; counted. */
bool path_signed(struct path_search *s, const struct path_cert *c,
    const struct path_cert *issuer);

/* Judges one path (path_judge.c). */
ERR_FN path_judge(
    struct ctx *cx, const struct path_rules *rules, const struct path *path);

/* What section 4 asks of one certificate (path_profile.c). */
ERR_FN path_profile(struct ctx *cx, const struct path_rules *rules,
    const struct path_cert *c, bool anchor);

/* Purposes of one certificate (path_profile.c). */
ERR_FN path_purpose(struct ctx *cx, const struct path_rules *rules,
    const struct path_cert *c, bool leaf, bool anchor);

/* Judges a path by the lists (path_revocation.c). */
ERR_FN path_revocation(struct ctx *cx, struct path_search *s,
    const struct path_rules *rules, const struct path *path);

#endif
