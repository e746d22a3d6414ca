#include "pki/ca_rotate.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/build.h"
#include "pki/cert.h"
#include "pki/key_internal.h"
#include "pki/keyfile.h"
#include "pki/signer_internal.h"

#define DAY INT64_C(86400)
#define ROOT_DAYS 3652 /* 10 years, as pki/ca */

/* Copies a file that is not there yet. */
static bool
keep(const char *from, const char *to, bool secret, char why[256])
{
	struct keyfile text;
	bool ok;

	if (access(to, F_OK) == 0)
		return true;
	if (!keyfile_read(from, secret, &text, why))
		return false;
	ok = keyfile_create(to, secret ? 0600 : 0644,
	    (struct bytes){ (const uint8_t *)text.p, text.n }, why);
	keyfile_free(&text);
	return ok;
}

bool
ca_rotate_issuing(const struct ca_places *at, const char *name, char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	const char *dir = at->dir, *to = at->issuers_dir;

	/* The key first: a certificate without one stops the service. */
	return ca_issuing(at, name, why) &&
	       keep(arena_printf(a, "%s/issuing.key", dir),
		   arena_printf(a, "%s/issuing.key", to), true, why) &&
	       keep(arena_printf(a, "%s/issuing.crt", dir),
		   arena_printf(a, "%s/issuing.crt", to), false, why);
}

/* The four certificates as PEM. */
static const char *
root_update(
    struct ctx *cx, const struct signer *old, const struct keypair *next)
{
	struct build_like b = { .model = old->cert,
		.spki = keypair_spki(cx, next),
		.not_before = cx->now - DAY,
		.not_after = cx->now + ROOT_DAYS * DAY };
	AUTO(X509) *built = build_like(&b, NULL, next->key);
	AUTO_STRUCT(signer) *new = NULL;
	AUTO(X509) *old_with_new = NULL;
	AUTO(X509) *new_with_old = NULL;
	struct bytes der[2];
	const char *pem;

	must(EVP_PKEY_up_ref(next->key) == 1);
	new = signer_wrap(TAKE(built), next->key);
	must(new != NULL);
	b = (struct build_like){ .model = old->cert,
		.not_before = old->not_before,
		.not_after = old->not_after };
	old_with_new = build_like(&b, new->cert, new->key);
	/* For those who know the old one, as long as that is good. */
	b = (struct build_like){ .model = new->cert,
		.not_before = new->not_before,
		.not_after = old->not_after };
	new_with_old = build_like(&b, old->cert, old->key);
	der[0] = signer_encode(old_with_new);
	der[1] = signer_encode(new_with_old);
	pem = arena_printf(cx->arena, "%s%s%s%s", cert_pem(cx, new->der),
	    cert_pem(cx, old->der), cert_pem(cx, der[0]), cert_pem(cx, der[1]));
	OPENSSL_free((void *)(uintptr_t)der[0].p);
	OPENSSL_free((void *)(uintptr_t)der[1].p);
	return pem;
}

bool
ca_rotate_root(const char *dir, const char *root_dir, const char *new_root_dir,
    char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx cx = { .arena = a, .now = clock_now() };
	const char *cert = arena_printf(a, "%s/root.crt", dir);
	const char *key = arena_printf(a, "%s/root.key", new_root_dir);
	AUTO_STRUCT(signer) *old = NULL;
	AUTO_STRUCT(keypair) *next = keypair_new();

	old = signer_open(cert, arena_printf(a, "%s/root.key", root_dir), why);
	if (old == NULL)
		return false;
	if (mkdir(new_root_dir, 0700) != 0 && errno != EEXIST) {
		(void)snprintf(
		    why, 256, "%.200s: cannot be made", new_root_dir);
		return false;
	}
	if (!key_write_private(next->key, key, false, why))
		return false;
	if (keyfile_replace(
		cert, 0644, bytes_str(root_update(&cx, old, next)), why))
		return true;
	(void)unlink(key);
	return false;
}
