/*
 * A policy on evidence as operators write it: a JSON object of these members,
 * all optional, all else refused.
 *
 *	formats            names of formats, any of
 *	min_grade          none, software, hardware
 *	profiles           of EAT, any of
 *	ueid_required      true: the evidence says which unit it is of
 *	serial_pattern     text; * stands for any characters, ? for one
 *	oem_id, hw_model, implementation_id    hex
 *	min_hw_version, max_hw_version    numbers with dots between
 *	vid, pids          of Matter: number; four hex digits each, any of
 *	declarations       of Matter, beside official: test, provisional, none
 *	certificate_id, device_type, declaration_version    of Matter, what the
 *	                   ledger of certified products says
 *	secure_boot        true: required
 *	debug              least: disabled, disabled-since-boot,
 *	                   disabled-permanently, disabled-fully-and-permanently
 *	lifecycle_secured  true: required (PSA)
 *	min_version, version_scheme    semver (unless said), integers; without
 *	                   either, versions are compared as evidence says
 *	allow_downgrade    true: below what the unit has shown
 *	measurements       {type, version, value, signer_id}, values in hex
 *	endorsements       CoRIM or CoMID files, base64url: their reference
 *	                   values are added to implementation_id and
 *	                   measurements; keys in them are not (anchors are
 *	                   registered)
 *	pcrs               {index, sha256}: quoted, and if said that value
 *	submodules         {name, secure_boot, debug, min_version}: parts of an
 *	                   EAT that have to be there and be so
 *	crl_required       true: a chain without a current list is refused
 *	deny               {serials, ueids, keys, measurements}: these are
 *	                   refused; text, the others hex, keys by SHA-256
 *	reattest_every     seconds: no renewal on older evidence
 */
#ifndef ATTEST_POLICY_JSON_H
#define ATTEST_POLICY_JSON_H

#include "attest/policy.h"
#include "base/err.h"

extern const struct err ERR_BAD_ATTEST_POLICY; /* KIND_INVALID, "bad-policy" */

/* What out points to is in the arena. */
ERR_FN
policy_json_read(struct ctx *cx, struct bytes text, struct attest_policy *out);

#endif
