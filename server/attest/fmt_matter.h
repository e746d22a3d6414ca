/*
 * Device attestation of Matter (Core Specification 1.3, sections 6.2, 6.3 and
 * 11.18), between a device and this service in place of a commissioner.  Its
 * attestation challenge is the start of the TLS exporter's value (RFC 9266):
 * whoever signed is at the other end of this connection.  The attestation
 * elements do not hold the key to be certified, the NOCSR elements do; both
 * are needed for any grade (SECURITY.md E2).
 */
#ifndef ATTEST_FMT_MATTER_H
#define ATTEST_FMT_MATTER_H

#include "attest/attest.h"

/* Bytes of the exporter's value that are the challenge (section 4.14.2.6.1,
 * "AttestationChallenge"). */
#define MATTER_CHALLENGE 16

extern const struct attest_format fmt_matter;

#endif
