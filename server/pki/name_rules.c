#include "pki/name_rules.h"

#include <arpa/inet.h>

#include "pki/der.h"
#include "pki/dn.h"

const struct err ERR_PATH_NAMES = { KIND_FORBIDDEN, "path-names",
	"A name in the certificate chain is outside of what its issuers may "
	"vouch for." };

/* GeneralName (RFC 5280 section 4.2.1.6). */
#define GN_EMAIL DER_CONTEXT(1)
#define GN_DNS DER_CONTEXT(2)
#define GN_DIRECTORY DER_CONTEXT_CONSTRUCTED(4)
#define GN_URI DER_CONTEXT(6)
#define GN_IP DER_CONTEXT(7)
#define GN_KINDS 32

enum match { MATCH_NO, MATCH_YES, MATCH_MALFORMED };

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_PATH_NAMES, "path: names: %s", reason);
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool
same_text(struct bytes a, struct bytes b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

/* Whether name is base, or ends in a dot and base. */
static bool
under(struct bytes name, struct bytes base)
{
	struct bytes tail;

	if (base.n == 0)
		return true;
	if (name.n < base.n)
		return false;
	tail = (struct bytes){ name.p + name.n - base.n, base.n };
	return same_text(tail, base) && (name.n == base.n || tail.p[-1] == '.');
}

static struct bytes
skip(struct bytes b, size_t n)
{
	return (struct bytes){ b.p + n, b.n - n };
}

/* Letters, digits, hyphens and underscores in labels of 1 to 63, as host
 * names in the field are; no dot at either end. */
static bool
is_host(struct bytes name)
{
	size_t i, label = 0;

	for (i = 0; i < name.n; i++) {
		uint8_t c = lower(name.p[i]);

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_') ||
		    ++label > 63)
			return false;
	}
	return label > 0 && name.n <= 253;
}

static bool
is_wildcard(struct bytes name)
{
	return name.n > 2 && name.p[0] == '*' && name.p[1] == '.';
}

/* A host name, or one whose whole first label is a star. */
static bool
is_pattern(struct bytes name)
{
	return is_host(is_wildcard(name) ? skip(name, 2) : name);
}

/* A star stands for any one label: it is within base only if all of it is,
 * and touches an excluded base that one of its names could be. */
static enum match
match_dns(struct bytes name, struct bytes base, bool excluded)
{
	if (!is_pattern(name))
		return MATCH_MALFORMED;
	if (!is_wildcard(name))
		return under(name, base) ? MATCH_YES : MATCH_NO;
	name = skip(name, 2);
	if (under(name, base))
		return MATCH_YES;
	if (excluded && base.n > name.n && under(base, name) &&
	    memchr(base.p, '.', base.n - name.n - 1) == NULL)
		return MATCH_YES;
	return MATCH_NO;
}

/* Splits LOCAL@HOST at the only at sign. */
static bool
split_mailbox(struct bytes name, struct bytes *local, struct bytes *host)
{
	const uint8_t *at = name.n == 0 ? NULL : memchr(name.p, '@', name.n);

	if (at == NULL)
		return false;
	*local = (struct bytes){ name.p, (size_t)(at - name.p) };
	*host = skip(name, local->n + 1);
	return local->n > 0 && is_host(*host);
}

static enum match
match_host(struct bytes host, struct bytes base)
{
	/* ".example.com": hosts below it alone. */
	if (base.n > 0 && base.p[0] == '.')
		return host.n > base.n - 1 && under(host, skip(base, 1))
			   ? MATCH_YES
			   : MATCH_NO;
	return base.n == 0 || same_text(host, base) ? MATCH_YES : MATCH_NO;
}

static enum match
match_email(struct bytes name, struct bytes base)
{
	struct bytes local, host, base_local, base_host;

	if (!split_mailbox(name, &local, &host))
		return MATCH_MALFORMED;
	if (!split_mailbox(base, &base_local, &base_host))
		return match_host(host, base);
	/* The local part is its host's to read (RFC 5321 section 2.4). */
	return bytes_eq(local, base_local) && same_text(host, base_host)
		   ? MATCH_YES
		   : MATCH_NO;
}

/* The host of scheme://user@HOST:port/path (RFC 3986 section 3). */
static bool
uri_host(struct bytes uri, struct bytes *host)
{
	const uint8_t *p;
	size_t i;

	for (i = 0; i + 2 < uri.n; i++)
		if (uri.p[i] == ':' && uri.p[i + 1] == '/' &&
		    uri.p[i + 2] == '/')
			break;
	if (i == 0 || i + 2 >= uri.n)
		return false;
	uri = skip(uri, i + 3);
	for (i = 0; i < uri.n; i++)
		if (uri.p[i] == '/' || uri.p[i] == '?' || uri.p[i] == '#')
			break;
	uri.n = i;
	p = uri.n == 0 ? NULL : memrchr(uri.p, '@', uri.n);
	if (p != NULL)
		uri = skip(uri, (size_t)(p - uri.p) + 1);
	p = uri.n == 0 ? NULL : memchr(uri.p, ':', uri.n);
	if (p != NULL)
		uri.n = (size_t)(p - uri.p);
	*host = uri;
	return is_host(uri);
}

/* Whether the last label is a number, as of an address and of no host. */
static bool
is_address(struct bytes host)
{
	return host.n > 0 && host.p[host.n - 1] >= '0' &&
	       host.p[host.n - 1] <= '9';
}

static enum match
match_uri(struct bytes name, struct bytes base)
{
	struct bytes host;

	/* Section 4.2.1.10: a URI without a host, or with an address, is
	 * refused where URIs are constrained. */
	if (!uri_host(name, &host) || is_address(host))
		return MATCH_MALFORMED;
	return match_host(host, base);
}

static enum match
match_ip(struct bytes name, struct bytes base)
{
	size_t i;

	if (name.n != 4 && name.n != 16)
		return MATCH_MALFORMED;
	if (base.n != 2 * name.n)
		return MATCH_NO;
	for (i = 0; i < name.n; i++)
		if (((name.p[i] ^ base.p[i]) & base.p[name.n + i]) != 0)
			return MATCH_NO;
	return MATCH_YES;
}

static enum match
match_directory(struct bytes name, struct bytes base)
{
	if (!dn_ok(name))
		return MATCH_MALFORMED;
	return dn_within(base, name) ? MATCH_YES : MATCH_NO;
}

static enum match
match(uint8_t tag, struct bytes name, struct bytes base, bool excluded)
{
	switch (tag) {
	case GN_DNS:
		return match_dns(name, base, excluded);
	case GN_EMAIL:
		return match_email(name, base);
	case GN_URI:
		return match_uri(name, base);
	case GN_IP:
		return match_ip(name, base);
	case GN_DIRECTORY:
		return match_directory(name, base);
	default:
		/* Kinds that nobody compares: constrained is refused. */
		return MATCH_MALFORMED;
	}
}

/* A mask is ones and then zeroes (RFC 4632 section 3.1). */
static bool
is_mask(struct bytes mask)
{
	size_t i;
	bool end = false;

	for (i = 0; i < mask.n * 8; i++) {
		bool one = (mask.p[i / 8] >> (7 - i % 8) & 1) != 0;

		if (one && end)
			return false;
		end = !one;
	}
	return true;
}

/* All hosts, one of them, or those below it: with a dot in front. */
static bool
is_domain(struct bytes b)
{
	if (b.n > 0 && b.p[0] == '.')
		b = skip(b, 1);
	return b.n == 0 || is_host(b);
}

static bool
base_ok(const struct der_item *it)
{
	struct bytes b = it->content, local, host;

	switch (it->tag) {
	case GN_DNS:
		return b.n == 0 || is_host(b);
	case GN_EMAIL:
		if (b.n > 0 && memchr(b.p, '@', b.n) != NULL)
			return split_mailbox(b, &local, &host);
		return is_domain(b);
	case GN_URI:
		return is_domain(b);
	case GN_IP:
		return (b.n == 8 || b.n == 32) && is_mask(skip(b, b.n / 2));
	case GN_DIRECTORY:
		return dn_ok(b);
	default:
		return (it->tag & 0xc0) == 0x80 && (it->tag & 0x1f) <= 8;
	}
}

/* GeneralSubtree: minimum is 0 and so not encoded, maximum absent. */
static bool
take_base(struct bytes *subtrees, struct der_item *base)
{
	struct bytes seq;

	return der_take(subtrees, DER_SEQUENCE, &seq) && der_next(&seq, base) &&
	       seq.n == 0;
}

/* permittedSubtrees [0] and excludedSubtrees [1], either may be empty. */
static bool
split(struct bytes constraints, struct bytes *permitted, struct bytes *excluded)
{
	struct bytes seq;

	*permitted = *excluded = BYTES_NONE;
	if (!der_take(&constraints, DER_SEQUENCE, &seq) || constraints.n != 0 ||
	    seq.n == 0)
		return false;
	if (der_at(seq, DER_CONTEXT_CONSTRUCTED(0)) &&
	    (!der_take(&seq, DER_CONTEXT_CONSTRUCTED(0), permitted) ||
		permitted->n == 0))
		return false;
	if (der_at(seq, DER_CONTEXT_CONSTRUCTED(1)) &&
	    (!der_take(&seq, DER_CONTEXT_CONSTRUCTED(1), excluded) ||
		excluded->n == 0))
		return false;
	return seq.n == 0;
}

const struct err *
name_rules_check(struct ctx *cx, struct bytes constraints)
{
	struct bytes list[2];
	struct der_item base;
	size_t i;

	if (!split(constraints, &list[0], &list[1]))
		return bad(cx, "malformed constraints");
	for (i = 0; i < 2; i++)
		while (list[i].n > 0)
			if (!take_base(&list[i], &base) || !base_ok(&base))
				return bad(cx, "a malformed constraint");
	return NULL;
}

/* One name under one list of bases. */
static const struct err *
judge(struct ctx *cx, const struct der_item *name, struct bytes list,
    bool excluded)
{
	bool asked = false, inside = false;
	struct der_item base;

	while (list.n > 0) {
		enum match m;

		if (!take_base(&list, &base))
			return bad(cx, "a malformed constraint");
		if (base.tag != name->tag)
			continue;
		asked = true;
		m = match(base.tag, name->content, base.content, excluded);
		if (m == MATCH_MALFORMED)
			return bad(cx, "a constrained name is malformed or "
				       "of a kind that nobody compares");
		inside = inside || m == MATCH_YES;
		if (inside)
			break;
	}
	if (excluded && inside)
		return bad(cx, "a name is excluded");
	if (!excluded && asked && !inside)
		return bad(cx, "a name is not permitted");
	return NULL;
}

static const struct err *
judge_name(struct ctx *cx, const struct bytes *constraints, size_t n,
    const struct der_item *name)
{
	struct bytes permitted, excluded;
	const struct err *e = NULL;
	size_t i;

	for (i = 0; i < n && e == NULL; i++) {
		if (!split(constraints[i], &permitted, &excluded))
			return bad(cx, "malformed constraints");
		e = judge(cx, name, permitted, false);
		if (e == NULL)
			e = judge(cx, name, excluded, true);
	}
	return e;
}

/* Names by their kind. */
struct census {
	size_t n[GN_KINDS];
};

static void
count_names(struct bytes names, struct census *out)
{
	struct der_item it;

	while (names.n > 0 && der_next(&names, &it))
		out->n[it.tag % GN_KINDS]++;
}

static void
count_bases(struct bytes list, struct census *out)
{
	struct der_item base;

	while (list.n > 0 && take_base(&list, &base))
		out->n[base.tag % GN_KINDS]++;
}

/* Every pair of one kind is a comparison, whether it gets made or not. */
static bool
afford(const struct bytes *constraints, size_t n, struct bytes names,
    bool subject, size_t *budget)
{
	struct census a = { { 0 } }, b = { { 0 } };
	struct bytes permitted, excluded;
	size_t i;

	count_names(names, &a);
	a.n[GN_DIRECTORY % GN_KINDS] += subject;
	for (i = 0; i < n; i++)
		if (split(constraints[i], &permitted, &excluded)) {
			count_bases(permitted, &b);
			count_bases(excluded, &b);
		}
	for (i = 0; i < GN_KINDS; i++) {
		if (a.n[i] * b.n[i] > *budget)
			return false;
		*budget -= a.n[i] * b.n[i];
	}
	return true;
}

/* The subject is a directoryName where it is not empty, and its e-mail
 * addresses are names where there is no subjectAltName. */
static const struct err *
judge_subject(struct ctx *cx, const struct bytes *constraints, size_t n,
    const struct path_cert *c)
{
	struct der_item name = { .tag = GN_DIRECTORY, .content = c->subject };
	struct bytes rest = c->subject;
	const struct err *e = NULL;

	if (c->subject_dn.n > 0)
		e = judge_name(cx, constraints, n, &name);
	name.tag = GN_EMAIL;
	while (e == NULL && !path_cert_has(c, PX_SAN) &&
	       dn_next_email(&rest, &name.content))
		e = judge_name(cx, constraints, n, &name);
	return e;
}

const struct err *
name_rules_apply(struct ctx *cx, const struct bytes *constraints, size_t n,
    const struct path_cert *c, size_t *budget)
{
	struct bytes names = BYTES_NONE, san = c->ext[PX_SAN].value;
	const struct err *e;
	struct der_item it;

	if (n == 0)
		return NULL;
	if (san.p != NULL && !der_take(&san, DER_SEQUENCE, &names))
		return bad(cx, "malformed subjectAltName");
	if (!afford(constraints, n, names, c->subject_dn.n > 0, budget))
		return bad(cx, "more names under constraints than the limit");
	e = judge_subject(cx, constraints, n, c);
	while (e == NULL && names.n > 0) {
		if (!der_next(&names, &it))
			return bad(cx, "malformed subjectAltName");
		e = judge_name(cx, constraints, n, &it);
	}
	return e;
}

/* Whether a name of the certificate is the host's. */
static bool
is_named(const struct der_item *it, struct bytes host, struct bytes address)
{
	struct bytes name = it->content;

	if (address.n > 0)
		return it->tag == GN_IP && bytes_eq(name, address);
	if (it->tag != GN_DNS || !is_pattern(name))
		return false;
	if (is_wildcard(name)) {
		const uint8_t *dot = memchr(host.p, '.', host.n);

		if (dot == NULL || dot == host.p)
			return false;
		host = skip(host, (size_t)(dot - host.p));
		name = skip(name, 1);
	}
	return same_text(name, host);
}

bool
name_rules_host(const struct path_cert *c, const char *host)
{
	struct bytes san = c->ext[PX_SAN].value, names, address = BYTES_NONE;
	struct der_item it;
	uint8_t ip[16];

	if (inet_pton(AF_INET, host, ip) == 1)
		address = (struct bytes){ ip, 4 };
	else if (inet_pton(AF_INET6, host, ip) == 1)
		address = (struct bytes){ ip, 16 };
	if (san.p == NULL || !der_take(&san, DER_SEQUENCE, &names))
		return false;
	while (names.n > 0 && der_next(&names, &it))
		if (is_named(&it, bytes_str(host), address))
			return true;
	return false;
}
