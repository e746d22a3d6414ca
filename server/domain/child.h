/*
 * Sensors behind a hub (SECURITY.md A13), which have no key or no way here of
 * their own: the hub says that one is there, its owner says yes, and the hub
 * trades what it was given for short tokens on the sensor's behalf (token
 * exchange, RFC 8693).  Such a token names the hub as the actor, is bound to
 * the certificate that the hub shows, opens less than the hub itself, and is
 * over with hub, sensor or yes.
 */
#ifndef DOMAIN_CHILD_H
#define DOMAIN_CHILD_H

#include "domain/access.h"
#include "domain/caller.h"
#include "domain/family.h"
#include "domain/touch.h"
#include "store/child.h"

#define GRANT_TOKEN_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
#define CHILD_TOKEN_SECONDS 120
#define CHILD_MOST 256  /* of one hub, waiting or approved */
#define CHILD_SCOPES 64 /* characters of a list of them */

/* "too-many-children", CONFLICT; and "bad-child", INVALID. */
extern const struct err ERR_CHILDREN, ERR_CHILD;

/* What a hub says of a sensor, and what it gets: the token to trade, again
 * for the same serial number. */
struct child_in {
	const char *serial, *name, *scope; /* scope NULL: telemetry */
};
struct child_out {
	const char *id, *state, *scope, *subject_token;
	int64_t expires_at;
};
ERR_FN child_register(struct ctx *cx, const struct device_caller *hub,
    const char *hub_id, const struct child_in *in, struct child_out *out);

/* Those of a hub of this owner. */
ERR_FN child_page(struct ctx *cx, const struct owner_caller *owner,
    const char *hub_id, struct child **out, size_t *n);

/* The same for operators, whosever hub it is and was. */
ERR_FN child_page_any(
    struct ctx *cx, const char *hub_id, struct child **out, size_t *n);

/* The owner's word on one: approve, deny, or release, which ends what was
 * approved (A7). */
struct child_decision {
	const char *hub_id, *id, *decision;
	const struct touch_answer *touch;
};
ERR_FN child_word(struct ctx *cx, const struct owner_caller *owner,
    const struct child_decision *in);

/* RFC 8693 section 2.1; NULL where absent. */
struct exchange_in {
	const char *subject_token, *subject_token_type;
	const char *actor_token, *actor_token_type;
	const char *requested_token_type, *resource, *audience, *scope;
	struct bytes x5t; /* of the certificate that the hub shows */
};
struct exchange_out {
	const char *access_token, *issued_token_type, *token_type, *scope;
	int64_t expires_in;
};
ERR_FN child_exchange(struct ctx *cx, const struct device_caller *hub,
    const struct exchange_in *in, struct exchange_out *out);

/* What a token for a sensor says. */
struct child_claims {
	const char *iss, *sub, *aud, *client_id, *scope, *jti;
	int64_t iat, exp;
	struct child_actor act;
	struct access_cnf cnf;
};
extern const struct json_field child_actor_fields[];

/* RFC 7662 of one, for clients that may know of others' tokens. */
ERR_FN
child_introspect(struct ctx *cx, const char *jwt, struct introspection *out);

#endif
