/*
 * Channel binding (RFC 5056): a value that both ends of one TLS connection
 * know and nobody between two connections can make equal.  A client that
 * signs it into its request shows that the request was made for this
 * connection (RFC 7030 section 3.5).
 */
#ifndef HTTP_BINDING_H
#define HTTP_BINDING_H

#include <stddef.h>
#include <stdint.h>

#define BINDING_BYTES 64

struct binding {
	uint8_t value[BINDING_BYTES];
	size_t n; /* 0: the connection has none */
};

/* tls-unique (RFC 5929 section 3) of a TLS 1.2 session with extended master
 * secret, without which two connections can have the same (RFC 7627);
 * tls-exporter (RFC 9266) of TLS 1.3.  session is a gnutls_session_t after
 * its handshake, or NULL. */
void binding_init(void *session, struct binding *out);

#endif
