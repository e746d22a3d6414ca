#include "pki/device_names.h"

#include "pki/der.h"

/* id-on-hardwareModuleName. */
static const uint8_t OID_MODULE_NAME[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
	0x08, 0x04 };
/* tcg-cap: verifiedTPMResidency 1, verifiedTPMFixed 2, verifiedTPMRestricted
 * 3 follow. */
static const uint8_t OID_TCG_CAP[] = { 0x67, 0x81, 0x05, 0x0b, 0x01 };

/* HardwareModuleName ::= SEQUENCE { hwType OID, hwSerialNum OCTET STRING },
 * as the explicit value of an otherName. */
static bool
is_module_name(struct bytes other)
{
	struct bytes oid, value, seq, type, serial;

	return der_take_oid(&other, &oid) &&
	       bytes_eq(oid, BYTES_OF(OID_MODULE_NAME)) &&
	       der_take(&other, DER_CONTEXT_CONSTRUCTED(0), &value) &&
	       other.n == 0 && der_take(&value, DER_SEQUENCE, &seq) &&
	       value.n == 0 && der_take_oid(&seq, &type) &&
	       der_take(&seq, DER_OCTET_STRING, &serial) && serial.n > 0 &&
	       seq.n == 0;
}

static bool
names_module(struct bytes san)
{
	struct bytes names;
	struct der_item it;

	if (!der_take(&san, DER_SEQUENCE, &names))
		return false;
	while (names.n > 0 && der_next(&names, &it))
		if (it.tag == DER_CONTEXT_CONSTRUCTED(0) &&
		    is_module_name(it.content))
			return true;
	return false;
}

static bool
has_tpm_policy(struct bytes policies)
{
	struct bytes list, info, oid;

	if (!der_take(&policies, DER_SEQUENCE, &list))
		return false;
	while (list.n > 0 && der_take(&list, DER_SEQUENCE, &info) &&
	       der_take_oid(&info, &oid))
		if (oid.n == sizeof(OID_TCG_CAP) + 1 && oid.p[oid.n - 1] >= 1 &&
		    oid.p[oid.n - 1] <= 3 &&
		    bytes_eq((struct bytes){ oid.p, oid.n - 1 },
			BYTES_OF(OID_TCG_CAP)))
			return true;
	return false;
}

bool
device_key_in_hardware(const struct path_cert *c)
{
	return names_module(c->ext[PX_SAN].value) ||
	       has_tpm_policy(c->ext[PX_POLICIES].value);
}
