/*
 * The TLS side of the listener: which versions and groups, the server's own
 * certificate (loaded anew when its files change, without a restart), and
 * the client's chain as DER.  It decides nothing about the client: any
 * certificate, or none, completes the handshake (SECURITY.md A4), unless its
 * key is so large that verifying with it would hold others up (E4).  GnuTLS
 * is named in this file's .c and in binding.c alone.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <stdbool.h>

#include "base/auto.h"
#include "domain/caller.h"
#include "domain/ticket.h"
#include "http/flight.h"

#define TLS_WHY_BYTES 256

struct tls;
struct tls_credential; /* one certificate and key, counted references */

/* The priority string of GnuTLS: TLS 1.3 and 1.2, forward secrecy. */
extern const char tls_priority[];

/* Loads PEM files; NULL with the reason in why. */
struct tls *
tls_new(const char *cert_path, const char *key_path, char why[TLS_WHY_BYTES]);
void tls_free(struct tls *t);
AUTO_STRUCT_DEFINE(tls, tls_free);

/* Loads the files again if they changed.  A bad new pair is logged once and
 * the old one kept. */
void tls_reload(struct tls *t);

/* Sends the answer with its certificate from now on (RFC 6066 section 8). */
struct ocsp_staple;
void tls_staple(struct tls *t, const struct ocsp_staple *staple);

/* When the certificate that is served expires. */
int64_t tls_not_after(struct tls *t);

/* The current credential, held until tls_credential_drop. */
struct tls_credential *tls_get1(struct tls *t);
void tls_credential_drop(struct tls_credential *c);

/* How far a handshake came, by its messages; they go up alone. */
enum tls_stage {
	TLS_SILENT,      /* nothing that is a ClientHello */
	TLS_OLD_HELLO,   /* one below TLS 1.2 */
	TLS_HELLO,       /* no more than it: nothing in common */
	TLS_ANSWERED,    /* our certificate was sent */
	TLS_CERTIFICATE, /* the client's came */
	TLS_BIG_KEY,     /* and its key was too large to verify with (E4) */
	TLS_PROOF,       /* the signature by its key came */
	TLS_OVER,        /* the client finished */
};

/* What a connection keeps of its session. */
struct tls_session {
	struct tls_credential *credential;
	enum tls_stage stage;
	bool tls13, resumed; /* of TLS_OVER */
	void *session;       /* a gnutls_session_t, while it lives */
	int alert;           /* of the client's last, once it is over; or 0 */
	struct flight out;
};

/* Prepares a new session (a gnutls_session_t): asks for a certificate
 * without requiring one, serves keep->credential, sends by keep->out, and
 * offers to resume it by a ticket.  keep must outlive the session.  The
 * client's chain travels in the ticket and is judged again as at a full
 * handshake (SECURITY.md H3). */
void tls_session_init(void *session, struct tls_session *keep,
    const uint8_t ticket_key[TICKET_KEY_BYTES]);

/* Of so many at most, and that it took too long. */
#define TLS_REASONS 16

/* Why a handshake that is not over failed, as metrics call it: what the client
 * said of it, or how far it came.  Once its session has ended. */
const char *tls_failure(const struct tls_session *s);

/* The client's chain, copied, none without a session; freed with
 * tls_peer_release. */
void tls_peer_init(void *session, struct peer *out);
void tls_peer_release(struct peer *p);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK2: a
 * gnutls_certificate_retrieve_function3. */
void (*tls_retrieve_fn(void))(void);

#endif
