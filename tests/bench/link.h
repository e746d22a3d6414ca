/*
 * The load generator's connections: many TLS clients on one epoll loop in
 * one thread, each with its own certificate if it has one.  It does not
 * verify the server: the cycles are the service's, and the peers' clients
 * (wrk) do not either.  A link is memory of the caller and may be opened
 * again after it was closed.
 */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define LINK_IN 8192

enum link_event {
	LINK_OPEN,  /* the handshake is done */
	LINK_DATA,  /* more is in link->in */
	LINK_CLOSED /* by the other side, or by an error; not by link_close */
};

struct loop {
	int epoll;
	SSL_CTX *tls;
	uint16_t port;
};

struct link {
	struct loop *loop;
	void (*on)(struct link *, enum link_event);
	void *arg; /* the caller's */
	int fd;
	SSL *ssl;       /* NULL: closed */
	unsigned times; /* it was opened */
	bool open;
	struct bytes out; /* still to be sent, the caller's memory */
	uint8_t in[LINK_IN + 1];
	size_t in_n;
	int64_t sent_us;
};

/* Who connects: with a certificate, or a session to resume, or neither. */
struct link_as {
	X509 *cert;
	EVP_PKEY *key;
	SSL_SESSION *session;
};

/* version is TLS1_2_VERSION, TLS1_3_VERSION, or 0 for either. */
void loop_init(struct loop *l, uint16_t port, int version);
void loop_release(struct loop *l);

/* Waits for at most ms, or us, and calls back what happened. */
void loop_turn(struct loop *l, int ms);
void loop_turn_us(struct loop *l, int64_t us);

/* Starts a connection to 127.0.0.1; on and arg are set by the caller. */
void link_open(struct link *k, struct loop *l, const struct link_as *as);
void link_send(struct link *k, struct bytes request);
void link_close(struct link *k);

struct answer {
	int status;
	struct bytes body; /* within link->in */
};

/* Whether a whole HTTP answer is there; it is then taken off the link, and
 * its body stays valid until the next event. */
bool link_answer(struct link *k, struct answer *out);

#endif
