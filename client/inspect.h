/*
 * Structures of attestation and enrollment, recognised and printed for
 * people: one row a kind, tried in turn.  The strict parsers of the service
 * read; what they refuse is named where its shape is clear, with the reason,
 * and not shown as if it were good.  Nothing is verified.
 */
#ifndef CLIENT_INSPECT_H
#define CLIENT_INSPECT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"

/* Where a piece of bytes lies in others. */
struct inspection {
	struct ctx *cx;
	int depth;
	const char *label; /* its name there, until the first line */
};

struct inspector {
	const char *name; /* of --as */
	const char *what; /* in words */
	/* Prints; false, and nothing printed, if it is something else. */
	bool (*show)(struct inspection *in, struct bytes data);
};

/* All kinds, the surest first; ends with a NULL name. */
extern const struct inspector inspectors[];

/* Tries them all, or the one of that name (NULL: all). */
bool inspect_any(struct inspection *in, struct bytes data, const char *name);

/* "  name: text", by the depth. */
void inspect_line(struct inspection *in, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void inspect_hex(struct inspection *in, const char *name, struct bytes data);
void inspect_time(struct inspection *in, const char *name, int64_t t);
/* Data that lies within: as what it is, or in hex. */
void inspect_within(struct inspection *in, const char *name, struct bytes data);

bool inspect_certificate(struct inspection *in, struct bytes data);
bool inspect_request(struct inspection *in, struct bytes data);
bool inspect_attributes(struct inspection *in, struct bytes data);
bool inspect_crl(struct inspection *in, struct bytes data);
bool inspect_key(struct inspection *in, struct bytes data);
bool inspect_cms_signed(struct inspection *in, struct bytes data);
bool inspect_cms_certs(struct inspection *in, struct bytes data);
bool inspect_tpm_attest(struct inspection *in, struct bytes data);
bool inspect_tpm_public(struct inspection *in, struct bytes data);
bool inspect_tpm_signature(struct inspection *in, struct bytes data);
bool inspect_tpm_log(struct inspection *in, struct bytes data);
bool inspect_matter_cd(struct inspection *in, struct bytes data);
bool inspect_matter_elements(struct inspection *in, struct bytes data);
bool inspect_matter_nocsr(struct inspection *in, struct bytes data);
bool inspect_cose(struct inspection *in, struct bytes data);
bool inspect_cbor(struct inspection *in, struct bytes data);
bool inspect_corim(struct inspection *in, struct bytes data);
bool inspect_tpm_credential(struct inspection *in, struct bytes data);

/* What is of that shape, and was refused for cx->reason. */
bool inspect_refused_request(struct inspection *in, struct bytes data);
bool inspect_refused_certificate(struct inspection *in, struct bytes data);

#endif
