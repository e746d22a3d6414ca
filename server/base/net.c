#include "base/net.h"

#include <arpa/inet.h>

#include "base/arena.h"

const char *
net_prefix(struct arena *a, const char *address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (inet_pton(AF_INET6, address, &in6) != 1)
		return address;
	if (IN6_IS_ADDR_V4MAPPED(&in6))
		return arena_strdup(a,
		    inet_ntop(AF_INET, in6.s6_addr + 12, text, sizeof(text)));
	memset(in6.s6_addr + 8, 0, 8);
	return arena_printf(
	    a, "%s/64", inet_ntop(AF_INET6, &in6, text, sizeof(text)));
}

bool
net_site_of(const struct sockaddr *from, struct net_site *out)
{
	const void *p = from;
	const struct sockaddr_in6 *in6 = p;
	size_t i;

	*out = (struct net_site){ 0, from->sa_family };
	if (from->sa_family == AF_INET)
		out->prefix =
		    ntohl(((const struct sockaddr_in *)p)->sin_addr.s_addr);
	else if (from->sa_family == AF_INET6)
		for (i = 0; i < sizeof(out->prefix); i++)
			out->prefix =
			    out->prefix << 8 | in6->sin6_addr.s6_addr[i];
	else
		return false;
	return true;
}

bool
net_site_eq(struct net_site a, struct net_site b)
{
	return a.prefix == b.prefix && a.family == b.family;
}

/* The finalizer of MurmurHash3 mixes all bits into all. */
uint64_t
net_site_hash(struct net_site s, uint64_t seed)
{
	uint64_t v = s.prefix ^ seed;

	v ^= v >> 33;
	v *= UINT64_C(0xff51afd7ed558ccd);
	v ^= v >> 33;
	v *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (v ^ v >> 33) + (uint64_t)s.family;
}
