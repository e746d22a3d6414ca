/*
 * X.509 extensions (RFC 5280 section 4.2) that the service reads, the same in
 * certificates and in requests.  Pure; each parser reads one whole value.
 */
#ifndef PKI_EXT_H
#define PKI_EXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/limits.h"

enum ext_id {
	EXT_UNKNOWN,
	EXT_BASIC_CONSTRAINTS,
	EXT_KEY_USAGE,
	EXT_EXTENDED_KEY_USAGE,
	EXT_SUBJECT_ALT_NAME,
	EXT_POLICIES,
	EXT_SUBJECT_KEY_ID,
	EXT_NS_CERT_TYPE,
};

struct ext {
	enum ext_id id;
	struct bytes oid, value;
	bool critical;
};

struct ext_list {
	struct ext v[LIMIT_EXTENSIONS];
	size_t n;
};

/* Reads Extensions, a SEQUENCE that is all of der; a repeated extension is
 * refused (section 4.2), as are none and more than LIMIT_EXTENSIONS. */
bool ext_list_parse(struct bytes der, struct ext_list *out);

/* NULL if it is not there. */
const struct ext *ext_find(const struct ext_list *l, enum ext_id id);

bool ext_basic_constraints(struct bytes value, bool *ca);

struct ext_key_usage {
	bool digital_signature, key_encipherment, key_agreement, cert_sign;
};
bool ext_key_usage(struct bytes value, struct ext_key_usage *out);

struct ext_eku {
	bool client, server, cmc_ra, any;
	bool ek;    /* endorsement key of a TPM */
	bool other; /* also where it is ek */
};
bool ext_eku(struct bytes value, struct ext_eku *out);

struct ext_san {
	int n, n_uri, n_dns;
	struct bytes uri; /* the last one */
	bool wildcard;    /* a DNS name holds a star */
};
bool ext_san(struct bytes value, struct ext_san *out);

/* Their form alone: no policy means anything here. */
bool ext_policies(struct bytes value);

bool ext_subject_key_id(struct bytes value);
bool ext_ns_cert_type(struct bytes value);

#endif
