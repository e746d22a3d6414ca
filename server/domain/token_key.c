#include "domain/token_key.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/jwk.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "domain/kept.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "pki/keydir.h"
#include "pki/mac.h"

#define VERIFIED_SECONDS 300
#define THUMBPRINT_TEXT 44 /* base64url of SHA-256, and NUL */

struct jwks_out {
	struct json_list keys;
};

static const struct json_field jwks_fields[] = {
	JSON_F_LIST(jwks_out, keys, KEYDIR_MAX, jwk_public, jwk_public_fields),
	JSON_END,
};

struct token_keys {
	pthread_mutex_t lock;
	struct shared *now; /* under lock */
	char *dir;
	struct timespec changed;
};

/* The public half of a key, made once. */
struct published {
	uint8_t x[32], y[32];
	char kid[THUMBPRINT_TEXT];
};

/* What threads hold while they use it; freed by the last. */
struct shared {
	struct keydir *keys;
	struct published pub[KEYDIR_MAX];
	size_t holders; /* under lock */
};

static struct timespec
changed_at(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 ? st.st_mtim : (struct timespec){ 0 };
}

/* The index of the key that signs at a time, or n. */
static size_t
signing(const struct keydir *kd, int64_t now)
{
	size_t i, found = kd->n;

	for (i = 0; i < kd->n && kd->v[i].from <= now; i++)
		found = i;
	return found;
}

static bool
is_published(const struct keydir *kd, size_t i, int64_t now)
{
	return i + 1 >= kd->n || kd->v[i + 1].from + KEYDIR_LINGERS > now;
}

/* The directory's keys, of which one must sign. */
static struct keydir *
load(const char *dir, int64_t now, char why[256])
{
	struct keydir *kd = keydir_load(dir, why);

	if (kd == NULL || signing(kd, now) < kd->n)
		return kd;
	(void)snprintf(why, 256,
	    "%.180s: no key that signs already; see: latchkey keys rotate",
	    dir);
	keydir_free(kd);
	return NULL;
}

static struct jwk_public
jwk_of(const struct published *p)
{
	return (struct jwk_public){ .kty = "EC",
		.crv = "P-256",
		.x = BYTES_OF(p->x),
		.y = BYTES_OF(p->y),
		.use = "sig",
		.alg = "ES256",
		.kid = p->kid };
}

/* The kid is the thumbprint, RFC 7638. */
static void
publish(struct ctx *cx, const struct keypair *kp, struct published *out)
{
	uint8_t hash[SHA256_BYTES];
	struct jwk_public jwk;
	struct bytes x, y;

	must(key_point_p256(cx, keypair_spki(cx, kp), &x, &y) == NULL);
	memcpy(out->x, x.p, sizeof(out->x));
	memcpy(out->y, y.p, sizeof(out->y));
	jwk = jwk_of(out);
	digest_sha256(jwk_thumbprint_input(cx, &jwk), hash);
	(void)snprintf(out->kid, sizeof(out->kid), "%s",
	    bytes_b64u(cx->arena, BYTES_OF(hash)));
}

static struct shared *
share(struct keydir *kd)
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx cx = { .arena = a };
	struct shared *s = mem_new(1, sizeof(*s));
	size_t i;

	s->keys = kd;
	s->holders = 1;
	for (i = 0; i < kd->n; i++)
		publish(&cx, kd->v[i].kp, &s->pub[i]);
	return s;
}

struct token_keys *
token_keys_open(const char *dir, int64_t now, char why[256])
{
	struct timespec changed = changed_at(dir);
	struct keydir *kd = load(dir, now, why);
	struct token_keys *tk;

	if (kd == NULL)
		return NULL;
	tk = mem_new(1, sizeof(*tk));
	must(pthread_mutex_init(&tk->lock, NULL) == 0);
	tk->now = share(kd);
	tk->dir = mem_strdup(dir);
	tk->changed = changed;
	return tk;
}

static struct shared *
hold(struct token_keys *tk)
{
	struct shared *s;

	must(pthread_mutex_lock(&tk->lock) == 0);
	s = tk->now;
	s->holders++;
	must(pthread_mutex_unlock(&tk->lock) == 0);
	return s;
}

static void
drop(struct token_keys *tk, struct shared *s)
{
	bool last;

	must(pthread_mutex_lock(&tk->lock) == 0);
	last = --s->holders == 0;
	must(pthread_mutex_unlock(&tk->lock) == 0);
	if (!last)
		return;
	keydir_free(s->keys);
	mem_free(s);
}

void
token_keys_free(struct token_keys *tk)
{
	if (tk == NULL)
		return;
	drop(tk, tk->now);
	must(pthread_mutex_destroy(&tk->lock) == 0);
	mem_free(tk->dir);
	mem_free(tk);
}

void
token_keys_reload(struct token_keys *tk, int64_t now)
{
	struct timespec changed = changed_at(tk->dir);
	struct shared *old;
	struct keydir *kd;
	char why[256];

	if (changed.tv_sec == tk->changed.tv_sec &&
	    changed.tv_nsec == tk->changed.tv_nsec)
		return;
	tk->changed = changed;
	kd = load(tk->dir, now, why);
	if (kd == NULL) {
		LOG(NULL, "token_keys.reload_failed", LOG_S("reason", why));
		return;
	}
	must(pthread_mutex_lock(&tk->lock) == 0);
	old = tk->now;
	tk->now = share(kd);
	must(pthread_mutex_unlock(&tk->lock) == 0);
	LOG(NULL, "token_keys.reloaded", LOG_I("n", (int64_t)kd->n));
	drop(tk, old);
}

static ERR_FN
sign_with(struct ctx *cx, const struct shared *s, const char *typ,
    struct bytes claims, const char **jwt)
{
	size_t i = signing(s->keys, cx->now);
	const struct err *e;
	const char *input;
	struct bytes sig;

	/* The clock went back behind the first key. */
	if (i == s->keys->n)
		return fail(cx, &ERR_INTERNAL, "no key signs at this time");
	input = jws_input(cx, typ, s->pub[i].kid, claims);
	e = keypair_sign_es256(cx, s->keys->v[i].kp, bytes_str(input), &sig);
	if (e == NULL)
		*jwt = jws_join(cx, input, sig);
	return e;
}

const struct err *
token_sign(
    struct ctx *cx, const char *typ, struct bytes claims, const char **jwt)
{
	struct shared *s = hold(cx->svc->token_keys);
	const struct err *e = sign_with(cx, s, typ, claims, jwt);

	drop(cx->svc->token_keys, s);
	return e;
}

/* Copies what is published now; at most KEYDIR_MAX. */
static size_t
copy_published(struct ctx *cx, struct published out[KEYDIR_MAX])
{
	struct shared *s = hold(cx->svc->token_keys);
	size_t i, n = 0;

	for (i = 0; i < s->keys->n; i++)
		if (is_published(s->keys, i, cx->now))
			out[n++] = s->pub[i];
	drop(cx->svc->token_keys, s);
	return n;
}

/* The signature, whose mathematics is the same each time that it is shown,
 * and is all that is remembered of it (SECURITY.md A4). */
static ERR_FN
verify_with(struct ctx *cx, const char *jwt, const struct published *pub,
    const char *typ, struct bytes *claims)
{
	struct bytes parts[] = { BYTES_OF(pub->x), BYTES_OF(pub->y),
		bytes_str(typ), bytes_str(jwt) };
	struct kept *kept = cx->svc->verified;
	const struct err *e;
	uint8_t key[KEPT_KEY];
	struct bytes known;

	mac_compute(cx->svc->mac, "verified-token", parts, 4, key);
	if (kept_get(kept, key, cx->now, cx->arena, &known))
		return NULL;
	e = jws_verify_es256(
	    cx, jwt, BYTES_OF(pub->x), BYTES_OF(pub->y), typ, claims);
	if (e == NULL)
		kept_put(kept, key, bytes_str("y"), cx->now + VERIFIED_SECONDS,
		    kept_mark(kept));
	return e;
}

const struct err *
token_verify(
    struct ctx *cx, const char *jwt, const char *typ, struct bytes *claims)
{
	struct published pub[KEYDIR_MAX];
	size_t i, n = copy_published(cx, pub);
	struct jws_head head;
	const struct err *e = jws_peek(cx, jwt, &head);

	if (e != NULL)
		return e;
	*claims = head.payload;
	for (i = 0; i < n; i++)
		if (head.kid != NULL && strcmp(head.kid, pub[i].kid) == 0)
			return verify_with(cx, jwt, &pub[i], typ, claims);
	return fail(cx, &ERR_BAD_JWS, "JWS: kid is none of our keys");
}

const struct err *
token_jwks(struct ctx *cx, struct bytes *json)
{
	struct published pub[KEYDIR_MAX];
	struct jwk_public keys[KEYDIR_MAX];
	struct jwks_out out = { { keys, copy_published(cx, pub) } };
	size_t i;

	for (i = 0; i < out.keys.n; i++)
		keys[i] = jwk_of(&pub[i]);
	return json_write(cx, jwks_fields, &out, json);
}
