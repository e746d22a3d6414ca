/*
 * A model's policy on evidence, and how it is applied to the facts of any
 * format.  As data it is JSON (attest/policy_json); an empty one asks nothing
 * beyond what its format asks by itself.
 */
#ifndef ATTEST_POLICY_H
#define ATTEST_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/verdict.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/limits.h"

/* Version schemes of CoSWID (RFC 9393 section 4.1). */
#define SCHEME_SEMVER 16384
#define SCHEME_INTEGERS 16387

/* What is asked of a part of the unit; it has to be there. */
struct submodule_rule {
	const char *name;
	bool secure_boot;
	enum debug_state least_debug;
	const char *least_sw_version;
};

/* What is refused by name, whatever else is shown. */
struct denied {
	enum denied_what {
		DENIED_SERIAL,
		DENIED_UEID,
		DENIED_KEY, /* SHA-256 of that of birth, or of a TPM's EK */
		DENIED_MEASUREMENT,
	} what;
	struct bytes value;
};

/* Unset: NULL, empty, 0 or false.  Lists are any of. */
struct attest_policy {
	/* Evidence. */
	const char *format[LIMIT_POLICY_LIST];
	size_t n_formats;
	const char *profile[LIMIT_POLICY_LIST]; /* of EAT */
	size_t n_profiles;
	enum grade least_grade;
	bool mac_allowed; /* tokens under a secret that we have, too */
	/* Identity. */
	bool ueid_required;         /* the evidence says which unit it is */
	const char *serial_pattern; /* attest/policy_names */
	struct bytes oem;
	struct bytes hw_model;
	struct bytes implementation_id;
	/* Of the hardware, by SCHEME_INTEGERS. */
	const char *least_hw_version, *most_hw_version;
	uint16_t vid;                    /* of Matter; 0: unset */
	uint16_t pid[LIMIT_POLICY_LIST]; /* of Matter */
	size_t n_pids;
	bool cd_test, cd_provisional; /* kinds of declaration beside official */
	bool cd_optional;             /* a device may have none */
	/* What the ledger of certified products says of it. */
	const char *cd_certificate_id;
	uint32_t cd_device_type;
	uint16_t cd_version;
	/* State. */
	bool secure_boot; /* required */
	enum debug_state least_debug;
	bool lifecycle_secured; /* PSA: 0x3000 to 0x30ff alone */
	/* Firmware. */
	const char *least_sw_version;
	int64_t sw_scheme; /* of it: 16384 semver, 16387 integers (RFC 9393) */
	bool sw_may_go_down;             /* than this unit has shown before */
	struct measurement *measurement; /* allowed; LIMIT_REFERENCES */
	size_t n_measurements;
	struct {
		uint32_t index;
		struct bytes sha256;
	} pcr[LIMIT_PCRS];
	size_t n_pcrs;
	/* Of each PCR that is in it: all that a TPM's log may name. */
	struct boot_event boot[LIMIT_BOOT_EVENTS];
	size_t n_boot;
	struct submodule_rule submodule[LIMIT_SUBMODS]; /* of EAT, all of */
	size_t n_submodules;
	/* Revocation. */
	bool crl_required; /* a chain without a current CRL is refused */
	struct denied *denied;
	size_t n_denied;
	/* Renewal: how old the unit's last evidence may be, seconds. */
	int64_t reattest_every;
};

/* Asks of v->facts what p asks, in this order: the deny list, profile,
 * identity, state, firmware.  earlier_sw is what this unit has shown before, or
 * NULL.  A format calls it last, when nothing was refused, with its grade set.
 */
void policy_apply(struct ctx *cx, const struct attest_policy *p,
    const char *earlier_sw, struct verdict *v);

/* Software below what this unit has shown before, by the scheme that was
 * remembered with it, is refused unless p allows it; so is what has no order
 * with it. */
void policy_downgrade(struct ctx *cx, const struct attest_policy *p,
    const char *earlier, int64_t earlier_scheme, struct verdict *v);

/* Judges anew, under now, the facts of evidence that was good under then.
 * What facts do not hold (Matter's declaration, PCRs, current revocation
 * lists) only evidence can answer, if now asks it and otherwise than then. */
void policy_rejudge(struct ctx *cx, const char *format,
    const struct attest_policy *now, const struct attest_policy *then,
    struct verdict *v);

/* Whether the model takes evidence of this format. */
bool policy_takes(const struct attest_policy *p, const char *format);

/* The version scheme that p compares by: its own, the evidence's, semver. */
int64_t policy_sw_scheme(const struct attest_policy *p, const struct facts *f);

/* Semantic versions and others have no order between them. */
bool versions_have_order(int64_t scheme_a, int64_t scheme_b);

/* Whether version a is at least b by the scheme: 16384 semver, 16387 decimal
 * integers, with dots between several (RFC 9393 section 4.1).  False where one
 * cannot be read. */
bool version_at_least(int64_t scheme, const char *a, const char *b);

#endif
