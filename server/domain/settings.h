/*
 * The settings of latchkeyd and the one table of them: it reads the file and
 * the environment (base/cfg_load) and prints the help, the example file and
 * the reference page (base/cfg_print).  A setting is a field here and its row
 * in settings.c; its name is that of the field.
 */
#ifndef DOMAIN_SETTINGS_H
#define DOMAIN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cfg.h"

/* Before the names of environment variables.  One of its own, so that a
 * variable that is no setting is a mistake; the latchkey command has others,
 * with other meanings (LATCHKEY_DB: as the migrator). */
#define SETTINGS_PREFIX "LATCHKEYD_"

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
	/* Of the proxies in front: addresses, or the path of a unix socket;
	 * empty: none.  Their certificates, PEM. */
	char *proxy_listen, *proxy_certs;
	int64_t proxy_port;
	int64_t drain_delay;   /* seconds of 503 at /readyz before we close */
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
	int64_t guesses_owner, guesses_address, guesses_unit, guesses_service;
	int64_t requests_address, requests_model; /* in 10 minutes; 0: any */
	int64_t guess_window;                     /* seconds */
	char *node_name;           /* empty: made from the host's */
	int64_t journal_megabytes; /* of what outlives the database */
	int64_t consumer_alert;    /* seconds silent or behind */
	bool second_operator;      /* has to confirm what is dangerous (H4) */
	int64_t revoke_alone;      /* units of an operator a day, without */
	int64_t proposal_lifetime; /* seconds */
	char *log_format;          /* keyvalue or json */
	bool unbound_tokens; /* development: operators' without certificate */
	bool app_keys;       /* development apps with a key of their own */
	/* the platform's own identity provider; empty: none */
	char *idp_issuer, *idp_jwks, *idp_audience, *idp_acr, *idp_ca;
	int64_t idp_max_age;
	char *trust_domain; /* of SPIFFE ids; empty: none are made or taken */
};

extern const struct cfg_key settings_keys[];
extern const size_t settings_n;

/* What no row alone can say; NULL if it is right. */
const char *settings_fault(const struct settings *set);

#endif
