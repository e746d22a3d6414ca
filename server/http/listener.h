/*
 * The listening socket.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdint.h>

#define LISTENER_WHY_BYTES 256

/* Binds and listens, TCP_NODELAY set for what it accepts.  The descriptor
 * and the port, or -1 with the reason in why. */
int listener_open(const char *address, int64_t port, uint16_t *bound,
    char why[LISTENER_WHY_BYTES]);

#endif
