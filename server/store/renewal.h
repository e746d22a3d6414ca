/*
 * Renewals of certificates.  Each certificate has one successor; once that
 * was used, its predecessor is superseded (SECURITY.md A9).  Issuing is one
 * statement that locks the device and unit rows and looks again (A3).
 */
#ifndef STORE_RENEWAL_H
#define STORE_RENEWAL_H

#include "store/certificate.h"

/* A certificate as it was shown to us, with the state of all it hangs on. */
struct certificate_state {
	const char *device_id, *profile;
	uint8_t key_sha256[32], der_sha256[32];
	bool narrowed; /* this certificate is of quarantine */
	bool revoked;  /* this certificate */
	bool device_owned;
	bool quarantined, refused; /* unit flags; lost, revoked or gone */
	int64_t birth_id;
	const char *model_id, *manufacturer_id;
	bool asks_evidence;       /* the model does */
	const char *unit_serial;  /* may be NULL: listed by key */
	bool first_use;           /* a renewed one not yet seen in use */
	struct bytes predecessor; /* empty: none */
	int64_t predecessor_not_before;
	bool successor_used;        /* so this one is superseded (A9) */
	struct bytes successor_der; /* empty: none */
	struct bytes successor;     /* its serial */
	uint8_t successor_key_sha256[32];
};

extern const struct stmt *const renewal_stmts[];

/* ERR_NOT_FOUND if we never issued it. */
ERR_FN renewal_judge(struct ctx *cx, struct bytes serial, int64_t not_before,
    struct certificate_state *out);

/* Notes that a renewed certificate was used: its predecessor is superseded
 * from now on, and with revoke it is refused everywhere in the same
 * commit. */
ERR_FN renewal_first_use(struct ctx *cx, struct bytes serial,
    int64_t not_before, const struct certificate_state *s, bool revoke);

/* Stores the one successor of a certificate.  *issued false: the device, the
 * unit or the key is no longer good, or there is a successor already. */
ERR_FN
renewal_add(struct ctx *cx, const struct certificate_new *in, bool *issued);

/* Within a transaction: stores the certificate of a device without an owner
 * that has none any more.  *issued false as above, or it has one. */
ERR_FN
renewal_return(struct ctx *cx, const struct certificate_new *in, bool *issued);

#endif
