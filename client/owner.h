/*
 * The owner's side, as a companion app does it: an ES256 key that never
 * leaves the app, a fresh signed bearer for every call, and a decision that
 * is signed over the approval, the word and the digest of the facts that
 * were shown (SECURITY.md A7).
 */
#ifndef CLIENT_OWNER_H
#define CLIENT_OWNER_H

#include "client/api.h"

struct keypair;

struct owner_app {
	struct api api;     /* the service; its bearer is made per call */
	const char *issuer; /* as the service names itself; no final slash */
	const char *id;
	const struct keypair *key;
};

/* What the owner is shown.  Texts that the maker did not give are NULL. */
struct owner_facts {
	const char *manufacturer, *manufacturer_id, *model, *model_id;
	const char *serial, *batch, *made_at, *boot_test, *support_until;
	struct owner_attestation {
		const char *format, *grade, *sw_version;
		const char *secure_boot, *debug;
	} attestation;
	const char *key_sha256; /* of the key to be certified */
	bool seen_before;
	struct json_strs asks;
};

struct owner_approval {
	const char *id, *kind;
	struct owner_facts facts;
	const char *digest;
	const char *account; /* whom the device will belong to */
	int64_t expires_at;
};

struct owner_decision {
	const char *id, *state;
	const char *device_id; /* NULL unless approved */
};

/* For print_record. */
extern const struct json_field owner_approval_fields[];

/* Looks a user code up (RFC 8628 section 3.3); counts as a try. */
ERR_FN owner_lookup(struct ctx *cx, const struct owner_app *app,
    const char *user_code, struct owner_approval *out);

struct owner_claim {
	const char *serial, *claim_code;
	const char *manufacturer; /* NULL: any */
};

/* Claims a device that only speaks EST, by serial and printed code (A6). */
ERR_FN owner_claim(struct ctx *cx, const struct owner_app *app,
    const struct owner_claim *claim, struct owner_approval *out);

/* Signs and sends the decision over what was shown. */
ERR_FN owner_decide(struct ctx *cx, const struct owner_app *app,
    const struct owner_approval *shown, bool approve,
    struct owner_decision *out);

/* The public key as PEM (RFC 7468 section 13), for owner registration. */
const char *owner_key_pem(struct ctx *cx, const struct keypair *key);

#endif
