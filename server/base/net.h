/*
 * Addresses of clients, as text.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

struct arena;

/* Whom a limit is for: the IPv4 address, or the /64 that one IPv6 site has
 * to itself.  What is no address is returned as it is. */
const char *net_prefix(struct arena *a, const char *address);

#endif
