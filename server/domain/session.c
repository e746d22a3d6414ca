#include "domain/session.h"

#include "base/rng.h"
#include "domain/svc.h"
#include "pki/mac.h"
#include "store/session.h"

#define COOKIE_CHARS 43

const struct err ERR_SIGNED_OUT = { KIND_UNAUTHENTICATED, "signed-out",
	"You are signed out: sign in again." };

static void
cookie_mac(struct ctx *cx, const char *purpose, const char *cookie,
    uint8_t mac[MAC_BYTES])
{
	const struct bytes part = bytes_str(cookie);

	mac_compute(cx->svc->mac, purpose, &part, 1, mac);
}

const struct err *
session_open(
    struct ctx *cx, const char *account, bool recovery, struct session *out)
{
	struct session_row row = { .owner_id = account,
		.recovery = recovery,
		.signed_in_at = cx->now };
	uint8_t raw[32], mac[MAC_BYTES];

	rng_bytes(raw, sizeof(raw));
	out->cookie = bytes_b64u(cx->arena, BYTES_OF(raw));
	explicit_bzero(raw, sizeof(raw));
	out->lifetime = recovery ? SESSION_RECOVERY_SECONDS : SESSION_SECONDS;
	row.expires_at = cx->now + out->lifetime;
	cookie_mac(cx, "session", out->cookie, mac);
	return session_add(cx, mac, &row);
}

const struct err *
session_judge(struct ctx *cx, const char *cookie, struct owner_caller *out)
{
	uint8_t mac[MAC_BYTES];
	struct session_row row;
	const struct err *e;

	if (strlen(cookie) != COOKIE_CHARS)
		return fail(cx, &ERR_SIGNED_OUT, "cookie of another length");
	cookie_mac(cx, "session", cookie, mac);
	e = session_get(cx, mac, &row);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_SIGNED_OUT, "no such session");
	if (e != NULL)
		return e;
	*out = (struct owner_caller){ .owner_id = row.owner_id,
		.cookie = cookie,
		.recovery = row.recovery,
		.signed_in_at = row.signed_in_at };
	return NULL;
}

const char *
session_csrf(struct ctx *cx, const char *cookie)
{
	uint8_t mac[MAC_BYTES];

	cookie_mac(cx, "session-csrf", cookie, mac);
	return bytes_b64u(cx->arena, BYTES_OF(mac));
}

const struct err *
session_close(struct ctx *cx, const char *cookie)
{
	uint8_t mac[MAC_BYTES];

	cookie_mac(cx, "session", cookie, mac);
	return session_end(cx, mac);
}

const struct err *
session_close_others(struct ctx *cx, const char *account, const char *cookie)
{
	uint8_t mac[MAC_BYTES];

	if (cookie != NULL)
		cookie_mac(cx, "session", cookie, mac);
	return session_end_others(cx, account, cookie != NULL ? mac : NULL);
}
