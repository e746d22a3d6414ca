/*
 * Apps: what operators say of them, and how they show who they are.  Public
 * clients show nothing and prove each code with PKCE; a client with a key
 * signs an assertion (RFC 7523, private_key_jwt), or shows it in TLS
 * (RFC 8705 section 2.2, self_signed_tls_client_auth).
 */
#ifndef DOMAIN_CLIENT_H
#define DOMAIN_CLIENT_H

#include "codec/json.h"
#include "domain/caller.h"
#include "domain/client_text.h"
#include "store/client.h"

extern const struct err ERR_CLIENT;      /* INVALID "bad-client" */
extern const struct err ERR_CLIENT_GONE; /* CONFLICT */

#define CLIENT_URIS 16 /* redirect URIs, origins or apps of a client */

/* A client as operators see it. */
struct client_view {
	const char *id, *name, *scope;
	const char *key; /* PEM, or NULL: a public client */
	struct json_strs redirect_uris, origins, android_apps, ios_apps;
	bool introspects;
	int64_t created_at;
};

/* Adds the client or replaces it.  Each redirect URI is https with a host, or
 * http at a loopback address without a port; none has a fragment. */
ERR_FN client_set(struct ctx *cx, const struct admin_caller *by,
    const struct client_view *in, bool *created);

/* A page of those that were not withdrawn. */
ERR_FN client_page(struct ctx *cx, const char *after, int64_t limit,
    struct client_view **out, size_t *n);

/* One of them; ERR_NOT_FOUND. */
ERR_FN
client_show(struct ctx *cx, const char *id, struct client_view *out);

/* What all of them are at home with, each once, in order. */
ERR_FN client_names(
    struct ctx *cx, enum client_list_kind what, const char ***out, size_t *n);

/* Whether a browser's page of that origin is the client's, or (NULL) any
 * client's; what is no origin is nobody's. */
ERR_FN client_is_at(
    struct ctx *cx, const char *client_id, const char *origin, bool *is);

/* Withdraws it: what it was given is of no use any more. */
ERR_FN
client_remove(struct ctx *cx, const struct admin_caller *by, const char *id);

/* What the client's apps and pages are to WebAuthn, NULL at the end: its
 * origins, "android:apk-key-hash:..." for each app of Android, and, with one of
 * iOS, the relying party's own. */
const char *const *
client_origins(struct ctx *cx, const struct client *c, const char *rp_id);

/* What a request says of its client; NULL where absent. */
struct client_proof {
	const char *client_id, *assertion_type, *assertion;
	const struct peer *peer;
};

/* Finds and authenticates the client, RFC 6749 section 2.3; each assertion
 * counts once.  ERR_INVALID_CLIENT otherwise. */
ERR_FN client_authenticate(
    struct ctx *cx, const struct client_proof *in, struct client *out);

/* The two parts of that: who it says it is (the parameter may be left out
 * beside an assertion, whose subject it must be otherwise, RFC 7521 section
 * 4.2), and whether it is the client that was found. */
ERR_FN
client_claimed(struct ctx *cx, const struct client_proof *in, const char **id);
ERR_FN client_prove(
    struct ctx *cx, const struct client_proof *in, const struct client *c);

#endif
