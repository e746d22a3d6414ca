#include "pki/ca.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "pki/build.h"
#include "pki/cert.h"
#include "pki/keydir.h"
#include "pki/keyfile.h"
#include "pki/issue.h"
#include "pki/key_internal.h"
#include "pki/mac.h"
#include "pki/profile.h"
#include "pki/signer_internal.h"
#include "pki/signers.h"

#define DAY INT64_C(86400)
#define ROOT_DAYS 3652    /* 10 years */
#define ISSUING_DAYS 1826 /* 5 years */
#define CA_BACKDATE DAY   /* above any profile's, and clocks that are off */
#define MAX_FILES 8

static const struct profile SERVER = { .name = "server",
	.kind = PROFILE_SERVER,
	.lifetime = 90 * DAY,
	.backdate = 300 };

/* One run: where things go, and what was made so far. */
struct ceremony {
	const char *dir, *root_dir;
	const char *const *names;
	struct ctx cx;
	char *why;
	const char *made[MAX_FILES];
	size_t n_made;
	char tag[9]; /* tells the CAs of one run from those of another */
};

static const char *
path_in(struct ceremony *c, const char *dir, const char *name)
{
	return arena_printf(c->cx.arena, "%s/%s", dir, name);
}

/* Remembers a file that was made, so that a failure can take it back. */
static bool
made(struct ceremony *c, const char *path, bool ok)
{
	must(!ok || c->n_made < MAX_FILES);
	if (ok)
		c->made[c->n_made++] = path;
	return ok;
}

static bool
write_key(struct ceremony *c, const char *path, EVP_PKEY *key)
{
	return made(c, path, key_write_private(key, path, false, c->why));
}

static bool
write_text(struct ceremony *c, const char *path, const char *text)
{
	return made(
	    c, path, keyfile_create(path, 0644, bytes_str(text), c->why));
}

static bool
make_directory(const char *dir, char why[256])
{
	struct stat st;

	if (mkdir(dir, 0700) == 0)
		return true;
	if (errno == EEXIST && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	(void)snprintf(
	    why, 256, "%.160s: cannot be made: %.60s", dir, strerror(errno));
	return false;
}

static bool
names_ok(const char *const *names, char why[256])
{
	const char *const *name;

	if (names == NULL || names[0] == NULL) {
		(void)snprintf(why, 256, "the server needs a name");
		return false;
	}
	for (name = names; *name != NULL; name++)
		if (!build_name_ok(*name)) {
			(void)snprintf(why, 256,
			    "not a DNS name or address: %.180s", *name);
			return false;
		}
	return true;
}

/* A CA certificate for key, signed by above, or by itself. */
static X509 *
make_ca(struct ceremony *c, EVP_PKEY *key, const struct signer *above)
{
	struct keypair kp = { key };
	struct build b = { .org = "Latchkey",
		.cn = arena_printf(c->cx.arena, "Latchkey %s CA %s",
		    above == NULL ? "root" : "issuing", c->tag),
		.spki = keypair_spki(&c->cx, &kp),
		.ca = true,
		.pathlen = above == NULL ? 1 : 0,
		.not_before = c->cx.now - CA_BACKDATE,
		.not_after = c->cx.now +
			     DAY * (above == NULL ? ROOT_DAYS : ISSUING_DAYS) };

	build_serial(b.serial);
	return build_certificate(&b, above == NULL ? NULL : above->cert,
	    above == NULL ? key : above->key);
}

/* Makes a CA below another (NULL: a root) and writes both its files. */
static struct signer *
write_ca(struct ceremony *c, const char *cert_path, const char *key_path,
    const struct signer *above)
{
	AUTO(EVP_PKEY) *key = key_make_p256();
	AUTO(X509) *x = make_ca(c, key, above);
	struct signer *s;

	if (!write_key(c, key_path, key))
		return NULL;
	s = signer_wrap(TAKE(x), TAKE(key));
	must(s != NULL);
	if (write_text(c, cert_path, cert_pem(&c->cx, s->der)))
		return s;
	signer_free(s);
	return NULL;
}

/* A new server certificate, as PEM with its issuer below it. */
static const char *
make_server(
    struct ceremony *c, const struct signer *ca, const struct keypair *kp)
{
	struct issue io = { .profile = &SERVER,
		.spki = keypair_spki(&c->cx, kp),
		.dns = c->names,
		.now = c->cx.now };

	if (issue_certificate(&c->cx, ca, &io) != NULL) {
		(void)snprintf(c->why, 256, "%.200s", c->cx.reason);
		return NULL;
	}
	return arena_printf(c->cx.arena, "%s%s", cert_pem(&c->cx, io.der),
	    cert_pem(&c->cx, ca->der));
}

static bool
write_server(struct ceremony *c, const struct signer *ca)
{
	AUTO_STRUCT(keypair) *kp = keypair_new();
	const char *pem = make_server(c, ca, kp);

	return pem != NULL &&
	       write_key(c, path_in(c, c->dir, "server.key"), kp->key) &&
	       write_text(c, path_in(c, c->dir, "server.crt"), pem);
}

static bool
write_all(struct ceremony *c)
{
	AUTO_STRUCT(signer) *root = NULL;
	AUTO_STRUCT(signer) *issuing = NULL;
	const char *mac = path_in(c, c->dir, "mac.key");

	root = write_ca(c, path_in(c, c->dir, "root.crt"),
	    path_in(c, c->root_dir, "root.key"), NULL);
	if (root == NULL)
		return false;
	issuing = write_ca(c, path_in(c, c->dir, "issuing.crt"),
	    path_in(c, c->dir, "issuing.key"), root);
	return issuing != NULL && made(c, mac, mac_key_create(mac, c->why)) &&
	       write_server(c, issuing) &&
	       keydir_add(path_in(c, c->dir, "tokens"), c->cx.now, c->why);
}

static void
begin(struct ceremony *c, struct arena *a)
{
	uint8_t tag[4];

	c->cx = (struct ctx){ .arena = a, .now = clock_now() };
	rng_bytes(tag, sizeof(tag));
	(void)snprintf(
	    c->tag, sizeof(c->tag), "%s", bytes_hex(a, BYTES_OF(tag)));
}

bool
ca_init(const char *dir, const char *root_dir, const char *const *names,
    char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ceremony c = {
		.dir = dir, .root_dir = root_dir, .names = names, .why = why
	};

	begin(&c, a);
	if (!names_ok(names, why) || !make_directory(dir, why) ||
	    !make_directory(root_dir, why))
		return false;
	if (write_all(&c))
		return true;
	while (c.n_made > 0)
		(void)unlink(c.made[--c.n_made]);
	return false;
}

bool
ca_issuing(const struct ca_places *at, const char *name, char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	AUTO_STRUCT(signer) *root = NULL;
	AUTO_STRUCT(signer) *made_ca = NULL;
	struct ceremony c = { .dir = at->issuers_dir, .why = why };

	begin(&c, a);
	if (!text_is_slug(bytes_str(name)) || strcmp(name, SIGNER_MAIN) == 0) {
		(void)snprintf(why, 256,
		    "%.80s: not a name for an issuing CA: lower-case letters, "
		    "digits and hyphens, and not \"" SIGNER_MAIN "\"",
		    name);
		return false;
	}
	root = signer_open(path_in(&c, at->dir, "root.crt"),
	    path_in(&c, at->root_dir, "root.key"), why);
	if (root == NULL || !make_directory(at->issuers_dir, why))
		return false;
	made_ca =
	    write_ca(&c, arena_printf(a, "%s/%s.crt", at->issuers_dir, name),
		arena_printf(a, "%s/%s.key", at->issuers_dir, name), root);
	while (made_ca == NULL && c.n_made > 0)
		(void)unlink(c.made[--c.n_made]);
	return made_ca != NULL;
}

/* NAME.crt and the NAME.key beside it. */
static struct signer *
open_pair(struct ceremony *c, const char *cert)
{
	size_t n = strlen(cert);

	if (n > 4 && strcmp(cert + n - 4, ".crt") == 0)
		return signer_open(cert,
		    arena_printf(c->cx.arena, "%.*s.key", (int)(n - 4), cert),
		    c->why);
	(void)snprintf(c->why, 256,
	    "%.180s: a CA's files are NAME.crt and NAME.key", cert);
	return NULL;
}

bool
ca_server_cert(const char *dir, const char *issuer, const char *const *names,
    char why[256])
{
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	AUTO_STRUCT(signer) *ca = NULL;
	AUTO_STRUCT(keypair) *kp = keypair_new();
	struct ceremony c = { .dir = dir, .names = names, .why = why };
	const char *pem;

	begin(&c, a);
	if (!names_ok(names, why))
		return false;
	ca = open_pair(
	    &c, issuer != NULL ? issuer : path_in(&c, dir, "issuing.crt"));
	if (ca == NULL)
		return false;
	pem = make_server(&c, ca, kp);
	return pem != NULL &&
	       keypair_save(kp, path_in(&c, dir, "server.key"), why) &&
	       keyfile_replace(
		   path_in(&c, dir, "server.crt"), 0644, bytes_str(pem), why);
}
