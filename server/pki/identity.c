#include "pki/identity.h"

#include "base/mem.h"
#include "base/text.h"

#define DEVICE_PREFIX "urn:uuid:"
#define SERVICE_PREFIX "urn:latchkey:service:"

const struct err ERR_BAD_IDENTITY = { KIND_FORBIDDEN, "bad-identity",
	"This certificate does not identify a device or service here." };

/* What each kind's certificates must say; exactly one row may match. */
static const struct {
	enum identity_kind kind;
	const char *prefix;
	bool (*valid)(struct bytes id);
} KINDS[] = {
	{ IDENTITY_DEVICE, DEVICE_PREFIX, text_is_uuid },
	{ IDENTITY_SERVICE, SERVICE_PREFIX, text_is_slug },
};

static const struct err *
refuse(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_IDENTITY, "identity: %s (R7)", reason);
}

const struct err *
identity_parse(struct ctx *cx, const struct cert *c, struct identity *out)
{
	const char *id;
	size_t i = 0;

	if (c->is_ca)
		return refuse(cx, "a CA certificate");
	if (!c->has_eku || !c->eku_client || c->eku_server || c->eku_any ||
	    c->eku_other)
		return refuse(cx, "purposes are not clientAuth alone");
	if (c->n_san != 1 || c->n_uri != 1 || c->uri == NULL)
		return refuse(cx, "names are not exactly one URI");
	while (strncmp(c->uri, KINDS[i].prefix, strlen(KINDS[i].prefix)) != 0)
		if (++i == sizeof(KINDS) / sizeof(KINDS[0]))
			return refuse(cx, "URI is no device's or service's");
	id = c->uri + strlen(KINDS[i].prefix);
	if (!KINDS[i].valid(bytes_str(id)))
		return refuse(cx, "id is not in its one spelling");
	if (c->cn == NULL || strcmp(c->cn, id) != 0)
		return refuse(cx, "CN is not the id");
	if (c->eku_cmc_ra && KINDS[i].kind != IDENTITY_SERVICE)
		return refuse(cx, "a device with cmcRA");
	out->kind = KINDS[i].kind;
	must((size_t)snprintf(out->id, sizeof(out->id), "%s", id) <
	     sizeof(out->id));
	return NULL;
}
