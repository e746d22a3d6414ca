#include "domain/idp.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/trace.h"
#include "codec/json.h"
#include "codec/jwks.h"
#include "domain/svc.h"
#include "fetch/fetch.h"

#define AGAIN_US (3600 * INT64_C(1000000))
#define AT_MOST_EVERY_US (30 * INT64_C(1000000)) /* and after a failure */
#define KEPT_US (24 * AGAIN_US)                  /* while they cannot be had */
#define DOCUMENT (64 * (size_t)KIB)
#define FETCH_ARENA (2 * (size_t)MIB)
#define SKEW_SECONDS 30
#define CLAIM_TEXT 1024
#define AUDIENCES 16

static const struct err ERR_IDP = { KIND_UNAVAILABLE, "idp-unavailable",
	"The keys of the identity provider are being fetched: try again." };

struct idp {
	pthread_t thread;
	const struct svc *svc;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	bool stop, asked, fetching;
	int64_t tried_us, fetched_us; /* 0: never */
	struct arena *arena;          /* of keys */
	struct jwks_key keys[JWKS_MAX];
	size_t n;
	struct trace trace; /* of the request that asked */
	char trace_state[TRACE_STATE_MAX + 1];
};

struct metadata {
	const char *issuer, *jwks_uri;
};

static const struct json_field metadata_fields[] = {
	JSON_F_STR(metadata, issuer, CLAIM_TEXT, true),
	JSON_F_STR(metadata, jwks_uri, CLAIM_TEXT, true),
	JSON_END,
};

/* OpenID Connect Discovery section 4.3: it has to say that it is who we
 * asked. */
static ERR_FN
find_jwks(struct ctx *cx, struct fetch_from *from)
{
	const char *issuer = cx->svc->set.idp_issuer;
	struct fetch_from document = *from;
	struct metadata m = { 0 };
	const struct err *e;
	struct bytes json;

	from->url = cx->svc->set.idp_jwks;
	if (*from->url != '\0')
		return NULL;
	document.url = arena_printf(
	    cx->arena, "%s/.well-known/openid-configuration", issuer);
	e = fetch_safely(cx, &document, &json);
	if (e == NULL)
		e = json_read_open(cx, json, metadata_fields, &m);
	if (e == NULL && strcmp(m.issuer, issuer) != 0)
		e = fail(cx, &ERR_IDP, "metadata of another issuer");
	from->url = m.jwks_uri;
	return e;
}

static ERR_FN
fetch(struct ctx *cx, struct jwks_key keys[JWKS_MAX], size_t *n)
{
	const char *ca = cx->svc->set.idp_ca;
	struct fetch_from from = { .ca = *ca == '\0' ? NULL : ca,
		.max = DOCUMENT };
	const struct err *e = find_jwks(cx, &from);
	struct bytes json;

	if (e == NULL)
		e = fetch_safely(cx, &from, &json);
	if (e == NULL)
		e = jwks_read(cx, json, keys, n);
	if (e == NULL && *n == 0)
		e = fail(cx, &ERR_IDP, "no key that is accepted");
	return e;
}

static void
copy_key(struct arena *a, const struct jwks_key *from, struct jwks_key *to)
{
	*to = (struct jwks_key){ .kid = arena_strdup(a, from->kid),
		.rsa = from->rsa,
		.alg = from->alg == NULL ? NULL : arena_strdup(a, from->alg),
		.x = bytes_dup(a, from->x),
		.y = bytes_dup(a, from->y),
		.n = bytes_dup(a, from->n),
		.e = bytes_dup(a, from->e) };
}

/* Under lock. */
static void
replace(struct idp *idp, const struct jwks_key *keys, size_t n)
{
	size_t i;

	arena_reset(idp->arena);
	for (i = 0; i < n; i++)
		copy_key(idp->arena, &keys[i], &idp->keys[i]);
	idp->n = n;
}

/* One fetch, without the lock but at its end, where it is taken again. */
static void
fetch_now(struct idp *idp, struct ctx *cx)
{
	struct jwks_key keys[JWKS_MAX];
	const struct err *e;
	size_t n = 0;

	arena_reset(cx->arena);
	cx->now = clock_now();
	e = fetch(cx, keys, &n);
	if (e == NULL)
		LOG(cx, "idp.keys", LOG_I("n", (int64_t)n));
	else
		LOG(cx, "idp.fetch_failed", LOG_S("reason", cx->reason));
	must(pthread_mutex_lock(&idp->lock) == 0);
	idp->tried_us = clock_mono_us();
	if (e == NULL) {
		replace(idp, keys, n);
		idp->fetched_us = idp->tried_us;
	} else if (idp->tried_us - idp->fetched_us > KEPT_US) {
		replace(idp, NULL, 0);
	}
}

/* When the next fetch is due, by itself. */
static int64_t
due_us(const struct idp *idp)
{
	if (idp->tried_us == 0)
		return 0;
	return idp->tried_us +
	       (idp->tried_us == idp->fetched_us ? AGAIN_US : AT_MOST_EVERY_US);
}

/* Under lock: waits until there is something to do; false at the end. */
static bool
wait_turn(struct idp *idp)
{
	while (!idp->stop && !idp->asked && clock_mono_us() < due_us(idp)) {
		int64_t until = due_us(idp);
		struct timespec at = { until / 1000000,
			until % 1000000 * 1000 };

		(void)pthread_cond_timedwait(&idp->wake, &idp->lock, &at);
	}
	return !idp->stop;
}

/* Part of the call that asked for it, or of its own.  Under lock. */
static void
begin_trace(
    const struct idp *idp, struct trace *out, char state[TRACE_STATE_MAX + 1])
{
	char uuid[UUID_TEXT_BYTES];

	rng_uuid(uuid);
	trace_begin(out, uuid, NULL, NULL);
	if (idp->asked)
		trace_copy(&idp->trace, out, state);
}

static void *
run(void *arg)
{
	struct idp *idp = arg;
	AUTO_STRUCT(arena) *arena = arena_new(FETCH_ARENA);
	char state[TRACE_STATE_MAX + 1];
	struct trace trace;
	struct ctx cx = {
		.arena = arena, .svc = idp->svc, .rid = "idp", .trace = &trace
	};

	must(pthread_mutex_lock(&idp->lock) == 0);
	while (wait_turn(idp)) {
		begin_trace(idp, &trace, state);
		idp->asked = false;
		idp->fetching = true;
		must(pthread_mutex_unlock(&idp->lock) == 0);
		fetch_now(idp, &cx);
		idp->fetching = false;
	}
	must(pthread_mutex_unlock(&idp->lock) == 0);
	return NULL;
}

struct idp *
idp_start(const struct svc *svc)
{
	pthread_condattr_t monotonic;
	struct idp *idp;

	if (*svc->set.idp_issuer == '\0')
		return NULL;
	idp = mem_new(1, sizeof(*idp));
	idp->svc = svc;
	idp->arena = arena_new(FETCH_ARENA);
	must(pthread_mutex_init(&idp->lock, NULL) == 0);
	must(pthread_condattr_init(&monotonic) == 0);
	must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&idp->wake, &monotonic) == 0);
	must(pthread_condattr_destroy(&monotonic) == 0);
	must(pthread_create(&idp->thread, NULL, run, idp) == 0);
	return idp;
}

void
idp_stop(struct idp *idp)
{
	if (idp == NULL)
		return;
	must(pthread_mutex_lock(&idp->lock) == 0);
	idp->stop = true;
	must(pthread_cond_signal(&idp->wake) == 0);
	must(pthread_mutex_unlock(&idp->lock) == 0);
	must(pthread_join(idp->thread, NULL) == 0);
	must(pthread_cond_destroy(&idp->wake) == 0);
	must(pthread_mutex_destroy(&idp->lock) == 0);
	arena_free(idp->arena);
	mem_free(idp);
}

enum found {
	FOUND,
	UNKNOWN,
	WAIT, /* it is asked for, or nothing could be fetched so far */
};

/* Under lock: has the set fetched for a key that it lacked. */
static enum found
ask_for(struct idp *idp, const struct ctx *cx)
{
	if (!idp->fetching && !idp->asked && idp->tried_us != 0 &&
	    clock_mono_us() - idp->tried_us < AT_MOST_EVERY_US)
		return idp->n == 0 ? WAIT : UNKNOWN;
	if (!idp->fetching && !idp->asked) {
		idp->asked = true;
		trace_copy(cx->trace, &idp->trace, idp->trace_state);
		must(pthread_cond_signal(&idp->wake) == 0);
	}
	return WAIT;
}

static enum found
find_key(struct idp *idp, const struct ctx *cx, const char *kid,
    struct jwks_key *out)
{
	enum found found = UNKNOWN;
	size_t i;

	must(pthread_mutex_lock(&idp->lock) == 0);
	for (i = 0; i < idp->n && found != FOUND; i++) {
		if (strcmp(idp->keys[i].kid, kid) != 0)
			continue;
		copy_key(cx->arena, &idp->keys[i], out);
		found = FOUND;
	}
	if (found != FOUND)
		found = ask_for(idp, cx);
	must(pthread_mutex_unlock(&idp->lock) == 0);
	return found;
}

struct claims {
	const char *iss, *sub, *client_id, *jti, *scope, *acr;
	const char *aud; /* JSON: text, or a list of it */
	int64_t iat, exp, nbf, auth_time;
	struct access_cnf cnf;
};

static const struct json_field claims_fields[] = {
	JSON_F_STR(claims, iss, CLAIM_TEXT, true),
	JSON_F_STR(claims, sub, 255, true),
	JSON_F_STR(claims, client_id, CLAIM_TEXT, true),
	JSON_F_STR(claims, jti, CLAIM_TEXT, true),
	JSON_F_STR(claims, scope, CLAIM_TEXT, false),
	JSON_F_STR(claims, acr, CLAIM_TEXT, false),
	JSON_F_RAW(claims, aud, LIMIT_JWS, true),
	JSON_F_INT(claims, iat, INT64_MAX, true),
	JSON_F_INT(claims, exp, INT64_MAX, true),
	JSON_F_INT(claims, nbf, INT64_MAX, false),
	JSON_F_INT(claims, auth_time, INT64_MAX, false),
	JSON_F_OBJ(claims, cnf, access_cnf_fields, false),
	JSON_END,
};

struct named {
	const char *iss, *cnf;
};

static const struct json_field named_fields[] = {
	JSON_F_STR(named, iss, CLAIM_TEXT, true),
	JSON_F_RAW(named, cnf, LIMIT_JWS, false),
	JSON_END,
};

bool
idp_is_issuer(struct ctx *cx, const char *token)
{
	struct named c = { 0 };
	struct jws_head head;

	return cx->svc->idp != NULL && jwks_peek(cx, token, &head) == NULL &&
	       json_refusal(cx, head.payload, named_fields, true, &c) == NULL &&
	       strcmp(c.iss, cx->svc->set.idp_issuer) == 0;
}

struct audiences {
	struct json_strs aud;
};

static const struct json_field audiences_fields[] = {
	JSON_F_STRS(audiences, aud, AUDIENCES, CLAIM_TEXT, true),
	JSON_END,
};

/* RFC 7519 section 4.1.3. */
static bool
is_for_us(struct ctx *cx, const char *aud)
{
	const char *ours = cx->svc->set.idp_audience;
	struct audiences all = { { NULL, 0 } };
	const char *list = aud;
	size_t i;

	if (*ours == '\0')
		ours = cx->svc->set.issuer;
	if (*aud != '[')
		list = arena_printf(cx->arena, "[%s]", aud);
	if (json_refusal(cx,
		bytes_str(arena_printf(cx->arena, "{\"aud\":%s}", list)),
		audiences_fields, true, &all) != NULL)
		return false;
	for (i = 0; i < all.aud.n; i++)
		if (strcmp(all.aud.v[i], ours) == 0)
			return true;
	return false;
}

static ERR_FN
check_claims(struct ctx *cx, const struct claims *c, struct bytes payload)
{
	struct named n = { 0 };

	if (strcmp(c->iss, cx->svc->set.idp_issuer) != 0)
		return fail(cx, &ERR_ACCESS_TOKEN, "iss is another");
	if (!is_for_us(cx, c->aud))
		return fail(cx, &ERR_ACCESS_TOKEN, "aud is another");
	if (c->exp <= cx->now || c->iat > cx->now + SKEW_SECONDS ||
	    c->nbf > cx->now + SKEW_SECONDS ||
	    c->auth_time > cx->now + SKEW_SECONDS)
		return fail(
		    cx, &ERR_ACCESS_TOKEN, "expired, or from the future");
	if (*c->sub == '\0')
		return fail(cx, &ERR_ACCESS_TOKEN, "sub is empty");
	/* Bound in a way that cannot be checked here (H2). */
	if (json_refusal(cx, payload, named_fields, true, &n) != NULL ||
	    (n.cnf != NULL && c->cnf.jkt.n == 0 && c->cnf.x5t.n == 0))
		return fail(cx, &ERR_ACCESS_TOKEN, "cnf of another kind");
	return NULL;
}

/* RFC 9068 section 4; media types are compared as RFC 7515 section 4.1.9
 * has it. */
static bool
is_access_token(const struct jws_head *head)
{
	return head->typ != NULL &&
	       (strcasecmp(head->typ, "at+jwt") == 0 ||
		   strcasecmp(head->typ, "application/at+jwt") == 0);
}

static ERR_FN
check_signature(struct ctx *cx, const char *token, const struct jws_head *head)
{
	struct jwks_key key;

	if (!is_access_token(head) || head->kid == NULL)
		return fail(cx, &ERR_ACCESS_TOKEN, "typ, or no kid");
	switch (find_key(cx->svc->idp, cx, head->kid, &key)) {
	case FOUND:
		break;
	case WAIT:
		cx->retry_after = 1;
		return fail(cx, &ERR_IDP, "key is looked for");
	case UNKNOWN:
		return fail(cx, &ERR_ACCESS_TOKEN, "kid is not the issuer's");
	}
	return jwks_verify(cx, token, &key) == NULL ? NULL : &ERR_ACCESS_TOKEN;
}

const struct err *
idp_judge(struct ctx *cx, const char *token, struct idp_claims *out)
{
	struct claims c = { .scope = "" };
	const struct err *e;
	struct jws_head head;

	if (jwks_peek(cx, token, &head) != NULL ||
	    json_read_open(cx, head.payload, claims_fields, &c) != NULL)
		return &ERR_ACCESS_TOKEN;
	/* What costs nothing first: nobody has us fetch keys for the dead. */
	e = check_claims(cx, &c, head.payload);
	if (e == NULL)
		e = check_signature(cx, token, &head);
	if (e == NULL)
		*out = (struct idp_claims){ c.sub, c.scope, c.cnf, c.acr,
			c.auth_time };
	return e;
}

static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (; *words != '\0'; words += strspn(words, " ")) {
		size_t len = strcspn(words, " ");

		if (len == n && strncmp(words, word, n) == 0)
			return true;
		words += len;
	}
	return false;
}

bool
idp_has_stepped_up(struct ctx *cx, const struct idp_claims *c)
{
	const struct settings *set = &cx->svc->set;

	if (c->auth_time == 0 || cx->now - c->auth_time > set->idp_max_age)
		return false;
	return *set->idp_acr == '\0' ||
	       (c->acr != NULL && has_word(set->idp_acr, c->acr));
}
