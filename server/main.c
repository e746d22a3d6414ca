/*
 * latchkeyd: reads its settings, wires the service together, serves until
 * SIGTERM.  The only file that knows every folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cfg.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/version.h"
#include "domain/consumers.h"
#include "domain/crl_fetch.h"
#include "domain/crl_publish.h"
#include "domain/follow.h"
#include "domain/idp.h"
#include "domain/kept.h"
#include "domain/labels.h"
#include "domain/lineage.h"
#include "domain/live.h"
#include "domain/metrics.h"
#include "domain/ocsp.h"
#include "domain/rates.h"
#include "domain/svc.h"
#include "domain/sweeper.h"
#include "domain/token_key.h"
#include "domain/waiting.h"
#include "fetch/fetch.h"
#include "http/catalog.h"
#include "http/server.h"
#include "pki/anchors.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "pki/identity.h"
#include "pki/mac.h"
#include "pki/profile.h"
#include "pki/signer.h"
#include "pki/signers.h"
#include "store/statements.h"

#define MAX_CONNINFO 1024
#define MAX_STATUS_URL 128
#define MAX_PEM (64 * KIB)
/* Of introspection, and of whose signatures are known (domain/kept). */
#define KEPT_ANSWERS 4096
#define KEPT_SIGNATURES 65536
/* Of the connections, those that may wait for an owner's news. */
#define WAITING_PART 4
#define FOREVER (10 * 365 * INT64_C(86400))

/* A row: its name is the field of struct settings. */
#define STR(field, def, help)                                                 \
	{                                                                     \
#field, CFG_STR, offsetof(struct settings, field), def, 0, 0, \
		    help                                                      \
	}
#define INT(field, def, min, max, help)                                      \
	{                                                                    \
#field, CFG_INT, offsetof(struct settings, field), def, min, \
		    max, help                                                \
	}
#define TIME(field, def, min, max, help)                                     \
	{                                                                    \
#field, CFG_DURATION, offsetof(struct settings, field), def, \
		    min, max, help                                           \
	}

#define BOOL(field, def, help)                                                 \
	{                                                                      \
#field, CFG_BOOL, offsetof(struct settings, field), def, 0, 0, \
		    help                                                       \
	}

static const struct cfg_key keys[] = {
	STR(issuer, NULL, "our URL as clients see it, without a final slash"),
	STR(listen, "127.0.0.1, ::1", "addresses to listen at"),
	INT(port, "8443", 0, 65535, "port; 0 picks one, see the log"),
	STR(tls_cert, NULL, "PEM file: our TLS certificate, then its issuer"),
	STR(tls_key, NULL, "PEM file: its key; both are reloaded on change"),
	INT(io_threads, "2", 1, 64, "threads that read and write, one a core"),
	INT(workers, "8", 1, 256,
	    "threads that run requests, each with a database connection"),
	INT(queue, "1024", 8, 65536,
	    "waiting requests; a quarter is kept for renewals and operators"),
	INT(connections, "2000", 8, 65536, "open connections"),
	INT(per_address, "512", 1, 65536,
	    "open connections of one address (IPv6: /64)"),
	INT(handshakes, "500", 0, 1000000,
	    "new connections a second of one address (IPv6: /64); 0: any"),
	INT(handshakes_burst, "2000", 1, 1000000,
	    "how many of them at once; a network (/24, /48) gets 4 times both"),
	TIME(idle_timeout, "15s", 1, 15, "an idle connection is closed after"),
	TIME(request_timeout, "20s", 1, 600,
	    "a request must be whole within (handshake included)"),
	STR(status_listen, "",
	    "addresses of the plain listener for OCSP; empty: none"),
	INT(status_port, "8080", 0, 65535,
	    "its port; 0 picks one, see the log"),
	STR(operator_listen, "",
	    "addresses for operators alone: their API and /metrics are there "
	    "and nowhere else; empty: at listen"),
	INT(operator_port, "8444", 0, 65535,
	    "its port; 0 picks one, see the log"),
	STR(status_url, "",
	    "http URL before /ocsp and /crl as relying parties see it; empty: "
	    "no deltas nor lists by day"),
	TIME(ocsp_lifetime, "5m", 60, 900, "an OCSP answer is good for"),
	INT(ocsp_cache, "65536", 16, 16777216,
	    "OCSP answers kept in memory, of a kilobyte each"),
	TIME(crl_lifetime, "24h", 3600, 604800,
	    "a list is good for; a new one is made after a quarter of it"),
	STR(root_cert, NULL, "PEM file: the root certificate"),
	STR(issuing_cert, NULL, "PEM file: the issuing CA's certificate"),
	STR(issuing_key, NULL, "PEM file (0600): the issuing CA's key"),
	STR(issuers_dir, "", "directory of further CAs, NAME.crt and NAME.key"),
	STR(issuing_also, "",
	    "one of them that /cacerts names with the main one, while that is "
	    "replaced"),
	STR(mac_key, NULL, "file (0600): key of keyed hashes"),
	STR(token_keys, NULL,
	    "directory (0700) of keys that sign tokens for apps"),
	STR(profiles, NULL, "certificate profiles"),
	STR(state_dir, NULL, "directory (0700) for what this node keeps"),
	STR(node_name, "",
	    "what this node is called; empty: the host's name and a number"),
	INT(journal_megabytes, "256", 1, 65536,
	    "kept in state_dir: entries and certificates for a recovery"),
	TIME(consumer_alert, "30s", 10, 86400,
	    "a node or broker is reported when silent or behind for"),
	STR(trust_domain, "", "of SPIFFE ids in certificates; empty: none"),
	STR(idp_issuer, "",
	    "OpenID issuer whose access tokens owners bring; empty: none"),
	STR(idp_jwks, "", "URL of its keys; empty: as its metadata says"),
	STR(idp_audience, "", "aud of tokens for us; empty: our issuer"),
	STR(idp_acr, "", "acr values that decide (RFC 9470); empty: any"),
	TIME(idp_max_age, "5m", 10, 86400, "a sign-in decides for so long"),
	STR(idp_ca, "", "PEM file: its server's CA; empty: the system's"),
	STR(web_dir, NULL, "directory of the owner's pages"),
	STR(db, NULL, "libpq conninfo, or @FILE that holds it"),
	TIME(code_lifetime, "10m", 60, 3600, "a user code is good for"),
	TIME(code_interval, "5s", 1, 60, "a device polls no faster than"),
	TIME(claim_window, "15m", 60, 900, "a claim's attested request lives"),
	INT(guesses_owner, "5", 1, 1000000,
	    "wrong codes of an owner in guess_window"),
	INT(guesses_address, "20", 1, 1000000,
	    "wrong codes of an address in guess_window"),
	INT(guesses_service, "2000", 1, 100000000,
	    "wrong codes of everybody in guess_window"),
	INT(requests_address, "1200", 0, 100000000,
	    "device codes asked for from an address in 10 minutes; 0: any"),
	INT(requests_model, "60000", 0, 100000000,
	    "device codes asked for by a model in 10 minutes; 0: any"),
	TIME(guess_window, "10m", 60, 86400, "window of the guesses above"),
	BOOL(unbound_tokens, "no",
	    "development: operators' tokens need no certificate"),
	BOOL(app_keys, "no",
	    "development: owners may have an app's key instead of a passkey"),
};
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

/* What main made and frees. */
struct wiring {
	struct svc svc;
	char node_name[CONSUMER_NAME_BYTES];
	struct arena *arena;
	struct ctx cx;
	char *conninfo;
	struct db **dbs;
	struct follow *follow;
	struct task *crl_fetcher, *sweeper;
	struct server *server;
};

static int
usage(FILE *f)
{
	fprintf(f, "usage: latchkeyd --config FILE\n"
		   "       latchkeyd config --config FILE   "
		   "effective settings, secrets hidden\n"
		   "       latchkeyd routes                 "
		   "the route table as JSON\n"
		   "       latchkeyd --version | --help\n");
	return f == stdout ? 0 : 2;
}

static int
help(void)
{
	(void)usage(stdout);
	printf("\nAn example of FILE, with every setting and its default:\n\n");
	cfg_print_example(stdout, keys, NKEYS);
	return 0;
}

/* Secrets are in files, but for a password within the conninfo. */
static int
print_config(struct settings *set)
{
	size_t i;

	for (i = 0; i < NKEYS; i++) {
		const void *p = (const char *)set + keys[i].offset;

		if (keys[i].type == CFG_BOOL)
			printf("%s = %s\n", keys[i].name,
			    *(const bool *)p ? "yes" : "no");
		else if (keys[i].type != CFG_STR)
			printf("%s = %lld%s\n", keys[i].name,
			    (long long)*(const int64_t *)p,
			    keys[i].type == CFG_DURATION ? "s" : "");
		else if (strcmp(keys[i].name, "db") == 0 && set->db[0] != '@')
			printf("db = (hidden)\n");
		else
			printf(
			    "%s = %s\n", keys[i].name, *(const char *const *)p);
	}
	return 0;
}

/* A file of at most max - 1 bytes as text; false with *why. */
static bool
read_text(const char *path, char *out, size_t max, char why[CFG_WHY_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, max);

	if (n < 0 || (size_t)n == max)
		(void)snprintf(why, CFG_WHY_BYTES, "%.300s: %s", path,
		    n < 0 ? strerror(errno) : "too large");
	if (fd >= 0)
		(void)close(fd);
	if (n < 0 || (size_t)n == max)
		return false;
	out[n] = '\0';
	return true;
}

static bool
read_conninfo(struct wiring *w, char why[CFG_WHY_BYTES])
{
	char text[MAX_CONNINFO];
	const char *db = w->svc.set.db;

	if (db[0] != '@') {
		w->conninfo = mem_strdup(db);
		return true;
	}
	if (!read_text(db + 1, text, sizeof(text), why))
		return false;
	text[strcspn(text, "\r\n")] = '\0';
	w->conninfo = mem_strdup(text);
	explicit_bzero(text, sizeof(text));
	return true;
}

/* The root, for others; ours are those whose issuing CA is listed, so that one
 * that is not any more vouches for nobody. */
static bool
load_trust(struct wiring *w, char why[CFG_WHY_BYTES])
{
	const char *path = w->svc.set.root_cert;
	char *pem = arena_alloc(w->arena, MAX_PEM);
	struct bytes issuers[SIGNERS_MAX];

	if (!read_text(path, pem, MAX_PEM, why))
		return false;
	if (cert_read_pem(&w->cx, bytes_str(pem), w->svc.root_cert, ROOT_CERTS,
		&w->svc.roots) != NULL ||
	    w->svc.roots == 0) {
		(void)snprintf(why, CFG_WHY_BYTES,
		    "%.300s: expected a root, and at most three certificates "
		    "of its replacement",
		    path);
		return false;
	}
	w->svc.own_trust =
	    trust_new(issuers, signers_certs(w->svc.signers, issuers));
	must(w->svc.own_trust != NULL);
	return true;
}

/* Lists name URLs below it. */
static bool
check_status_url(const char *url, char why[CFG_WHY_BYTES])
{
	struct profile p = { .crl_url = url };

	if (*url == '\0' ||
	    (strlen(url) <= MAX_STATUS_URL && url[strlen(url) - 1] != '/' &&
		profile_check_urls(&p, why)))
		return true;
	(void)snprintf(why, CFG_WHY_BYTES,
	    "status_url: http or https, without a final slash");
	return false;
}

/* Its keys are trusted as they come, so nobody may change them on the way. */
static bool
check_idp(const struct settings *set, char why[CFG_WHY_BYTES])
{
	const char *issuer = set->idp_issuer, *acr = set->idp_acr;

	if (*issuer != '\0' &&
	    (!fetch_url_is_safe(issuer) || strlen(issuer) > MAX_STATUS_URL ||
		strcmp(issuer, set->issuer) == 0)) {
		(void)snprintf(why, CFG_WHY_BYTES,
		    "idp_issuer: an https URL, and not our own");
		return false;
	}
	if (*set->idp_jwks != '\0' && !fetch_url_is_safe(set->idp_jwks)) {
		(void)snprintf(why, CFG_WHY_BYTES, "idp_jwks: an https URL");
		return false;
	}
	for (; *acr > ' ' ? *acr < 0x7f && strchr("\"\\", *acr) == NULL
			  : *acr == ' ';
	     acr++)
		continue;
	if (*acr != '\0')
		(void)snprintf(why, CFG_WHY_BYTES,
		    "idp_acr: words of ASCII without quotes");
	return *acr == '\0';
}

static bool
load_keys(struct wiring *w, char why[CFG_WHY_BYTES])
{
	struct svc *svc = &w->svc;
	struct signer *main_ca;

	if (*svc->set.trust_domain != '\0' &&
	    !identity_domain_ok(svc->set.trust_domain)) {
		(void)snprintf(why, CFG_WHY_BYTES,
		    "trust_domain: lower-case letters, digits and \".-_\"");
		return false;
	}
	if (!check_idp(&svc->set, why))
		return false;
	if (!check_status_url(svc->set.status_url, why))
		return false;
	main_ca = signer_open(svc->set.issuing_cert, svc->set.issuing_key, why);
	if (main_ca == NULL)
		return false;
	svc->signer = main_ca;
	svc->signers = signers_open(
	    main_ca, svc->set.issuing_cert, svc->set.issuers_dir, why);
	if (svc->signers == NULL)
		return false;
	if (svc->set.issuing_also[0] != '\0' &&
	    signers_find(svc->signers, svc->set.issuing_also) < 0) {
		(void)snprintf(why, CFG_WHY_BYTES,
		    "issuing_also: no such CA in issuers_dir");
		return false;
	}
	svc->mac = mac_key_load(svc->set.mac_key, why);
	if (svc->mac == NULL)
		return false;
	svc->token_keys = token_keys_open(svc->set.token_keys, w->cx.now, why);
	if (svc->token_keys == NULL)
		return false;
	svc->profiles = profiles_load(svc->set.profiles, why);
	return svc->profiles != NULL && load_trust(w, why);
}

/* A node that is new here, or has lost its state, asks the others. */
static void
introduce(struct wiring *w)
{
	static const struct stmt *const *const none[] = { NULL };
	AUTO_STRUCT(db) *db = db_new(w->conninfo, none);

	db_unguarded(db);
	w->cx.db = db;
	lineage_introduce(&w->cx);
	w->cx.db = NULL;
	w->cx.reason = NULL;
}

/* A database of another version stops the start; one that is away does not:
 * requests answer 503 until it is back. */
static bool
check_database(struct wiring *w, char why[CFG_WHY_BYTES])
{
	const struct err *e;

	introduce(w);
	w->cx.db = w->dbs[0];
	e = db_check(&w->cx);
	if (e == NULL)
		e = labels_load(&w->cx);
	w->cx.db = NULL;
	if (e != NULL && e->kind != KIND_UNAVAILABLE) {
		(void)snprintf(
		    why, CFG_WHY_BYTES, "database: %.400s", w->cx.reason);
		return false;
	}
	return true;
}

static void
open_databases(struct wiring *w)
{
	size_t i, n = (size_t)w->svc.set.workers;

	w->dbs = mem_new(n, sizeof(struct db *));
	for (i = 0; i < n; i++)
		w->dbs[i] = db_new(w->conninfo, store_statements);
}

static bool
start(struct wiring *w, char why[CFG_WHY_BYTES])
{
	if (!load_keys(w, why) || !read_conninfo(w, why) ||
	    !consumers_name(
		w->svc.set.node_name, w->svc.set.state_dir, w->node_name, why))
		return false;
	w->svc.node_name = w->node_name;
	w->svc.lineage = lineage_new(w->svc.set.state_dir, w->svc.mac,
	    w->svc.set.journal_megabytes * (int64_t)MIB, why);
	if (w->svc.lineage == NULL)
		return false;
	lineage_guard();
	open_databases(w);
	w->svc.labels = labels_new();
	w->svc.anchors = anchors_new();
	if (!check_database(w, why))
		return false;
	w->svc.metrics = metrics_new();
	w->svc.live = live_new();
	w->svc.idp = idp_start(&w->svc);
	w->svc.introspected = kept_new(KEPT_ANSWERS);
	w->svc.verified = kept_new(KEPT_SIGNATURES);
	w->svc.rates = rates_new();
	w->svc.waiting =
	    waiting_new((size_t)w->svc.set.connections / WAITING_PART);
	w->svc.ocsp = ocsp_new(&w->svc, w->cx.now);
	w->svc.crl_publish = crl_publish_start(&w->svc, w->conninfo);
	w->follow = follow_start(&w->svc, w->conninfo);
	w->crl_fetcher = task_start(&w->svc, w->conninfo, &CRL_FETCHER, NULL);
	w->sweeper = task_start(&w->svc, w->conninfo, &SWEEPER, NULL);
	w->server = server_start(&w->svc, w->dbs, why);
	return w->server != NULL;
}

static void
stop(struct wiring *w)
{
	size_t i;

	server_stop(w->server);
	follow_stop(w->follow);
	task_stop(w->crl_fetcher);
	task_stop(w->sweeper);
	crl_publish_stop(w->svc.crl_publish);
	idp_stop(w->svc.idp);
	metrics_free(w->svc.metrics);
	live_free(w->svc.live);
	kept_free(w->svc.introspected);
	kept_free(w->svc.verified);
	waiting_free(w->svc.waiting);
	rates_free(w->svc.rates);
	lineage_free(w->svc.lineage);
	ocsp_free(w->svc.ocsp);
	labels_free(w->svc.labels);
	anchors_free(w->svc.anchors);
	for (i = 0; w->dbs != NULL && i < (size_t)w->svc.set.workers; i++)
		db_free(w->dbs[i]);
	mem_free(w->dbs);
	if (w->conninfo != NULL)
		explicit_bzero(w->conninfo, strlen(w->conninfo));
	mem_free(w->conninfo);
	trust_free(w->svc.own_trust);
	profiles_free(w->svc.profiles);
	mac_key_free(w->svc.mac);
	token_keys_free(w->svc.token_keys);
	signers_free(w->svc.signers);
	arena_free(w->arena);
}

/* All threads inherit the mask: the signals come to sigwait alone. */
static void
block_signals(sigset_t *set)
{
	must(sigemptyset(set) == 0);
	must(sigaddset(set, SIGTERM) == 0);
	must(sigaddset(set, SIGINT) == 0);
	must(pthread_sigmask(SIG_BLOCK, set, NULL) == 0);
	must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

/* Connections need descriptors: as many as we are allowed. */
static void
raise_file_limit(void)
{
	struct rlimit files;

	must(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int
serve(struct wiring *w)
{
	char why[CFG_WHY_BYTES] = "";
	sigset_t signals;
	int sig;

	mem_keep();
	block_signals(&signals);
	raise_file_limit();
	w->arena = arena_new(LIMIT_ARENA);
	w->cx = (struct ctx){ .arena = w->arena,
		.svc = &w->svc,
		.rid = "start",
		.now = clock_now() };
	if (!start(w, why)) {
		LOG(NULL, "start_failed", LOG_S("reason", why));
		stop(w);
		return 1;
	}
	LOG(NULL, "listening", LOG_S("address", w->svc.set.listen),
	    LOG_I("port", server_port(w->server)));
	must(sigwait(&signals, &sig) == 0);
	LOG(NULL, "stopping", LOG_I("signal", sig));
	stop(w);
	LOG(NULL, "stopped", LOG_I("status", 0));
	return 0;
}

int
main(int argc, char **argv)
{
	struct wiring w = { .server = NULL };
	char why[CFG_WHY_BYTES];
	bool show = argc > 1 && strcmp(argv[1], "config") == 0;
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return help();
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("latchkeyd %s\n", LATCHKEY_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "routes") == 0)
		return catalog_print(stdout);
	if (argc != (show ? 4 : 3) || strcmp(argv[argc - 2], "--config") != 0)
		return usage(stderr);
	if (!cfg_read(argv[argc - 1], keys, NKEYS, &w.svc.set, why)) {
		fprintf(stderr, "latchkeyd: %s\n", why);
		cfg_release(keys, NKEYS, &w.svc.set);
		return 1;
	}
	status = show ? print_config(&w.svc.set) : serve(&w);
	cfg_release(keys, NKEYS, &w.svc.set);
	return status;
}
