/*
 * What the service is wired from: settings, keys, profiles, and the shared
 * memory of module live.  Built once by main, read-only while serving.
 */
#ifndef DOMAIN_SVC_H
#define DOMAIN_SVC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "domain/settings.h"

struct acks;
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

/* A root, and while it is replaced the one before, OldWithNew and NewWithOld
 * (RFC 4210 section 4.4). */
#define ROOT_CERTS 4

/* Proxies whose word on their clients counts. */
#define HOPS_MAX 8

struct svc {
	struct settings set;
	struct bytes hop[HOPS_MAX]; /* their certificates, DER */
	size_t hops;
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
	struct kept *scrapers; /* who may read metrics, see operator.h */
	struct waiting *waiting;
	struct acks *acks;
	struct rates *rates;
	struct lineage *lineage; /* whether the database is the one seen */
	struct labels *labels;
	struct ocsp *ocsp;
	struct crl_publish *crl_publish;
	struct anchors *anchors; /* of makers, decoded */
	struct metrics *metrics;
};

#endif
