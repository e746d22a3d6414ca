#include "domain/dpop.h"

#include "base/arena.h"
#include "domain/svc.h"
#include "pki/mac.h"
#include "store/event.h"
#include "store/evidence.h"

#define WINDOW 300
#define NONCE_SECONDS 60 /* a nonce is good for two of these, at most */
#define NONCE_BYTES 16

const struct err ERR_USE_DPOP_NONCE = { KIND_UNAUTHENTICATED, "use_dpop_nonce",
	"Send the proof again with the nonce of the DPoP-Nonce header." };

/* The nonce of the time that many steps ago; nodes share the MAC key, so no
 * node has to remember what another gave. */
static const char *
nonce_of(struct ctx *cx, int64_t ago)
{
	const char *step = arena_printf(
	    cx->arena, "%lld", (long long)(cx->now / NONCE_SECONDS - ago));
	struct bytes part = bytes_str(step);
	uint8_t mac[MAC_BYTES];

	mac_compute(cx->svc->mac, "dpop-nonce", &part, 1, mac);
	return bytes_b64u(cx->arena, (struct bytes){ mac, NONCE_BYTES });
}

const char *
dpop_nonce(struct ctx *cx)
{
	return nonce_of(cx, 0);
}

static bool
nonce_is_ours(struct ctx *cx, const char *nonce)
{
	int64_t ago;

	/* One ahead: another node's clock may be. */
	for (ago = -1; ago <= 1; ago++)
		if (bytes_eq(bytes_str(nonce), bytes_str(nonce_of(cx, ago))))
			return true;
	return false;
}

const struct err *
dpop_judge(struct ctx *cx, const struct dpop_call *call, struct dpop_proof *out)
{
	const struct dpop_request rq = {
		.method = call->method,
		.url = arena_printf(
		    cx->arena, "%s%s", cx->svc->set.issuer, call->path),
		.access_token = call->access_token,
		.now = cx->now,
		.window = WINDOW,
	};
	const struct err *e = dpop_read(cx, call->proof, &rq, out);

	if (e != NULL)
		return e;
	if (out->nonce == NULL || !nonce_is_ours(cx, out->nonce))
		return fail(cx, &ERR_USE_DPOP_NONCE, "DPoP: no or old nonce");
	return NULL;
}

/* A key's jti counts once, for as long as its proof could be used (E3). */
const struct err *
dpop_use(struct ctx *cx, const struct dpop_proof *p)
{
	struct bytes parts[] = { BYTES_OF(p->jkt), bytes_str(p->jti) };
	const struct err *e;
	uint8_t mac[MAC_BYTES];
	bool fresh;

	mac_compute(cx->svc->mac, "dpop-jti", parts, 2, mac);
	e = nonce_use(
	    cx, BYTES_OF(mac), cx->now + WINDOW + DPOP_AHEAD + 1, &fresh);
	if (e != NULL || fresh)
		return e;
	e = event_add(
	    cx, &(struct event){ .kind = "dpop.replayed",
		    .detail = bytes_b64u(cx->arena, BYTES_OF(p->jkt)) });
	if (e != NULL)
		return e;
	return fail(cx, &ERR_INVALID_DPOP_PROOF, "DPoP: jti was used before");
}
