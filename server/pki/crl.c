#include "pki/crl.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/der.h"
#include "pki/der_put.h"
#include "pki/dn.h"
#include "pki/ext.h"
#include "pki/signed.h"

const struct err ERR_BAD_CRL = { KIND_INVALID, "bad-crl",
	"The revocation list is malformed or not of an accepted kind." };
const struct err ERR_PATH_REVOKED = { KIND_FORBIDDEN, "path-revoked",
	"A certificate of the chain was revoked by its issuer." };
const struct err ERR_PATH_NO_CRL = { KIND_FORBIDDEN, "path-no-crl",
	"No current revocation list speaks for a certificate of the chain." };

static const uint8_t OID_CRL_NUMBER[] = { 0x55, 0x1d, 0x14 };
static const uint8_t OID_REASON[] = { 0x55, 0x1d, 0x15 };
static const uint8_t OID_INVALIDITY_DATE[] = { 0x55, 0x1d, 0x18 };
static const uint8_t OID_DELTA[] = { 0x55, 0x1d, 0x1b };
static const uint8_t OID_POINT[] = { 0x55, 0x1d, 0x1c };
static const uint8_t OID_CERTIFICATE_ISSUER[] = { 0x55, 0x1d, 0x1d };
static const uint8_t OID_AUTHORITY_KEY_ID[] = { 0x55, 0x1d, 0x23 };

#define DER_HEADS 32 /* of what crl_head puts around */
#define GN_DIRECTORY DER_CONTEXT_CONSTRUCTED(4)

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_CRL, "crl: %s", reason);
}

/* ReasonFlags as the content of a BIT STRING, into sixteen bits. */
static bool
read_reasons(struct bytes bits, unsigned *out)
{
	if (bits.n < 2 || bits.n > 3 || bits.p[0] > 7)
		return false;
	*out = (unsigned)bits.p[1] << 8 | (bits.n == 3 ? bits.p[2] : 0);
	*out &= CRL_ALL_REASONS;
	return true;
}

/* An implicit BOOLEAN DEFAULT FALSE under a context tag. */
static bool
take_flag(struct bytes *seq, uint8_t tag, bool *out)
{
	struct bytes v;

	if (!der_at(*seq, tag))
		return true;
	if (!der_take(seq, tag, &v) || v.n != 1 ||
	    (v.p[0] != 0x00 && v.p[0] != 0xff))
		return false;
	*out = v.p[0] != 0;
	return true;
}

/* issuingDistributionPoint (section 5.2.5). */
static bool
read_point(struct bytes v, struct crl *c)
{
	struct bytes seq, reasons;

	if (!der_take(&v, DER_SEQUENCE, &seq) || v.n != 0)
		return false;
	if (der_at(seq, DER_CONTEXT_CONSTRUCTED(0)) &&
	    !der_take(&seq, DER_CONTEXT_CONSTRUCTED(0), &c->point))
		return false;
	if (!take_flag(&seq, DER_CONTEXT(1), &c->only_users) ||
	    !take_flag(&seq, DER_CONTEXT(2), &c->only_cas))
		return false;
	if (der_at(seq, DER_CONTEXT(3))) {
		if (!der_take(&seq, DER_CONTEXT(3), &reasons) ||
		    !read_reasons(reasons, &c->reasons))
			return false;
		c->some_reasons = true;
	}
	return take_flag(&seq, DER_CONTEXT(4), &c->indirect) &&
	       take_flag(&seq, DER_CONTEXT(5), &c->only_attributes) &&
	       seq.n == 0;
}

static bool
read_authority(struct bytes v, struct crl *c)
{
	struct bytes seq;

	return der_take(&v, DER_SEQUENCE, &seq) && v.n == 0 &&
	       (!der_at(seq, DER_CONTEXT(0)) ||
		   der_take(&seq, DER_CONTEXT(0), &c->authority_key_id));
}

static bool
read_extension(const struct ext *e, struct crl *c)
{
	struct bytes v = e->value, number;

	if (bytes_eq(e->oid, BYTES_OF(OID_POINT)))
		return read_point(v, c);
	if (bytes_eq(e->oid, BYTES_OF(OID_AUTHORITY_KEY_ID)))
		return read_authority(v, c);
	if (bytes_eq(e->oid, BYTES_OF(OID_DELTA))) {
		c->delta = true;
		return true;
	}
	if (bytes_eq(e->oid, BYTES_OF(OID_CRL_NUMBER))) {
		c->number = true;
		c->number_critical = e->critical;
		return der_take(&v, DER_INTEGER, &number) && v.n == 0 &&
		       number.n >= 1 && number.n <= 20 && number.p[0] < 0x80;
	}
	if (e->critical)
		c->unknown_critical = true;
	return true;
}

static bool
read_extensions(struct bytes *tbs, struct crl *c)
{
	struct bytes der;
	struct ext_list list;
	size_t i;

	if (tbs->n == 0)
		return true;
	if (!der_take(tbs, DER_CONTEXT_CONSTRUCTED(0), &der) || tbs->n != 0 ||
	    !ext_list_parse(der, &list))
		return false;
	for (i = 0; i < list.n; i++)
		if (!read_extension(&list.v[i], c))
			return false;
	return true;
}

struct entry {
	struct bytes serial;
	struct bytes issuer; /* DER of the Name that it says, or empty */
	bool unknown_critical;
};

/* GeneralNames with the one directoryName of an entry's issuer. */
static bool
read_entry_issuer(struct bytes v, struct entry *e)
{
	struct bytes names;

	return der_take(&v, DER_SEQUENCE, &names) && v.n == 0 &&
	       der_take(&names, GN_DIRECTORY, &e->issuer) && names.n == 0 &&
	       dn_ok(e->issuer);
}

static bool
read_entry_extensions(struct bytes der, struct entry *e)
{
	struct ext_list list;
	size_t i;

	if (!ext_list_parse(der, &list))
		return false;
	for (i = 0; i < list.n; i++) {
		const struct ext *x = &list.v[i];

		if (bytes_eq(x->oid, BYTES_OF(OID_CERTIFICATE_ISSUER))) {
			if (!read_entry_issuer(x->value, e))
				return false;
		} else if (x->critical &&
			   !bytes_eq(x->oid, BYTES_OF(OID_REASON)) &&
			   !bytes_eq(x->oid, BYTES_OF(OID_INVALIDITY_DATE))) {
			e->unknown_critical = true;
		}
	}
	return true;
}

static bool
take_entry(struct bytes *entries, struct entry *e)
{
	struct bytes seq;
	int64_t when;

	*e = (struct entry){ .unknown_critical = false };
	if (!der_take(entries, DER_SEQUENCE, &seq) ||
	    !der_take(&seq, DER_INTEGER, &e->serial) || e->serial.n < 1 ||
	    !der_take_time(&seq, &when))
		return false;
	return seq.n == 0 || read_entry_extensions(seq, e);
}

/* Reads every entry once, so that a later look finds no surprise. */
static bool
read_entries(struct crl *c)
{
	struct bytes rest = c->entries;
	struct entry e;

	while (rest.n > 0) {
		if (!take_entry(&rest, &e))
			return false;
		/* An entry of somebody else's in a direct list. */
		if (e.issuer.n > 0 && !c->indirect)
			return false;
		if (e.unknown_critical)
			c->unknown_critical = true;
	}
	return true;
}

static bool
take_times(struct bytes *tbs, struct crl *c)
{
	if (!der_take_time(tbs, &c->this_update))
		return false;
	if (der_at(*tbs, DER_UTC_TIME) || der_at(*tbs, DER_GENERALIZED_TIME))
		return der_take_time(tbs, &c->next_update) &&
		       c->next_update >= c->this_update;
	return true;
}

/* TBSCertList (section 5.1.2): version is absent, or 1 for v2. */
static bool
split(struct bytes der, struct crl *c)
{
	struct bytes list, tbs, algorithm, all;
	unsigned version = 1;

	c->der = der;
	if (!der_take(&der, DER_SEQUENCE, &list) || der.n != 0 ||
	    !der_take_whole(&list, DER_SEQUENCE, &c->tbs) ||
	    !der_take_whole(&list, DER_SEQUENCE, &c->algorithm) ||
	    !der_take_bits(&list, &c->signature) || list.n != 0)
		return false;
	tbs = c->tbs;
	if (!der_take(&tbs, DER_SEQUENCE, &all))
		return false;
	tbs = all;
	if ((der_at(tbs, DER_INTEGER) && !der_take_small(&tbs, &version)) ||
	    version != 1 || !der_take_whole(&tbs, DER_SEQUENCE, &algorithm) ||
	    !bytes_eq(algorithm, c->algorithm) ||
	    !der_take_whole(&tbs, DER_SEQUENCE, &c->issuer) ||
	    !take_times(&tbs, c))
		return false;
	c->front = (struct bytes){ all.p, all.n - tbs.n };
	if (der_at(tbs, DER_SEQUENCE) &&
	    !der_take(&tbs, DER_SEQUENCE, &c->entries))
		return false;
	c->back = tbs;
	return read_extensions(&tbs, c) && read_entries(c);
}

const struct err *
crl_parse(struct ctx *cx, struct bytes der, struct crl *out)
{
	*out = (struct crl){ .reasons = CRL_ALL_REASONS };
	if (der.n > LIMIT_CRL)
		return bad(cx, "longer than the limit");
	if (!split(der, out))
		return bad(cx, "not one list in DER (RFC 5280 section 5.1)");
	if (!dn_canon(cx->arena, out->issuer, &out->issuer_dn) ||
	    out->issuer_dn.n == 0)
		return bad(cx, "a malformed or empty issuer");
	if (out->only_users + out->only_cas + out->only_attributes > 1)
		return bad(cx, "about two kinds of certificates alone "
			       "(RFC 5280 section 5.2.5)");
	return NULL;
}

struct bytes
crl_head(struct ctx *cx, const struct crl *crl)
{
	struct bytes out;
	struct buf b;
	size_t list, tbs;

	buf_init(&b, cx->arena,
	    crl->front.n + crl->back.n + crl->algorithm.n + crl->signature.n +
		DER_HEADS);
	list = der_begin(&b, DER_SEQUENCE);
	tbs = der_begin(&b, DER_SEQUENCE);
	buf_put(&b, crl->front);
	buf_put(&b, crl->back);
	der_end(&b, tbs);
	buf_put(&b, crl->algorithm);
	der_put_bits(&b, crl->signature);
	der_end(&b, list);
	must(buf_bytes(&b, &out));
	return out;
}

bool
crl_issuer(struct bytes der, struct bytes *issuer)
{
	struct bytes list, tbs, skip;
	unsigned version;

	return der_take(&der, DER_SEQUENCE, &list) &&
	       der_take(&list, DER_SEQUENCE, &tbs) &&
	       (!der_at(tbs, DER_INTEGER) || der_take_small(&tbs, &version)) &&
	       der_take(&tbs, DER_SEQUENCE, &skip) &&
	       der_take_whole(&tbs, DER_SEQUENCE, issuer);
}

const struct err *
crl_current(struct ctx *cx, const struct crl *crl)
{
	if (crl->delta)
		return bad(cx, "a delta list alone says nothing");
	if (crl->unknown_critical)
		return bad(cx, "a critical extension that nobody here knows");
	if (crl->this_update > cx->now)
		return bad(cx, "not yet valid");
	if (crl->next_update != 0 && crl->next_update < cx->now)
		return bad(cx, "past its nextUpdate");
	return NULL;
}

bool
crl_signed_by(const struct crl *crl, struct bytes spki, bool weak)
{
	return signed_by(spki, crl->algorithm, crl->tbs, crl->signature, weak);
}

bool
crl_lists(const struct crl *crl, struct bytes issuer_dn, struct bytes serial)
{
	struct bytes rest = crl->entries, of = crl->issuer;
	struct entry e;

	while (rest.n > 0 && take_entry(&rest, &e)) {
		if (e.issuer.n > 0)
			of = e.issuer;
		if (bytes_eq(e.serial, serial) && dn_same(of, issuer_dn))
			return true;
	}
	return false;
}

bool
crl_next(struct ctx *cx, const struct crl *crl, struct crl_walk *w,
    struct crl_entry *out)
{
	struct entry e;

	if (!w->started)
		*w = (struct crl_walk){ true, crl->entries, crl->issuer_dn };
	if (w->rest.n == 0 || !take_entry(&w->rest, &e))
		return false;
	/* Read once before, so that it is a Name. */
	if (e.issuer.n > 0)
		must(dn_canon(cx->arena, e.issuer, &w->issuer_dn));
	while (e.serial.n > 1 && e.serial.p[0] == 0) {
		e.serial.p++;
		e.serial.n--;
	}
	*out = (struct crl_entry){ w->issuer_dn, e.serial };
	return true;
}

static int
order(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;
	size_t i;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	for (i = 0; i < x->n; i++)
		if (x->p[i] != y->p[i])
			return x->p[i] < y->p[i] ? -1 : 1;
	return 0;
}

bool
crl_repeats(const struct crl *crl)
{
	struct bytes rest = crl->entries, *serial;
	size_t i, n = 0;
	struct entry e;
	bool twice = false;

	if (crl->indirect)
		return false;
	while (rest.n > 0 && take_entry(&rest, &e))
		n++;
	serial = mem_new(n + 1, sizeof(*serial));
	rest = crl->entries;
	for (i = 0; i < n && take_entry(&rest, &e); i++)
		serial[i] = e.serial;
	qsort(serial, n, sizeof(*serial), order);
	for (i = 1; i < n; i++)
		twice = twice || order(&serial[i - 1], &serial[i]) == 0;
	mem_free(serial);
	return twice;
}

/* One DistributionPoint of a certificate (section 4.2.1.13). */
struct point {
	struct bytes name;   /* content of DistributionPointName, or empty */
	struct bytes issuer; /* GeneralNames of cRLIssuer, or empty */
	unsigned reasons;
};

static bool
take_point(struct bytes *points, struct point *p)
{
	struct bytes seq, reasons;

	*p = (struct point){ .reasons = CRL_ALL_REASONS };
	if (!der_take(points, DER_SEQUENCE, &seq))
		return false;
	if (der_at(seq, DER_CONTEXT_CONSTRUCTED(0)) &&
	    !der_take(&seq, DER_CONTEXT_CONSTRUCTED(0), &p->name))
		return false;
	if (der_at(seq, DER_CONTEXT(1)) &&
	    (!der_take(&seq, DER_CONTEXT(1), &reasons) ||
		!read_reasons(reasons, &p->reasons)))
		return false;
	if (der_at(seq, DER_CONTEXT_CONSTRUCTED(2)) &&
	    !der_take(&seq, DER_CONTEXT_CONSTRUCTED(2), &p->issuer))
		return false;
	return seq.n == 0 && (p->name.n > 0 || p->issuer.n > 0);
}

/* Whether GeneralNames hold that canonical name as a directoryName. */
static bool
names_hold(struct bytes names, struct bytes dn)
{
	struct der_item it;

	while (names.n > 0 && der_next(&names, &it))
		if (it.tag == GN_DIRECTORY && dn_same(it.content, dn))
			return true;
	return false;
}

/* Whether two GeneralNames have one in common. */
static bool
names_meet(struct ctx *cx, struct bytes a, struct bytes b)
{
	struct bytes rest, dn;
	struct der_item x, y;

	while (a.n > 0 && der_next(&a, &x)) {
		if (x.tag == GN_DIRECTORY &&
		    dn_canon(cx->arena, x.content, &dn) && names_hold(b, dn))
			return true;
		rest = b;
		while (rest.n > 0 && der_next(&rest, &y))
			if (bytes_eq(x.whole, y.whole))
				return true;
	}
	return false;
}

/* What a DistributionPointName is: full names, or one relative to base (DER),
 * which then is the one canonical name. */
struct point_name {
	struct bytes names; /* GeneralNames, or empty */
	struct bytes dn;    /* canonical, or empty */
};

static bool
read_point_name(
    struct ctx *cx, struct bytes v, struct bytes base, struct point_name *out)
{
	struct bytes rdn;

	*out = (struct point_name){ .names = BYTES_NONE };
	if (der_at(v, DER_CONTEXT_CONSTRUCTED(0)))
		return der_take(&v, DER_CONTEXT_CONSTRUCTED(0), &out->names) &&
		       v.n == 0;
	return der_take(&v, DER_CONTEXT_CONSTRUCTED(1), &rdn) && v.n == 0 &&
	       base.n > 0 && dn_canon_below(cx->arena, base, rdn, &out->dn);
}

static bool
point_names_meet(
    struct ctx *cx, const struct point_name *a, const struct point_name *b)
{
	if (a->dn.n > 0 && b->dn.n > 0)
		return bytes_eq(a->dn, b->dn);
	if (a->dn.n > 0)
		return names_hold(b->names, a->dn);
	if (b->dn.n > 0)
		return names_hold(a->names, b->dn);
	return names_meet(cx, a->names, b->names);
}

/* The Name that a relative one hangs under: the first of cRLIssuer, or the
 * certificate's issuer. */
static struct bytes
point_base(const struct point *p, const struct path_cert *c)
{
	struct bytes names = p->issuer, dn;

	if (names.n == 0)
		return c->issuer;
	return der_take(&names, GN_DIRECTORY, &dn) ? dn : BYTES_NONE;
}

/* Section 6.3.3 (b) for one distribution point. */
static bool
point_covers(struct ctx *cx, const struct crl *crl, const struct path_cert *c,
    const struct point *p)
{
	struct point_name list, point = { .names = p->issuer };

	if (p->issuer.n > 0
		? !crl->indirect || !names_hold(p->issuer, crl->issuer_dn)
		: !bytes_eq(crl->issuer_dn, c->issuer_dn))
		return false;
	if (crl->point.n == 0)
		return true;
	if (!read_point_name(cx, crl->point, crl->issuer, &list))
		return false;
	if (p->name.n > 0 &&
	    !read_point_name(cx, p->name, point_base(p, c), &point))
		return false;
	return point_names_meet(cx, &list, &point);
}

/* Any certificate has its issuer itself as a last point (section 6.3.3, at
 * its end). */
static bool
issuer_covers(struct ctx *cx, const struct crl *crl, const struct path_cert *c)
{
	struct point_name list;

	if (!bytes_eq(crl->issuer_dn, c->issuer_dn))
		return false;
	if (crl->point.n == 0)
		return true;
	return read_point_name(cx, crl->point, crl->issuer, &list) &&
	       (names_hold(list.names, c->issuer_dn) ||
		   bytes_eq(list.dn, c->issuer_dn));
}

/* The reasons for which one of the certificate's points is the list's. */
static unsigned
points_cover(struct ctx *cx, const struct crl *crl, const struct path_cert *c)
{
	struct bytes v = c->ext[PX_CRL_POINTS].value, points = BYTES_NONE;
	unsigned reasons = 0;
	struct point p;
	size_t n;

	if (v.p != NULL && !der_take(&v, DER_SEQUENCE, &points))
		return 0;
	for (n = 0; points.n > 0; n++) {
		if (n == LIMIT_CRL_POINTS || !take_point(&points, &p))
			return 0;
		if (point_covers(cx, crl, c, &p))
			reasons |= p.reasons & crl->reasons;
	}
	return reasons;
}

bool
crl_covers(struct ctx *cx, const struct crl *crl, const struct path_cert *c,
    unsigned *reasons)
{
	AUTO_STRUCT(arena) *scratch = NULL;
	struct ctx inner = *cx;

	*reasons = 0;
	if (crl->only_attributes || (crl->only_users && c->ca) ||
	    (crl->only_cas && !c->ca))
		return false;
	if (crl->point.n > 0)
		inner.arena = scratch = arena_new(LIMIT_ARENA);
	if (issuer_covers(&inner, crl, c))
		*reasons = crl->reasons;
	*reasons |= points_cover(&inner, crl, c);
	return *reasons != 0;
}
