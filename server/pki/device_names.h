/*
 * What makers write into birth certificates beside a serial number: where the
 * key lives, by names that others gave for it.
 */
#ifndef PKI_DEVICE_NAMES_H
#define PKI_DEVICE_NAMES_H

#include <stdbool.h>

#include "pki/path_cert.h"

/* Whether the certificate has a hardwareModuleName in its subjectAltName (RFC
 * 4108 section 5, IEEE 802.1AR section 8.10.3) or one of the policies that
 * TCG gave for keys in a TPM (TPM 2.0 Keys for Device Identity and
 * Attestation, section 5.2). */
bool device_key_in_hardware(const struct path_cert *c);

#endif
