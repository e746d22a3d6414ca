#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "domain/holder.h"
#include "domain/ocsp.h"

#define MAX_FILE (64 * KIB)
#define MAX_CERTS 8
#define PRIVATE_EXTENSION 0xff7c

/* The client's order decides, so that the group whose key share it sent
 * first is taken without a second round, and a device without AES in its
 * processor gets the cipher that it is faster with. */
const char tls_priority[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1";

struct tls_credential {
	atomic_uint refs;
	gnutls_pcert_st certs[MAX_CERTS];
	unsigned n;
	int64_t not_after; /* of the first */
	gnutls_privkey_t key;
	struct ocsp_staple staple;
	gnutls_ocsp_data_st ocsp; /* of staple */
};

/* What a file was when it was read. */
struct stamp {
	struct timespec changed;
	ino_t ino;
	off_t size;
};

struct tls {
	pthread_mutex_t lock;
	struct tls_credential *now; /* under lock */
	char *cert_path, *key_path;
	struct stamp cert_stamp, key_stamp;
};

static struct stamp
stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct stamp){ .size = -1 };
	return (struct stamp){ st.st_ctim, st.st_ino, st.st_size };
}

static bool
stamp_eq(struct stamp a, struct stamp b)
{
	return a.changed.tv_sec == b.changed.tv_sec &&
	       a.changed.tv_nsec == b.changed.tv_nsec && a.ino == b.ino &&
	       a.size == b.size;
}

/* Whether nobody but its owner reads or writes it (SECURITY.md H4). */
static bool
is_private(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* A whole file, to be freed by the caller; false with *why. */
static bool
read_file(const char *path, bool secret, gnutls_datum_t *out, char *why)
{
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		(void)snprintf(
		    why, TLS_WHY_BYTES, "%.180s: %s", path, strerror(errno));
		return false;
	}
	if (secret && !is_private(fd)) {
		(void)close(fd);
		(void)snprintf(why, TLS_WHY_BYTES,
		    "%.180s: others may read or write this secret (chmod 600)",
		    path);
		return false;
	}
	out->data = mem_new(1, MAX_FILE);
	n = read(fd, out->data, MAX_FILE);
	(void)close(fd);
	out->size = n > 0 ? (unsigned)n : 0;
	if (n > 0 && n < MAX_FILE)
		return true;
	(void)snprintf(why, TLS_WHY_BYTES, "%.180s: empty or too large", path);
	explicit_bzero(out->data, MAX_FILE);
	mem_free(out->data);
	return false;
}

static void
free_file(gnutls_datum_t *d)
{
	explicit_bzero(d->data, MAX_FILE);
	mem_free(d->data);
}

/* GnuTLS has read it once, so it can again. */
static int64_t
expiry_of(const gnutls_pcert_st *cert)
{
	gnutls_x509_crt_t crt;
	int64_t at;

	must(gnutls_x509_crt_init(&crt) == 0);
	must(
	    gnutls_x509_crt_import(crt, &cert->cert, GNUTLS_X509_FMT_DER) == 0);
	at = gnutls_x509_crt_get_expiration_time(crt);
	gnutls_x509_crt_deinit(crt);
	return at;
}

static bool
load_certs(struct tls_credential *c, const char *path, char *why)
{
	gnutls_datum_t pem;
	unsigned n = MAX_CERTS;
	int rc;

	if (!read_file(path, false, &pem, why))
		return false;
	rc = gnutls_pcert_list_import_x509_raw(
	    c->certs, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
	free_file(&pem);
	if (rc == 0 && n > 0) {
		c->n = n;
		c->not_after = expiry_of(&c->certs[0]);
		return true;
	}
	(void)snprintf(why, TLS_WHY_BYTES, "%.180s: %s", path,
	    rc < 0 ? gnutls_strerror(rc) : "no certificate");
	return false;
}

static bool
load_key(struct tls_credential *c, const char *path, char *why)
{
	gnutls_datum_t pem;
	int rc;

	if (!read_file(path, true, &pem, why))
		return false;
	rc = gnutls_privkey_import_x509_raw(
	    c->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	free_file(&pem);
	if (rc == 0)
		return true;
	(void)snprintf(
	    why, TLS_WHY_BYTES, "%.180s: %s", path, gnutls_strerror(rc));
	return false;
}

static bool
key_fits(const struct tls_credential *c)
{
	unsigned char a[32], b[32];
	size_t an = sizeof(a), bn = sizeof(b);
	gnutls_pubkey_t pub;
	bool ok;

	must(gnutls_pubkey_init(&pub) == 0);
	ok = gnutls_pubkey_import_privkey(pub, c->key, 0, 0) == 0 &&
	     gnutls_pubkey_get_key_id(pub, GNUTLS_KEYID_USE_SHA256, a, &an) ==
		 0 &&
	     gnutls_pubkey_get_key_id(
		 c->certs[0].pubkey, GNUTLS_KEYID_USE_SHA256, b, &bn) == 0 &&
	     an == bn &&
	     bytes_eq((struct bytes){ a, an }, (struct bytes){ b, bn });
	gnutls_pubkey_deinit(pub);
	return ok;
}

static struct tls_credential *
credential_load(const struct tls *t, char *why)
{
	struct tls_credential *c = mem_new(1, sizeof(*c));

	atomic_init(&c->refs, 1);
	must(gnutls_privkey_init(&c->key) == 0);
	if (load_certs(c, t->cert_path, why) && load_key(c, t->key_path, why)) {
		if (key_fits(c))
			return c;
		(void)snprintf(why, TLS_WHY_BYTES,
		    "%.180s: not the key of the certificate", t->key_path);
	}
	tls_credential_drop(c);
	return NULL;
}

struct tls_credential *
tls_get1(struct tls *t)
{
	struct tls_credential *c;

	must(pthread_mutex_lock(&t->lock) == 0);
	c = t->now;
	atomic_fetch_add(&c->refs, 1);
	must(pthread_mutex_unlock(&t->lock) == 0);
	return c;
}

void
tls_credential_drop(struct tls_credential *c)
{
	unsigned i;

	if (c == NULL || atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	for (i = 0; i < c->n; i++)
		gnutls_pcert_deinit(&c->certs[i]);
	gnutls_privkey_deinit(c->key);
	mem_free(c);
}

struct tls *
tls_new(const char *cert_path, const char *key_path, char why[TLS_WHY_BYTES])
{
	struct tls *t = mem_new(1, sizeof(*t));

	must(pthread_mutex_init(&t->lock, NULL) == 0);
	t->cert_path = mem_strdup(cert_path);
	t->key_path = mem_strdup(key_path);
	t->cert_stamp = stamp_of(cert_path);
	t->key_stamp = stamp_of(key_path);
	t->now = credential_load(t, why);
	if (t->now != NULL)
		return t;
	tls_free(t);
	return NULL;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	tls_credential_drop(t->now);
	must(pthread_mutex_destroy(&t->lock) == 0);
	mem_free(t->cert_path);
	mem_free(t->key_path);
	mem_free(t);
}

/* From now on c is current. */
static void
become(struct tls *t, struct tls_credential *c)
{
	struct tls_credential *old;

	must(pthread_mutex_lock(&t->lock) == 0);
	old = t->now;
	t->now = c;
	must(pthread_mutex_unlock(&t->lock) == 0);
	tls_credential_drop(old);
}

void
tls_reload(struct tls *t)
{
	struct stamp cert = stamp_of(t->cert_path);
	struct stamp key = stamp_of(t->key_path);
	struct tls_credential *new;
	char why[TLS_WHY_BYTES];

	if (stamp_eq(cert, t->cert_stamp) && stamp_eq(key, t->key_stamp))
		return;
	t->cert_stamp = cert;
	t->key_stamp = key;
	new = credential_load(t, why);
	if (new == NULL) {
		/* Two files cannot change at once: the next look sees the
		 * second change and settles it. */
		LOG(NULL, "tls.reload_failed", LOG_S("reason", why));
		return;
	}
	become(t, new);
	LOG(NULL, "tls.reloaded", LOG_S("file", t->cert_path));
}

static bool
is_about(const struct ocsp_staple *staple, const struct tls_credential *c)
{
	const gnutls_datum_t *der = &c->certs[0].cert;
	uint8_t sha256[32];

	return staple->n > 0 &&
	       gnutls_hash_fast(
		   GNUTLS_DIG_SHA256, der->data, der->size, sha256) == 0 &&
	       bytes_eq(BYTES_OF(sha256), BYTES_OF(staple->cert_sha256));
}

int64_t
tls_not_after(struct tls *t)
{
	struct tls_credential *c = tls_get1(t);
	int64_t at = c->not_after;

	tls_credential_drop(c);
	return at;
}

/* Only the ticker changes what is current, so it may look without the lock.
 * Sessions keep the credential that they began with. */
void
tls_staple(struct tls *t, const struct ocsp_staple *staple)
{
	struct tls_credential *c;
	char why[TLS_WHY_BYTES];

	if (!is_about(staple, t->now) ||
	    staple->next_update == t->now->staple.next_update)
		return;
	c = credential_load(t, why);
	if (c == NULL)
		return;
	if (is_about(staple, c)) {
		c->staple = *staple;
		c->ocsp = (gnutls_ocsp_data_st){ .response = { c->staple.der,
						     (unsigned)c->staple.n },
			.exptime = (time_t)c->staple.next_update };
	}
	become(t, c);
}

/* A number of three bytes and what it announces, off the front. */
static bool
take_vector(struct bytes *in, struct bytes *out)
{
	size_t n;

	if (in->n < 3)
		return false;
	n = (size_t)in->p[0] << 16 | (size_t)in->p[1] << 8 | in->p[2];
	if (n > in->n - 3)
		return false;
	*out = (struct bytes){ in->p + 3, n };
	*in = (struct bytes){ in->p + 3 + n, in->n - 3 - n };
	return true;
}

/* The leaf of a Certificate message (RFC 8446 section 4.4.2, whose context is
 * empty in a handshake; RFC 5246 section 7.4.6); empty if there is none. */
static bool
take_leaf(struct bytes msg, bool tls13, struct bytes *leaf)
{
	struct bytes list;

	if (tls13) {
		if (msg.n < 1 || msg.p[0] != 0)
			return false;
		msg = (struct bytes){ msg.p + 1, msg.n - 1 };
	}
	*leaf = BYTES_NONE;
	return take_vector(&msg, &list) && msg.n == 0 &&
	       (list.n == 0 || take_vector(&list, leaf));
}

/* Before GnuTLS verifies that the client has the key: whoever connects may
 * choose one that costs seconds (E4). */
static int
judge_key(gnutls_session_t s, struct tls_session *keep, struct bytes msg)
{
	bool tls13 = gnutls_protocol_get_version(s) == GNUTLS_TLS1_3;
	struct bytes leaf;

	if (!take_leaf(msg, tls13, &leaf))
		return GNUTLS_E_CERTIFICATE_ERROR;
	if (leaf.n == 0 || holder_key_is_bounded(leaf))
		return 0;
	keep->stage = TLS_BIG_KEY;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

static void
reach(struct tls_session *keep, enum tls_stage stage)
{
	if (keep->stage < stage)
		keep->stage = stage;
}

/* The client's legacy_version: 1.2 and 1.3 both say 1.2 (RFC 8446 section
 * 4.1.2). */
static bool
is_old(const gnutls_datum_t *hello)
{
	return hello->size < 2 || hello->data[0] != 3 || hello->data[1] < 3;
}

/* Each message, before GnuTLS reads it or after it was written. */
static int
on_message(gnutls_session_t s, unsigned type, unsigned post, unsigned incoming,
    const gnutls_datum_t *msg)
{
	struct tls_session *keep = gnutls_session_get_ptr(s);

	(void)post;
	if (type == GNUTLS_HANDSHAKE_SERVER_HELLO && incoming == 0)
		reach(keep, TLS_ANSWERED);
	if (incoming == 0)
		return 0;
	switch (type) {
	case GNUTLS_HANDSHAKE_CLIENT_HELLO:
		reach(keep, is_old(msg) ? TLS_OLD_HELLO : TLS_HELLO);
		return 0;
	case GNUTLS_HANDSHAKE_CERTIFICATE_PKT:
		reach(keep, TLS_CERTIFICATE);
		return judge_key(
		    s, keep, (struct bytes){ msg->data, msg->size });
	case GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY:
		reach(keep, TLS_PROOF);
		return 0;
	case GNUTLS_HANDSHAKE_FINISHED:
		keep->tls13 = gnutls_protocol_get_version(s) == GNUTLS_TLS1_3;
		keep->resumed = gnutls_session_is_resumed(s) != 0;
		reach(keep, TLS_OVER);
		return 0;
	default:
		return 0;
	}
}

/* RFC 8446 section 6: what a client says of our certificate and of what we
 * chose; NULL: that it ends. */
static const char *
said(int alert)
{
	switch (alert) {
	case GNUTLS_A_CLOSE_NOTIFY: /* or none came */
	case GNUTLS_A_USER_CANCELED:
		return NULL;
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_UNKNOWN_CA:
		return "untrusted";
	case GNUTLS_A_CERTIFICATE_EXPIRED:
		return "expired";
	case GNUTLS_A_CERTIFICATE_REVOKED:
		return "revoked";
	case GNUTLS_A_PROTOCOL_VERSION:
		return "version";
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_INSUFFICIENT_SECURITY:
		return "nothing-in-common";
	default:
		return "alert";
	}
}

const char *
tls_failure(const struct tls_session *s)
{
	static const char *const why[] = {
		[TLS_SILENT] = "no-hello",
		[TLS_OLD_HELLO] = "version",
		[TLS_HELLO] = "nothing-in-common",
		[TLS_ANSWERED] = "abandoned",
		[TLS_CERTIFICATE] = "certificate",
		[TLS_BIG_KEY] = "key-size",
		[TLS_PROOF] = "proof",
	};

	must(s->stage < TLS_OVER);
	return said(s->alert) != NULL ? said(s->alert) : why[s->stage];
}

/* libmicrohttpd tells nobody why a handshake failed, and is the one to end the
 * session.  What GnuTLS keeps for an extension ends with it: last look. */
static void
on_end(gnutls_ext_priv_data_t data)
{
	struct tls_session *keep = data;

	keep->alert = (int)gnutls_alert_get(keep->session);
}

static int
ignore(gnutls_session_t s, const unsigned char *data, size_t n)
{
	(void)s;
	(void)data;
	(void)n;
	return 0;
}

static int
send_none(gnutls_session_t s, gnutls_buffer_t out)
{
	(void)s;
	(void)out;
	return 0;
}

/* Of a number for private use (RFC 8446 section 11), never sent. */
static void
watch_end(gnutls_session_t s, struct tls_session *keep)
{
	keep->session = s;
	must(gnutls_session_ext_register(s, "latchkey", PRIVATE_EXTENSION,
		 GNUTLS_EXT_APPLICATION, ignore, send_none, on_end, NULL, NULL,
		 0) == 0);
	gnutls_ext_set_data(s, PRIVATE_EXTENSION, keep);
}

void
tls_session_init(void *session, struct tls_session *keep,
    const uint8_t ticket_key[TICKET_KEY_BYTES])
{
	gnutls_datum_t key = { (unsigned char *)(uintptr_t)ticket_key,
		TICKET_KEY_BYTES };
	gnutls_session_t s = session;

	/* Requested, never required; no CA names are sent. */
	gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUEST);
	gnutls_session_set_ptr(s, keep);
	gnutls_handshake_set_hook_function(
	    s, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, on_message);
	watch_end(s, keep);
	gnutls_transport_set_ptr2(
	    s, (gnutls_transport_ptr_t)(intptr_t)keep->out.fd, &keep->out);
	gnutls_transport_set_vec_push_function(s, flight_push);
	gnutls_db_set_cache_expiration(s, TICKET_LIFETIME);
	must(gnutls_session_ticket_enable_server(s, &key) == 0);
}

static int
retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
    gnutls_pcert_st **certs, unsigned *n, gnutls_ocsp_data_st **ocsp,
    unsigned *ocsp_n, gnutls_privkey_t *key, unsigned *flags)
{
	const struct tls_session *keep = gnutls_session_get_ptr(session);
	struct tls_credential *c;

	(void)info;
	must(keep != NULL);
	c = keep->credential;
	*certs = c->certs;
	*n = c->n;
	*ocsp = c->staple.n > 0 ? &c->ocsp : NULL;
	*ocsp_n = c->staple.n > 0;
	*key = c->key;
	*flags = 0; /* ours to free */
	return 0;
}

void (*tls_retrieve_fn(void))(void)
{
	gnutls_certificate_retrieve_function3 *fn = retrieve;

	return (void (*)(void))fn;
}

void
tls_peer_init(void *session, struct peer *out)
{
	const gnutls_datum_t *list;
	unsigned i, n = 0;

	memset(out, 0, sizeof(*out));
	if (session == NULL)
		return;
	list = gnutls_certificate_get_peers(session, &n);
	if (list == NULL)
		return;
	out->too_long = n > LIMIT_CHAIN;
	for (i = 0; i < n && i < LIMIT_CHAIN; i++) {
		uint8_t *p = mem_new(1, list[i].size + 1u);

		memcpy(p, list[i].data, list[i].size);
		out->chain[i] = (struct bytes){ p, list[i].size };
	}
	out->n = i;
}

void
tls_peer_release(struct peer *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		mem_free((void *)(uintptr_t)p->chain[i].p);
	memset(p, 0, sizeof(*p));
}
