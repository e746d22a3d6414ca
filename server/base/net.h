/*
 * Addresses of clients, and whom they stand for.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct sockaddr;

/* Whom a limit is for: the IPv4 address, or the /64 that one IPv6 site has
 * to itself.  What is no address is returned as it is. */
const char *net_prefix(struct arena *a, const char *address);

/* The same as a number, for tables: all of an IPv4 address, the first 64 bits
 * of an IPv6 one. */
struct net_site {
	uint64_t prefix;
	int family; /* AF_INET, AF_INET6 */
};

/* False for what is neither. */
bool net_site_of(const struct sockaddr *from, struct net_site *out);

bool net_site_eq(struct net_site a, struct net_site b);

/* Spreads sites over tables; seed keeps senders from choosing where. */
uint64_t net_site_hash(struct net_site s, uint64_t seed);

#endif
