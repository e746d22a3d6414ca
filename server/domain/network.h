/*
 * Whether an owner decides from where the device asks: the same IPv4 address,
 * as behind one router, or the same IPv6 /64 (SECURITY.md V1).  It is a hint,
 * and what a model's policy may ask for.  Only a keyed hash of the network is
 * kept, another for each request.
 */
#ifndef DOMAIN_NETWORK_H
#define DOMAIN_NETWORK_H

#include "base/bytes.h"
#include "base/ctx.h"

enum network {
	/* Unknown where the device asked from, or one came by IPv4 and the
	 * other by IPv6: then they may be neighbours or not. */
	NETWORK_UNKNOWN,
	NETWORK_SAME,
	NETWORK_OTHER,
};

/* What is kept of the address that approval id was asked from. */
struct bytes
network_keep(struct ctx *cx, const char *approval_id, const char *address);

/* Whether the address is of the network that was kept. */
enum network network_compare(struct ctx *cx, const char *approval_id,
    struct bytes kept, const char *address);

#endif
