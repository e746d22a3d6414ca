#include "domain/cert_status.h"

#include "base/bytes.h"
#include "store/status.h"

#define SERIAL_MOST 20 /* RFC 5280 section 4.1.2.2 */

const struct err *
cert_status_get(struct ctx *cx, const char *serial, struct cert_status *out)
{
	struct bytes number;
	const struct err *e;
	struct status st;

	if (!bytes_from_hex(cx->arena, bytes_str(serial), &number) ||
	    number.n == 0 || number.n > SERIAL_MOST)
		return fail(cx, &ERR_NOT_FOUND, "not a serial number");
	e = status_get(cx, number, &st);
	if (e != NULL)
		return e;
	if (st.der.n == 0 && st.revoked_at == 0)
		return fail(cx, &ERR_NOT_FOUND, "no such certificate");
	*out = (struct cert_status){ .serial = bytes_hex(cx->arena, number),
		.device_id = st.device_id,
		.not_after = st.not_after,
		.revoked_at = st.revoked_at,
		.reason = st.reason };
	out->state = st.revoked_at != 0        ? "revoked"
		     : st.not_after <= cx->now ? "expired"
					       : "good";
	return NULL;
}
