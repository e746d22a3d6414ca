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
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/version.h"
#include "domain/acks.h"
#include "domain/consumers.h"
#include "domain/crl_fetch.h"
#include "domain/crl_publish.h"
#include "domain/expiring.h"
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
#include "http/catalog.h"
#include "http/server.h"
#include "pki/anchors.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "pki/keyfile.h"
#include "pki/mac.h"
#include "pki/profile.h"
#include "pki/signer.h"
#include "pki/signers.h"
#include "config.h"
#include "store/statements.h"

#define MAX_PEM (64 * KIB)
/* Of introspection, and of whose signatures are known (domain/kept). */
#define KEPT_ANSWERS 4096
#define KEPT_SIGNATURES 65536
#define KEPT_SCRAPERS 64
/* Of the connections, those that may wait for an owner's news. */
#define WAITING_PART 4

/* What main made and frees. */
struct wiring {
	struct svc svc;
	char node_name[CONSUMER_NAME_BYTES];
	struct arena *arena;
	struct ctx cx;
	char *conninfo;
	struct db **dbs;
	struct follow *follow;
	struct task *crl_fetcher, *sweeper, *expiry;
	struct server *server;
};

static int
usage(FILE *f)
{
	fprintf(f, "usage: latchkeyd --config FILE\n"
		   "       latchkeyd config [--json | --check] --config FILE\n"
		   "                                     "
		   "effective settings and their origin\n"
		   "       latchkeyd config --example    "
		   "a commented FILE\n"
		   "       latchkeyd config --reference  "
		   "docs/configuration.md\n"
		   "       latchkeyd routes              "
		   "the route table as JSON\n"
		   "       latchkeyd --version | --help\n");
	return f == stdout ? 0 : 2;
}

/* The same, after the first word that is none of these. */
static int
misused(int argc, char **argv)
{
	static const char *const words[] = { "--config", "config", "--json",
		"--check", "--example", "--reference", "routes", "--version",
		"--help" };
	size_t w, n = sizeof(words) / sizeof(words[0]);
	int i;

	for (i = 1; i < argc; i++) {
		for (w = 0; w < n && strcmp(argv[i], words[w]) != 0; w++)
			;
		if (w == n) {
			fprintf(
			    stderr, "latchkeyd: unknown \"%.60s\"\n", argv[i]);
			break;
		}
		if (w == 0)
			i++; /* its FILE */
	}
	return usage(stderr);
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
	const char *db = w->svc.set.db;
	struct keyfile file;

	if (db[0] != '@') {
		w->conninfo = mem_strdup(db);
		return true;
	}
	if (!keyfile_read(db + 1, true, &file, why))
		return false;
	file.p[strcspn(file.p, "\r\n")] = '\0';
	w->conninfo = mem_strdup(file.p);
	keyfile_free(&file);
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

/* Plain HTTP is for a unix socket alone, whose rights say who may connect. */
static bool
load_hops(struct wiring *w, char why[CFG_WHY_BYTES])
{
	const char *path = w->svc.set.proxy_certs;
	const char *listen = w->svc.set.proxy_listen;
	char *pem;

	if ((*listen != '\0' && *listen != '/') != (*path != '\0')) {
		(void)snprintf(why, CFG_WHY_BYTES,
		    "proxy_certs: to be set if proxy_listen is an address, "
		    "and else not");
		return false;
	}
	if (*path == '\0')
		return true;
	pem = arena_alloc(w->arena, MAX_PEM);
	if (!read_text(path, pem, MAX_PEM, why))
		return false;
	if (cert_read_pem(&w->cx, bytes_str(pem), w->svc.hop, HOPS_MAX,
		&w->svc.hops) == NULL &&
	    w->svc.hops > 0)
		return true;
	(void)snprintf(why, CFG_WHY_BYTES,
	    "%.300s: expected at most %d certificates", path, HOPS_MAX);
	return false;
}

static bool
load_keys(struct wiring *w, char why[CFG_WHY_BYTES])
{
	struct svc *svc = &w->svc;
	struct signer *main_ca;

	if (!load_hops(w, why))
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
	w->svc.live = live_new();
	w->svc.metrics = metrics_new();
	w->svc.idp = idp_start(&w->svc);
	w->svc.introspected = kept_new(KEPT_ANSWERS);
	w->svc.verified = kept_new(KEPT_SIGNATURES);
	w->svc.scrapers = kept_new(KEPT_SCRAPERS);
	w->svc.rates = rates_new();
	w->svc.waiting =
	    waiting_new((size_t)w->svc.set.connections / WAITING_PART);
	w->svc.acks = acks_new();
	w->svc.ocsp = ocsp_new(&w->svc, w->cx.now);
	w->svc.crl_publish = crl_publish_start(&w->svc, w->conninfo);
	w->follow = follow_start(&w->svc, w->conninfo);
	w->crl_fetcher = task_start(&w->svc, w->conninfo, &CRL_FETCHER, NULL);
	w->sweeper = task_start(&w->svc, w->conninfo, &SWEEPER, NULL);
	w->expiry = task_start(&w->svc, w->conninfo, &EXPIRY_COUNTER, NULL);
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
	task_stop(w->expiry);
	crl_publish_stop(w->svc.crl_publish);
	idp_stop(w->svc.idp);
	metrics_free(w->svc.metrics);
	live_free(w->svc.live);
	kept_free(w->svc.introspected);
	kept_free(w->svc.verified);
	kept_free(w->svc.scrapers);
	waiting_free(w->svc.waiting);
	acks_free(w->svc.acks);
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
	must(sigaddset(set, SIGHUP) == 0);
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
	if (strcmp(w->svc.set.log_format, "json") == 0)
		log_set_format(LOG_JSON);
	if (!start(w, why)) {
		LOG(NULL, "start_failed", LOG_S("reason", why));
		stop(w);
		return 1;
	}
	LOG(NULL, "listening", LOG_S("address", w->svc.set.listen),
	    LOG_I("port", server_port(w->server)));
	do {
		must(sigwait(&signals, &sig) == 0);
		/* Who sends it expects files to be read, not the end. */
		if (sig == SIGHUP)
			LOG(NULL, "hangup", LOG_S("settings", "unchanged"));
	} while (sig == SIGHUP);
	LOG(NULL, "stopping", LOG_I("signal", sig));
	stop(w);
	LOG(NULL, "stopped", LOG_I("status", 0));
	return 0;
}

int
main(int argc, char **argv)
{
	struct wiring w = { .server = NULL };
	int from[CFG_KEYS_MAX], status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout) + config_help();
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("latchkeyd %s\n", LATCHKEY_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "routes") == 0)
		return catalog_print(stdout);
	if (argc >= 2 && strcmp(argv[1], "config") == 0) {
		status = config_command(argc - 2, argv + 2);
		return status < 0 ? misused(argc, argv) : status;
	}
	if (argc != 3 || strcmp(argv[1], "--config") != 0)
		return misused(argc, argv);
	status = config_load(argv[2], &w.svc.set, from) ? serve(&w) : 1;
	config_release(&w.svc.set);
	return status;
}
