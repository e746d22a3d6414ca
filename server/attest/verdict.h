/*
 * What attestation found: a grade, findings each with a code and plain
 * words, and facts about the unit.  The sender learns nothing of it (E5);
 * operators see all, owners the words.
 */
#ifndef ATTEST_VERDICT_H
#define ATTEST_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/limits.h"

enum grade {
	GRADE_NONE,     /* nothing about the unit was proved */
	GRADE_SOFTWARE, /* a key that software can read vouches */
	GRADE_HARDWARE, /* a key in hardware vouches */
};

enum severity {
	FINDING_NOTE,
	FINDING_WARNING,
	FINDING_REFUSAL, /* one of these, and the evidence is refused */
};

/* The layers a verifier goes through, in their order; the first that fails
 * is the one recorded. */
enum layer {
	LAYER_PARSE,
	LAYER_SIGNATURE, /* of the evidence itself */
	LAYER_CHAIN,     /* from its signer to an anchor */
	LAYER_CLAIMS,    /* types and lengths of what is said */
	LAYER_FRESHNESS,
	LAYER_BINDING, /* to the key to be certified, or the session */
	LAYER_REVOCATION,
	LAYER_POLICY,
};

struct finding {
	enum layer layer;
	enum severity severity;
	/* It needs a list from elsewhere (revocation, reference values); all
	 * others are seen in the evidence itself. */
	bool elsewhere;
	const char *code;  /* stable, lower case with dashes */
	const char *words; /* for operators and owners */
};

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES };

/* RFC 9711 section 4.2.9; a format that says less is mapped to the nearest
 * that claims less. */
enum debug_state {
	DEBUG_UNKNOWN,
	DEBUG_ENABLED,
	DEBUG_DISABLED,
	DEBUG_DISABLED_SINCE_BOOT,
	DEBUG_DISABLED_PERMANENTLY,
	DEBUG_DISABLED_FULLY_AND_PERMANENTLY,
};

/* One measured component. */
struct measurement {
	const char *type;    /* or NULL */
	const char *version; /* or NULL */
	struct bytes value;
	struct bytes signer; /* or empty */
};

/* A part of the unit that an EAT speaks of by name (RFC 9711 section
 * 4.2.18). */
struct submodule {
	const char *name;
	bool judged; /* by claims of the token itself */
	enum known secure_boot;
	enum debug_state debug;
	const char *sw_version; /* or NULL */
	int64_t sw_scheme;
};

/* What a TPM's log names as started or used. */
struct boot_event {
	uint32_t pcr;
	struct bytes digest;
};

/* Strings are text as signed, NULL where nothing is said; bytes are empty
 * then.  Everything was covered by a signature that verified. */
struct facts {
	const char *serial;
	struct bytes ueid;           /* or PSA instance id */
	const char *subject;         /* of a Matter DAC, for people */
	struct bytes subject_sha256; /* of that name, DER */
	struct bytes oem;
	const char *model;      /* text, or hwmodel in hex */
	const char *hw_version; /* of the chip: PSA implementation id in hex */
	const char *sw_version;
	int64_t sw_scheme; /* CoSWID version scheme (RFC 9393), 0: none */
	const char *profile;
	enum known secure_boot;
	enum debug_state debug;
	int64_t lifecycle; /* PSA, -1: not said */
	struct bytes boot_seed;
	struct measurement measurement[LIMIT_MEASUREMENTS];
	size_t n_measurements;
	struct boot_event boot[LIMIT_BOOT_EVENTS];
	size_t n_boot;
	struct submodule submodule[LIMIT_SUBMODS];
	size_t n_submodules;
	struct bytes key_spki;  /* the attested key, DER, or empty */
	struct bytes ek_sha256; /* of a TPM's endorsement key, SPKI */
	/* Of the key that the unit has for life, SPKI: that of its birth
	 * certificate, or the first of its layers' (DICE). */
	struct bytes birth_key_sha256;
};

struct verdict {
	enum grade grade; /* GRADE_NONE whenever it is refused */
	bool accepted;
	struct finding finding[LIMIT_FINDINGS];
	size_t n_findings;
	struct facts facts;
	/* The certificates that vouch, verified: that of the signer first, the
	 * anchor last.  None where a bare key is the anchor. */
	struct bytes path[LIMIT_PATH_CERTS];
	size_t n_path;
};

/* An empty verdict that accepts, of grade none. */
void verdict_init(struct verdict *v);

/* A refusal found here: v is not accepted any more, its grade none.  The
 * words are copied to the arena.  Past the limit the last one stays. */
void verdict_refuse(struct ctx *cx, struct verdict *v, enum layer layer,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Any finding. */
void verdict_add(struct verdict *v, const struct finding *found);

/* The first refusal, or NULL. */
const struct finding *verdict_refusal(const struct verdict *v);

const char *grade_name(enum grade g);
const char *layer_name(enum layer l);
const char *severity_name(enum severity s);
/* NULL where it is unknown. */
const char *debug_name(enum debug_state s);

#endif
