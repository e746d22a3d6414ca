#include "domain/network.h"

#include "base/arena.h"
#include "base/net.h"
#include "domain/svc.h"
#include "pki/mac.h"

#define FAMILY_BYTES 1

struct bytes
network_keep(struct ctx *cx, const char *approval_id, const char *address)
{
	const char *prefix = net_prefix(cx->arena, address);
	const struct bytes parts[] = { bytes_str(approval_id),
		bytes_str(prefix) };
	uint8_t *p = arena_alloc(cx->arena, FAMILY_BYTES + MAC_BYTES);

	p[0] = strchr(prefix, ':') == NULL ? 4 : 6;
	mac_compute(cx->svc->mac, "network", parts, 2, p + FAMILY_BYTES);
	return (struct bytes){ p, FAMILY_BYTES + MAC_BYTES };
}

enum network
network_compare(struct ctx *cx, const char *approval_id, struct bytes kept,
    const char *address)
{
	struct bytes here = network_keep(cx, approval_id, address);

	if (kept.n != here.n || kept.p[0] != here.p[0])
		return NETWORK_UNKNOWN;
	return bytes_eq(kept, here) ? NETWORK_SAME : NETWORK_OTHER;
}
