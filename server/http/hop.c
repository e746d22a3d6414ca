#include "http/hop.h"

#include <strings.h>

#include "codec/hop.h"
#include "domain/svc.h"

static const struct err ERR_UNKNOWN_HOP = { KIND_FORBIDDEN, "unknown-proxy",
	"This listener is for the proxies of this service alone." };

/* The list is the configuration's: whoever is not on it any more is none,
 * however old its connection. */
static bool
is_known(const struct svc *svc, const struct peer *hop)
{
	size_t i;

	for (i = 0; hop->n > 0 && i < svc->hops; i++)
		if (bytes_eq(svc->hop[i], hop->chain[0]))
			return true;
	return false;
}

static struct bytes
value_of(const struct head *h, const char *name)
{
	const char *s = guard_field(h, name);

	return s == NULL ? BYTES_NONE : bytes_str(s);
}

const struct err *
hop_read(struct ctx *cx, const struct peer *hop, const struct head *h,
    struct request *rq)
{
	struct hop_chain chain;
	const struct err *e;

	if (hop != NULL && !is_known(cx->svc, hop))
		return fail(cx, &ERR_UNKNOWN_HOP, "hop: not in proxy_certs");
	e = hop_forwarded_read(cx, value_of(h, "Forwarded"), &rq->address);
	if (e == NULL)
		e = hop_chain_read(cx, value_of(h, "Client-Cert"),
		    value_of(h, "Client-Cert-Chain"), &chain);
	if (e != NULL)
		return e;
	memcpy(rq->peer.chain, chain.cert, sizeof(chain.cert));
	rq->peer.n = chain.n;
	rq->peer.too_long = chain.too_long;
	return NULL;
}

static bool
is_hops(const char *name)
{
	static const char *const prefixes[] = { "Client-Cert", "Forwarded",
		"X-Forwarded-" };
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

size_t
hop_delete(struct head_field *field, size_t n)
{
	size_t i, left = 0;

	for (i = 0; i < n; i++)
		if (!is_hops(field[i].name))
			field[left++] = field[i];
	return left;
}
