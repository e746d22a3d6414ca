#include "pki/identity.h"

#include "base/mem.h"
#include "base/text.h"

const struct err ERR_BAD_IDENTITY = { KIND_FORBIDDEN, "bad-identity",
	"This certificate does not identify a device or service here." };

static const struct err *
refuse(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_IDENTITY, "identity: %s (R7)", reason);
}

bool
identity_domain_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < IDENTITY_DOMAIN_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == n;
}

/* What follows the prefix, or NULL. */
static const char *
after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* The id of spiffe://DOMAIN/device/ID, if that is the domain. */
static const char *
spiffe_id(const char *uri, const char *domain)
{
	const char *rest = after(uri, IDENTITY_SPIFFE_URI);

	if (rest == NULL || !identity_domain_ok(domain))
		return NULL;
	rest = after(rest, domain);
	return rest == NULL ? NULL : after(rest, IDENTITY_SPIFFE_PATH);
}

/* The id that the URI names, its kind and its domain; NULL if it is none. */
static const char *
read_uri(const char *uri, const char *trust_domain, struct identity *out)
{
	const char *id;

	*out = (struct identity){ .kind = IDENTITY_DEVICE };
	id = after(uri, IDENTITY_DEVICE_URI);
	if (id == NULL) {
		id = spiffe_id(uri, trust_domain);
		if (id != NULL)
			(void)snprintf(out->trust_domain,
			    sizeof(out->trust_domain), "%s", trust_domain);
	}
	if (id != NULL)
		return text_is_uuid(bytes_str(id)) ? id : NULL;
	out->kind = IDENTITY_SERVICE;
	id = after(uri, IDENTITY_SERVICE_URI);
	return id != NULL && text_is_slug(bytes_str(id)) ? id : NULL;
}

/* What may stand beside the identity. */
static const struct err *
judge_rest(struct ctx *cx, const struct cert *c, enum identity_kind kind)
{
	bool service = kind == IDENTITY_SERVICE;

	if (c->eku_server || c->eku_any || (c->eku_other && service) ||
	    (c->eku_cmc_ra && !service))
		return refuse(cx, "a purpose that is not its kind's");
	if (c->n_san != c->n_uri + (service ? 0 : c->n_dns))
		return refuse(cx, "names that are not its kind's");
	return NULL;
}

const struct err *
identity_parse(struct ctx *cx, const struct cert *c, const char *trust_domain,
    struct identity *out)
{
	const char *id;

	if (c->is_ca)
		return refuse(cx, "a CA certificate");
	if (!c->has_eku || !c->eku_client)
		return refuse(cx, "not for clientAuth");
	if (c->n_uri != 1 || c->uri == NULL)
		return refuse(cx, "names hold not exactly one URI");
	id = read_uri(c->uri, trust_domain, out);
	if (id == NULL)
		return refuse(cx, "URI is no device's or service's here, or "
				  "its id is not in its one spelling");
	if (c->cn == NULL || strcmp(c->cn, id) != 0)
		return refuse(cx, "CN is not the id");
	must((size_t)snprintf(out->id, sizeof(out->id), "%s", id) <
	     sizeof(out->id));
	return judge_rest(cx, c, out->kind);
}
