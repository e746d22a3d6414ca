#include "domain/operator.h"

#include <string.h>

#include "base/arena.h"
#include "domain/kept.h"
#include "domain/svc.h"
#include "pki/admin_token.h"
#include "pki/digest.h"
#include "store/admin_token.h"
#include "store/event.h"

/* For so long after the database vouched for it. */
#define SCRAPER_SECONDS (INT64_C(86400))

const struct err ERR_ADMIN_TOKEN = { KIND_UNAUTHENTICATED, "unauthenticated",
	"A valid operator's token is needed." };
const struct err ERR_ADMIN_BINDING = { KIND_UNAUTHENTICATED, "token-binding",
	"This token is good only over TLS with the certificate that it was "
	"made for." };
const struct err ERR_ADMIN_SCOPE = { KIND_FORBIDDEN, "scope",
	"This token may not do that." };

bool
operator_token_is_ours(struct ctx *cx, const char *token)
{
	struct admin_token_key key;

	return token != NULL &&
	       admin_token_parse(cx->svc->mac, bytes_str(token), &key);
}

/* One word of the stored scopes; what is not known grants nothing. */
static void
grant(struct ctx *cx, struct bytes word, struct admin_caller *out)
{
	static const struct {
		const char *name;
		unsigned scopes;
	} known[] = {
		{ "metrics", SCOPE_METRICS },
		{ "read", SCOPE_READ },
		{ "registry", SCOPE_READ | SCOPE_REGISTRY | SCOPE_IMPORT },
		{ "revoke", SCOPE_READ | SCOPE_REVOKE },
		{ "lift", SCOPE_READ | SCOPE_LIFT },
		{ "keys", SCOPE_READ | SCOPE_KEYS },
		{ "tokens", SCOPE_READ | SCOPE_TOKENS },
	};
	static const char maker[] = "manufacturer:";
	const size_t nmaker = sizeof(maker) - 1;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (bytes_eq(word, bytes_str(known[i].name)))
			out->scopes |= known[i].scopes;
	if (word.n > nmaker &&
	    bytes_eq((struct bytes){ word.p, nmaker }, bytes_str(maker))) {
		out->scopes |= SCOPE_IMPORT;
		out->only_manufacturer = bytes_to_str(cx->arena,
		    (struct bytes){ word.p + nmaker, word.n - nmaker });
	}
}

static void
read_scopes(struct ctx *cx, const char *scopes, struct admin_caller *out)
{
	const char *p, *end;

	for (p = scopes;; p = end + 1) {
		end = strchrnul(p, ' ');
		grant(cx,
		    (struct bytes){ (const uint8_t *)p, (size_t)(end - p) },
		    out);
		if (*end == '\0')
			return;
	}
}

/* A token without its certificate is one that was stolen, or is about to be:
 * its record is owed. */
static ERR_FN
refuse_binding(struct ctx *cx, const struct err *e, const char *token_id)
{
	const struct err *failed =
	    event_add(cx, &(struct event){ .kind = "operator.refused",
			      .admin_token_id = token_id,
			      .code = e->code,
			      .detail = cx->reason });

	return failed != NULL ? failed : e;
}

static ERR_FN
check_binding(struct ctx *cx, const struct admin_token *t,
    const struct peer *peer, unsigned scopes)
{
	uint8_t shown[SHA256_BYTES];

	if (t->cert_sha256.n == 0) {
		/* Who scrapes reads numbers and changes nothing. */
		if (cx->svc->set.unbound_tokens || scopes == SCOPE_METRICS)
			return NULL;
		return fail(cx, &ERR_ADMIN_BINDING,
		    "token %s is bound to no certificate", t->id);
	}
	if (peer->n == 0)
		return fail(cx, &ERR_ADMIN_BINDING,
		    "token %s came without a certificate", t->id);
	digest_sha256(peer->chain[0], shown);
	return bytes_eq(BYTES_OF(shown), t->cert_sha256)
		   ? NULL
		   : fail(cx, &ERR_ADMIN_BINDING,
			 "token %s came with another certificate", t->id);
}

/* Whether it is one, and lives. */
static ERR_FN
find_token(
    struct ctx *cx, const struct admin_token_key *key, struct admin_token *t)
{
	const struct err *e = admin_token_get(cx, key->id, t);

	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_ADMIN_TOKEN, "operator: unknown token");
	if (e != NULL)
		return e;
	if (!bytes_eq(BYTES_OF(key->mac), BYTES_OF(t->mac)))
		return fail(cx, &ERR_ADMIN_TOKEN, "operator: wrong secret");
	if (t->withdrawn_at != 0)
		return fail(cx, &ERR_ADMIN_TOKEN, "operator: withdrawn");
	if (t->expires_at <= cx->now)
		return fail(cx, &ERR_ADMIN_TOKEN, "operator: expired");
	return NULL;
}

void
operator_as(
    struct ctx *cx, const struct admin_token *t, struct admin_caller *out)
{
	*out = (struct admin_caller){ .token_id = t->id,
		.name = t->name,
		.cert_sha256 = t->cert_sha256 };
	read_scopes(cx, t->scopes, out);
}

/* Remembers who scrapes, and is bound to nothing that would have to be
 * looked at again. */
static void
remember(struct ctx *cx, const struct admin_token_key *key,
    const struct admin_token *t, uint64_t mark)
{
	int64_t until = cx->now + SCRAPER_SECONDS;

	kept_put(cx->svc->scrapers, key->mac, bytes_str(t->id),
	    until < t->expires_at ? until : t->expires_at, mark);
}

/* e: what the database has to say, or that it says nothing. */
static ERR_FN
without_token(struct ctx *cx, const struct admin_token_key *key,
    const struct err *e, unsigned scope, struct admin_caller *out)
{
	struct bytes id;

	if (e->kind != KIND_UNAVAILABLE)
		kept_forget(cx->svc->scrapers);
	else if ((scope & SCOPE_METRICS) != 0 &&
		 kept_get(
		     cx->svc->scrapers, key->mac, cx->now, cx->arena, &id)) {
		*out = (struct admin_caller){ .token_id =
						  bytes_to_str(cx->arena, id),
			.name = "",
			.scopes = SCOPE_METRICS };
		return NULL;
	}
	return e;
}

const struct err *
operator_judge(struct ctx *cx, const struct admin_call *call, unsigned scope,
    struct admin_caller *out)
{
	uint64_t mark = kept_mark(cx->svc->scrapers);
	struct admin_token_key key;
	struct admin_token t;
	const struct err *e;

	*out = (struct admin_caller){ 0 };
	if (!admin_token_parse(cx->svc->mac,
		call->token == NULL ? BYTES_NONE : bytes_str(call->token),
		&key))
		return fail(cx, &ERR_ADMIN_TOKEN, "operator: not our token");
	e = find_token(cx, &key, &t);
	if (e != NULL)
		return without_token(cx, &key, e, scope, out);
	operator_as(cx, &t, out);
	e = check_binding(cx, &t, call->peer, out->scopes);
	if (e != NULL)
		return refuse_binding(cx, e, t.id);
	if (out->scopes == SCOPE_METRICS && t.cert_sha256.n == 0)
		remember(cx, &key, &t, mark);
	if ((out->scopes & scope) == 0)
		return fail(cx, &ERR_ADMIN_SCOPE,
		    "token %s has the scopes \"%s\", which do not allow this",
		    t.id, t.scopes);
	return NULL;
}
