/*
 * What the service is wired from: settings, keys, profiles, and the shared
 * memory of module live.  Built once by main, read-only while serving.
 */
#ifndef DOMAIN_SVC_H
#define DOMAIN_SVC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct anchors;
struct crl_publish;
struct idp;
struct kept;
struct labels;
struct lineage;
struct live;
struct mac_key;
struct metrics;
struct ocsp;
struct profiles;
struct rates;
struct signer;
struct signers;
struct token_keys;
struct trust;
struct waiting;

struct settings {
	/* identity */
	char *issuer; /* https://host[:port], no final slash */
	/* listener */
	char *listen; /* addresses, separated by commas */
	int64_t port;
	char *tls_cert, *tls_key; /* PEM files, reloaded when changed */
	int64_t io_threads, workers, queue, connections, per_address;
	int64_t handshakes, handshakes_burst;  /* of one address (H3) */
	int64_t idle_timeout, request_timeout; /* seconds */
	char *status_listen; /* plain HTTP for OCSP; empty: none */
	int64_t status_port;
	char *operator_listen; /* for operators alone; empty: none (H4) */
	int64_t operator_port;
	char *status_url;      /* before /ocsp and /crl; empty: not known */
	int64_t ocsp_lifetime; /* seconds an answer is good (R10) */
	int64_t ocsp_cache;    /* answers that are kept */
	int64_t crl_lifetime;  /* seconds to nextUpdate */
	/* keys and files */
	char *root_cert, *issuing_cert, *issuing_key, *mac_key, *profiles;
	char *issuers_dir;  /* of further issuing CAs; empty: none */
	char *issuing_also; /* name of the one that /cacerts has, too */
	char *token_keys;   /* directory of the keys that sign our tokens */
	char *state_dir, *web_dir;
	/* database */
	char *db; /* libpq conninfo, or @FILE that holds it */
	/* policy */
	int64_t code_lifetime, code_interval; /* seconds, RFC 8628 */
	int64_t claim_window; /* seconds a claim request lives (A6) */
	int64_t guesses_owner, guesses_address, guesses_service;
	int64_t requests_address, requests_model; /* in 10 minutes; 0: any */
	int64_t guess_window;                     /* seconds */
	char *node_name;           /* empty: made from the host's */
	int64_t journal_megabytes; /* of what outlives the database */
	int64_t consumer_alert;    /* seconds silent or behind */
	bool unbound_tokens; /* development: operators' without certificate */
	bool app_keys;       /* development apps with a key of their own */
	/* the platform's own identity provider; empty: none */
	char *idp_issuer, *idp_jwks, *idp_audience, *idp_acr, *idp_ca;
	int64_t idp_max_age;
	char *trust_domain; /* of SPIFFE ids; empty: none are made or taken */
};

/* A root, and while it is replaced the one before, OldWithNew and NewWithOld
 * (RFC 4210 section 4.4). */
#define ROOT_CERTS 4

struct svc {
	struct settings set;
	const char *node_name;       /* among those who follow the feed */
	const struct signer *signer; /* the main issuing CA */
	struct signers *signers;     /* it and the others, by name */
	struct trust *own_trust;     /* issuing CAs, for our leaves */
	struct bytes root_cert[ROOT_CERTS]; /* DER, the current one first */
	size_t roots;
	struct profiles *profiles;
	struct mac_key *mac;
	struct token_keys *token_keys;
	struct idp *idp; /* or NULL */
	struct live *live;
	struct kept *introspected, *verified; /* answers; signatures */
	struct waiting *waiting;
	struct rates *rates;
	struct lineage *lineage; /* whether the database is the one seen */
	struct labels *labels;
	struct ocsp *ocsp;
	struct crl_publish *crl_publish;
	struct anchors *anchors; /* of makers, decoded */
	struct metrics *metrics;
};

#endif
