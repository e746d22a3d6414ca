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
