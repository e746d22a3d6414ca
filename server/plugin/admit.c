#include "plugin/admit.h"

#include "base/mem.h"
#include "pki/identity.h"
#include "pki/name.h"

const struct err ERR_NOT_ADMITTED = { KIND_FORBIDDEN, "not-admitted",
	"This client may not connect to the broker." };

/* What the certificate says of its profile or model, where the rules look for
 * it; what cannot stand in a topic is not known. */
static void
read_name(struct ctx *cx, const struct cert *cert, const char *attr,
    char out[LIMIT_SLUG + 1])
{
	const char *value =
	    attr == NULL ? NULL
			 : name_value(cx->arena, cert->subject_der, attr);

	if (value != NULL && topic_name_ok(value))
		(void)snprintf(out, LIMIT_SLUG + 1, "%s", value);
}

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
	if (!as.is_service) {
		read_name(cx, cert, by->rules->profile, as.profile);
		read_name(cx, cert, by->rules->model, as.model);
	}
	who_username(&as, username);
	if (!who_parse(username, out))
		return fail(cx, &ERR_NOT_ADMITTED, "admit: no name for %s",
		    cert->subject);
	return NULL;
}

/* What the view refuses whoever comes. */
static const char *
closed(const struct admit *by)
{
	if (by->view == NULL)
		return "view-not-known";
	return by->stale ? "view-too-old" : NULL;
}

const struct err *
admit(struct ctx *cx, const struct admit *by, const struct cert *cert,
    struct session *out, const char **why)
{
	const struct err *e;

	*why = closed(by);
	if (*why != NULL)
		return fail(cx, &ERR_NOT_ADMITTED,
		    by->view == NULL
			? "admit: what is refused is not known yet"
			: "admit: what is refused was not read for too long");
	*why = "identity";
	e = read_who(cx, by, cert, &out->who);
	if (e != NULL)
		return e;
	/* The broker verified a chain to its CA file; this holds it to the
	 * issuers that are listed, whatever else that file comes to hold. */
	*why = "issuer";
	e = chain_verify(cx, &cert->der, 1, by->issuers, CHAIN_CLIENT);
	if (e != NULL)
		return e;
	if (!view_id_of_serial(cert->serial, out->serial))
		return fail(cx, &ERR_NOT_ADMITTED, "admit: serial too long");
	*why = "client-id-not-its-own";
	if (!decide_client_id(by->view, &out->who, out->client_id))
		return fail(cx, &ERR_NOT_ADMITTED, "admit: %s: %s",
		    out->who.name, *why);
	out->not_before = cert->not_before;
	out->not_after = cert->not_after;
	out->quarantined =
	    !out->who.is_service && view_quarantined(by->view, out->who.id);
	*why = session_over(by->view, out, cx->now);
	if (*why != NULL)
		return fail(cx, &ERR_NOT_ADMITTED, "admit: %s: %s",
		    out->who.name, *why);
	return NULL;
}
