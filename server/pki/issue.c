#include "pki/issue.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "pki/build.h"
#include "pki/key_internal.h"
#include "pki/profile.h"
#include "pki/signer_internal.h"

const struct err ERR_CA_EXPIRED = { KIND_UNAVAILABLE, "ca-expired",
	"The issuing CA cannot sign now; its operator has to renew it." };

/* What a kind fixes, whatever the profile says. */
static const struct {
	int eku;
	const char *uri_prefix;
} KINDS[] = {
	[PROFILE_DEVICE] = { NID_client_auth, "urn:uuid:" },
	[PROFILE_SERVICE] = { NID_client_auth, "urn:latchkey:service:" },
	[PROFILE_SERVER] = { NID_server_auth, NULL },
};

/* The caller made the id and the names: wrong ones are its bug. */
static void
must_be_well_formed(const struct issue *io)
{
	const char *const *name;

	switch (io->profile->kind) {
	case PROFILE_DEVICE:
		must(io->id != NULL && text_is_uuid(bytes_str(io->id)));
		must(!io->ra);
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
	io->not_after = io->now + io->profile->lifetime;
	if (io->not_after > s->not_after)
		io->not_after = s->not_after;
}

const struct err *
issue_certificate(struct ctx *cx, const struct signer *s, struct issue *io)
{
	const enum profile_kind kind = io->profile->kind;
	struct build b = { .cn = io->id,
		.spki = io->spki,
		.pathlen = -1,
		.eku = KINDS[kind].eku,
		.cmc_ra = io->ra };
	AUTO(X509) *x = NULL;
	struct key_facts key;
	const struct err *e;
	struct bytes der;

	if (io->now < s->not_before || io->now >= s->not_after)
		return fail(cx, &ERR_CA_EXPIRED,
		    "issue: the CA's certificate is not valid now");
	e = key_parse_form(cx, io->spki, &key);
	if (e != NULL)
		return e;
	must_be_well_formed(io);
	set_validity(s, io);
	b.not_before = io->not_before;
	b.not_after = io->not_after;
	if (KINDS[kind].uri_prefix != NULL)
		b.uri = arena_printf(
		    cx->arena, "%s%s", KINDS[kind].uri_prefix, io->id);
	else
		b.names = io->dns;
	build_serial(b.serial);
	x = build_certificate(&b, s->cert, s->key);
	der = signer_encode(x);
	io->der = bytes_dup(cx->arena, der);
	OPENSSL_free((void *)(uintptr_t)der.p);
	io->serial = bytes_dup(cx->arena, BYTES_OF(b.serial));
	return NULL;
}
