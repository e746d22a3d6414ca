/*
 * The records of Matter's device attestation (Core Specification 1.3): the
 * certification declaration (section 6.3.1), the attestation elements
 * (11.18.4.7) and the NOCSR elements (11.18.4.9).  A parse gives all of a
 * record or refuses it; members stand in the order of their tags, once.
 */
#ifndef CODEC_MATTER_H
#define CODEC_MATTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"

#define MATTER_KEY_ID 20  /* bytes of a subject key identifier */
#define MATTER_NONCE 32   /* bytes of a nonce of a commissioner */
#define MATTER_CERT_ID 19 /* characters of a certificate id */

enum matter_cd_type {
	MATTER_CD_TEST,
	MATTER_CD_PROVISIONAL,
	MATTER_CD_OFFICIAL,
};

struct matter_cd {
	uint16_t vid;
	uint16_t pid[LIMIT_MATTER_PIDS];
	size_t n_pids;
	uint32_t device_type;
	struct bytes certificate_id; /* text */
	uint16_t version;
	enum matter_cd_type type;
	bool has_origin; /* who made the device, if not who certified it */
	uint16_t origin_vid, origin_pid;
	struct bytes paa[LIMIT_MATTER_PAAS]; /* key ids; none: any */
	size_t n_paas;
};

struct matter_elements {
	struct bytes declaration; /* CMS */
	struct bytes nonce;
	struct bytes firmware; /* or empty */
};

struct matter_nocsr {
	struct bytes csr; /* PKCS#10, DER */
	struct bytes nonce;
};

extern const struct err ERR_BAD_MATTER; /* bad-matter, INVALID */

/* All borrow from tlv. */
ERR_FN matter_cd_parse(struct ctx *cx, struct bytes tlv, struct matter_cd *out);
ERR_FN matter_elements_parse(
    struct ctx *cx, struct bytes tlv, struct matter_elements *out);
ERR_FN
matter_nocsr_parse(struct ctx *cx, struct bytes tlv, struct matter_nocsr *out);

#endif
