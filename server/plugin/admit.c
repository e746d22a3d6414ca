#include "plugin/admit.h"

#include "base/mem.h"
#include "pki/identity.h"

const struct err ERR_NOT_ADMITTED = { KIND_FORBIDDEN, "not-admitted",
	"This client may not connect to the broker." };

/* The identity as a user name of ours would give it back. */
static ERR_FN
read_who(struct ctx *cx, const struct admit *by, const struct cert *cert,
    struct who *out)
{
	struct who as = { 0 };
	struct identity identity;
	char username[WHO_USERNAME_BYTES];
	const struct err *e =
	    identity_parse(cx, cert, by->trust_domain, &identity);

	if (e != NULL)
		return e;
	as.is_service = identity.kind == IDENTITY_SERVICE;
	(void)snprintf(as.name, sizeof(as.name), "%s", identity.id);
	who_username(&as, username);
	if (!who_parse(username, out))
		return fail(cx, &ERR_NOT_ADMITTED, "admit: no name for %s",
		    cert->subject);
	return NULL;
}

const struct err *
admit(struct ctx *cx, const struct admit *by, const struct cert *cert,
    const char *client_id, struct session *out)
{
	const struct err *e;
	const char *why;
	int n;

	memset(out, 0, sizeof(*out));
	if (by->view == NULL)
		return fail(cx, &ERR_NOT_ADMITTED,
		    "admit: what is refused is not known yet");
	if (by->stale)
		return fail(cx, &ERR_NOT_ADMITTED,
		    "admit: what is refused was not read for too long");
	e = read_who(cx, by, cert, &out->who);
	if (e != NULL)
		return e;
	/* The broker verified a chain to its CA file; this holds it to the
	 * issuers that are listed, whatever else that file comes to hold. */
	e = chain_verify(cx, &cert->der, 1, by->issuers, CHAIN_CLIENT);
	if (e != NULL)
		return e;
	if (!view_id_of_serial(cert->serial, out->serial))
		return fail(cx, &ERR_NOT_ADMITTED, "admit: serial too long");
	if (!decide_client_id(by->view, &out->who, client_id))
		return fail(cx, &ERR_NOT_ADMITTED,
		    "admit: %s: client-id-not-its-own", out->who.name);
	n = snprintf(out->client_id, sizeof(out->client_id), "%s", client_id);
	must(n > 0 && (size_t)n < sizeof(out->client_id));
	out->not_after = cert->not_after;
	out->quarantined =
	    !out->who.is_service && view_quarantined(by->view, out->who.id);
	why = session_over(by->view, out, cx->now);
	if (why != NULL)
		return fail(
		    cx, &ERR_NOT_ADMITTED, "admit: %s: %s", out->who.name, why);
	return NULL;
}
