#include "http/binding.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <string.h>

void
binding_init(void *session, struct binding *out)
{
	gnutls_session_t s = session;
	gnutls_datum_t value = { NULL, 0 };
	bool tls13;

	memset(out, 0, sizeof(*out));
	if (s == NULL)
		return;
	tls13 = gnutls_protocol_get_version(s) == GNUTLS_TLS1_3;
	if (!tls13 && gnutls_session_ext_master_secret_status(s) == 0)
		return;
	if (gnutls_session_channel_binding(s,
		tls13 ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE,
		&value) != 0)
		return;
	if (value.size <= sizeof(out->value)) {
		memcpy(out->value, value.data, value.size);
		out->n = value.size;
	}
	gnutls_free(value.data);
}
