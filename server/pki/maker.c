#include "pki/maker.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "pki/build.h"
#include "pki/cert.h"
#include "pki/keyfile.h"
#include "pki/key_internal.h"
#include "pki/signer_internal.h"

#define CA_BACKDATE 86400

struct maker {
	struct signer *root;
	struct signer *mid; /* NULL: the root signs the births */
};

/* The CA that signs births. */
static const struct signer *
signs(const struct maker *m)
{
	return m->mid != NULL ? m->mid : m->root;
}

/* IEEE 802.1AR section 8.7: certificates of devices outlast their CA's
 * plans, so no expiry all the way up. */
static struct signer *
make_ca(const char *org, const struct signer *above, int64_t now)
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx cx = { .arena = a, .now = now };
	EVP_PKEY *key = key_make_p256();
	struct keypair kp = { key };
	struct build b = { .org = org,
		.cn = arena_printf(
		    a, "%s %s", org, above == NULL ? "root CA" : "device CA"),
		.spki = keypair_spki(&cx, &kp),
		.ca = true,
		.pathlen = above == NULL ? -1 : 0,
		.not_before = now - CA_BACKDATE,
		.not_after = CERT_NO_EXPIRY };
	struct signer *s;

	build_serial(b.serial);
	s = signer_wrap(
	    build_certificate(&b, above == NULL ? NULL : above->cert,
		above == NULL ? key : above->key),
	    key);
	must(s != NULL);
	return s;
}

struct maker *
maker_new(const char *org, bool with_intermediate, int64_t now)
{
	struct maker *m = mem_new(1, sizeof(*m));

	m->root = make_ca(org, NULL, now);
	if (with_intermediate)
		m->mid = make_ca(org, m->root, now);
	return m;
}

struct maker *
maker_load(const char *dir, char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(32 * KIB);
	AUTO_STRUCT(maker) *m = mem_new(1, sizeof(*m));
	const char *mid = arena_printf(a, "%s/maker-ca.crt", dir);
	struct stat st;

	m->root = signer_open(arena_printf(a, "%s/maker-root.crt", dir),
	    arena_printf(a, "%s/maker-root.key", dir), why);
	if (m->root == NULL)
		return NULL;
	if (stat(mid, &st) == 0) {
		m->mid = signer_open(
		    mid, arena_printf(a, "%s/maker-ca.key", dir), why);
		if (m->mid == NULL)
			return NULL;
	}
	return TAKE(m);
}

static bool
save_ca(
    const struct signer *s, const char *dir, const char *name, char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx cx = { .arena = a };

	return key_write_private(s->key,
		   arena_printf(a, "%s/%s.key", dir, name), false, why) &&
	       keyfile_create(arena_printf(a, "%s/%s.crt", dir, name), 0644,
		   bytes_str(cert_pem(&cx, s->der)), why);
}

bool
maker_save(const struct maker *m, const char *dir, char why[256])
{
	return save_ca(m->root, dir, "maker-root", why) &&
	       (m->mid == NULL || save_ca(m->mid, dir, "maker-ca", why));
}

void
maker_free(struct maker *m)
{
	if (m == NULL)
		return;
	signer_free(m->mid);
	signer_free(m->root);
	mem_free(m);
}

struct bytes
maker_root(const struct maker *m)
{
	return m->root->der;
}

struct bytes
maker_intermediate(const struct maker *m)
{
	return m->mid == NULL ? BYTES_NONE : m->mid->der;
}

const struct err *
maker_birth_certificate(struct ctx *cx, const struct maker *m,
    const struct maker_birth *birth, struct bytes *der)
{
	struct build b = { .org = birth->org,
		.cn = birth->cn,
		.serial_number = birth->serial,
		.spki = birth->spki,
		.pathlen = -1,
		.not_before = birth->not_before,
		.not_after =
		    birth->not_after == 0 ? CERT_NO_EXPIRY : birth->not_after };
	AUTO(X509) *x = NULL;
	struct key_facts key;
	const struct err *e = key_parse_spki(cx, birth->spki, &key);
	struct bytes made;

	if (e != NULL)
		return e;
	must(birth->serial == NULL || text_is_serial(bytes_str(birth->serial)));
	build_serial(b.serial);
	x = build_certificate(&b, signs(m)->cert, signs(m)->key);
	made = signer_encode(x);
	*der = bytes_dup(cx->arena, made);
	OPENSSL_free((void *)(uintptr_t)made.p);
	return NULL;
}
