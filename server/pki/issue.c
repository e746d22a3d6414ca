#include "pki/issue.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "pki/identity.h"
#include "pki/key_internal.h"
#include "pki/leaf.h"
#include "pki/profile.h"
#include "pki/signer_internal.h"

const struct err ERR_CA_EXPIRED = { KIND_UNAVAILABLE, "ca-expired",
	"The issuing CA cannot sign now; its operator has to renew it." };

#define CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define CMC_RA "1.3.6.1.5.5.7.3.28"

/* The caller made the id and the names: wrong ones are its bug. */
static void
must_be_well_formed(const struct issue *io)
{
	const char *const *name;

	switch (io->profile->kind) {
	case PROFILE_DEVICE:
		must(io->id != NULL && text_is_uuid(bytes_str(io->id)));
		must(!io->ra);
		must(io->profile->spiffe_domain == NULL ||
		     identity_domain_ok(io->profile->spiffe_domain));
		break;
	case PROFILE_SERVICE:
		must(io->id != NULL && text_is_slug(bytes_str(io->id)));
		break;
	case PROFILE_SERVER:
		must(io->dns != NULL && io->dns[0] != NULL);
		for (name = io->dns; *name != NULL; name++)
			must(build_name_ok(*name));
		break;
	}
}

static void
set_validity(const struct signer *s, struct issue *io)
{
	io->not_before = io->now - io->profile->backdate;
	if (io->not_before < io->earliest)
		io->not_before = io->earliest;
	io->not_after = io->now + io->profile->lifetime;
	if (io->not_after > s->not_after)
		io->not_after = s->not_after;
}

/* clientAuth and what a device's label adds, each once. */
static void
set_purposes(const struct issue *io, struct leaf *l)
{
	const char *const *more = io->profile->eku;
	size_t n = 0;

	l->eku[n++] =
	    io->profile->kind == PROFILE_SERVER ? SERVER_AUTH : CLIENT_AUTH;
	if (io->ra)
		l->eku[n++] = CMC_RA;
	for (; more != NULL && *more != NULL; more++) {
		must(n < LEAF_EKU);
		if (strcmp(*more, CLIENT_AUTH) != 0)
			l->eku[n++] = *more;
	}
}

/* Who it is for, as pki/identity reads it. */
static ERR_FN
set_names(struct ctx *cx, const struct issue *io, struct leaf *l)
{
	const struct profile *p = io->profile;
	const struct err *e;

	if (p->kind == PROFILE_SERVER) {
		l->names = io->dns;
		return NULL;
	}
	if (p->kind == PROFILE_SERVICE)
		l->uri =
		    arena_printf(cx->arena, IDENTITY_SERVICE_URI "%s", io->id);
	else if (p->spiffe_domain != NULL)
		l->uri = arena_printf(cx->arena,
		    IDENTITY_SPIFFE_URI "%s" IDENTITY_SPIFFE_PATH "%s",
		    p->spiffe_domain, io->id);
	else
		l->uri =
		    arena_printf(cx->arena, IDENTITY_DEVICE_URI "%s", io->id);
	e = template_subject_values(cx, io, l->subject, &l->n_subject);
	return e != NULL ? e : template_names(cx, io, &l->names);
}

/* Of a list by day: of that on which the certificate expires. */
static const char *
crl_url(struct ctx *cx, const char *url, int64_t not_after)
{
	const char *day = url == NULL ? NULL : strstr(url, PROFILE_DAY);
	char text[CLOCK_TEXT_BYTES];

	if (day == NULL)
		return url;
	clock_text(not_after, text);
	return arena_printf(cx->arena, "%.*s%.10s%s", (int)(day - url), url,
	    text, day + strlen(PROFILE_DAY));
}

const struct err *
issue_certificate(struct ctx *cx, const struct signer *s, struct issue *io)
{
	struct leaf l = { .spki = io->spki,
		.policies = io->profile->policies,
		.ocsp_url = io->profile->ocsp_url,
		.ca_issuers_url = io->profile->ca_issuers_url };
	struct key_facts key;
	const struct err *e;

	if (io->now < s->not_before || io->now >= s->not_after)
		return fail(cx, &ERR_CA_EXPIRED,
		    "issue: the CA's certificate is not valid now");
	e = key_parse_form(cx, io->spki, &key);
	if (e != NULL)
		return e;
	must_be_well_formed(io);
	e = set_names(cx, io, &l);
	if (e != NULL)
		return e;
	set_purposes(io, &l);
	set_validity(s, io);
	l.not_before = io->not_before;
	l.not_after = io->not_after;
	l.crl_url = crl_url(cx, io->profile->crl_url, io->not_after);
	build_serial(l.serial);
	io->der = leaf_sign(cx, &l, s);
	io->serial = bytes_dup(cx->arena, BYTES_OF(l.serial));
	return NULL;
}
