/*
 * The listening sockets.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTENER_WHY_BYTES 256
#define LISTENERS 4
#define LISTENER_PATH_BYTES 108 /* of sockaddr_un */

struct listener {
	int fd[LISTENERS];
	size_t n;
	uint16_t port;                  /* of all of them */
	char path[LISTENER_PATH_BYTES]; /* of a unix socket, or empty */
};

/* Binds and listens at each of the addresses, which are separated by commas,
 * TCP_NODELAY set for what is accepted; or at a unix socket, if it is a path,
 * which our user and group alone may connect to.  An address that this machine
 * does not have (::1 where IPv6 is off) is passed over, unless none is left.
 * False with the reason in why, and nothing open. */
bool listener_open(const char *addresses, int64_t port, struct listener *out,
    char why[LISTENER_WHY_BYTES]);

/* Closes it, and removes a unix socket. */
void listener_close(struct listener *l);

#endif
