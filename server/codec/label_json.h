/*
 * The settings of an enrollment label as operators write them: a JSON object
 * whose members all have defaults.  What the words mean is domain/label's.
 */
#ifndef CODEC_LABEL_JSON_H
#define CODEC_LABEL_JSON_H

#include "codec/json.h"

#define LIMIT_LABEL_LIST 8 /* names, OIDs, words of one member */

struct label_json {
	const char *description, *issuer;
	struct json_strs key_types;
	int64_t rsa_bits, lifetime, backdate;
	const char *subject;
	bool spiffe;
	struct json_strs dns, extended_key_usage, policies;
	const char *ocsp_url, *ca_issuers_url, *crl_url;
	struct json_strs authentication;
	const char *owner_approval;
	bool bootstrap_replaces_owner;
	int64_t renew_after;
	const char *renew_key, *superseded, *clone, *server_key;
	const char *channel_binding;
	struct json_strs csr_must_have;
};

extern const struct json_field label_json_fields[];

/* Reads the settings over the defaults. */
ERR_FN
label_json_read(struct ctx *cx, struct bytes text, struct label_json *out);

/* Writes every setting that has a value, in a fixed order. */
ERR_FN label_json_write(
    struct ctx *cx, const struct label_json *in, const char **text);

#endif
