/*
 * What goes out on a TLS connection.  libmicrohttpd sends the head of a reply
 * and its body as a record each; sent by themselves they cost two packets,
 * and wake a client that can do nothing yet.  So the head's record is held
 * until the body's comes, and both go out in one call.
 */
#ifndef HTTP_FLIGHT_H
#define HTTP_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct flight {
	int fd;
	bool more;     /* the next record is not the last of its reply */
	uint8_t *held; /* of size bytes, sent up to done */
	size_t size, done;
};

/* A reply with a body is about to be sent. */
void flight_hold(struct flight *f);

/* Sends, with what was held, or holds: a gnutls_vec_push_func, whose first
 * argument is the flight.  The bytes taken, or -1 with errno. */
ssize_t flight_push(void *flight, const struct iovec *iov, int n);

/* Forgets what is still held. */
void flight_end(struct flight *f);

#endif
