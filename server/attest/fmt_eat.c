#include "attest/fmt_eat.h"

#include "attest/token.h"
#include "base/arena.h"

/* Claims of CWT (RFC 8392 section 3.1) and EAT (RFC 9711 section 10.2). */
enum {
	ISS = 1,
	SUB,
	AUD,
	EXP,
	NBF,
	IAT,
	CTI,
	NONCE = 10,
	UEID = 256,
	SUEIDS,
	OEMID,
	HWMODEL,
	HWVERSION,
	UPTIME,
	OEMBOOT,
	DBGSTAT,
	LOCATION,
	PROFILE,
	SUBMODS,
	BOOTCOUNT,
	BOOTSEED,
	DLOAS,
	SWNAME,
	SWVERSION,
	MANIFESTS,
	MEASUREMENTS,
	MEASRES,
	INTUSE,
};

#define TEXT_MAX 1024
#define SKEW 300 /* seconds that a device's clock may be ahead */
#define PEN_BYTES 4
#define NAME_SHOWN 60

static const struct claim CLAIMS[] = {
	{ ISS, "iss", CBOR_TEXT, 0, TEXT_MAX, true },
	{ SUB, "sub", CBOR_TEXT, 0, TEXT_MAX, true },
	{ CTI, "cti", CBOR_BYTES, 0, TEXT_MAX, true },
	{ UEID, "ueid", CBOR_BYTES, UEID_MIN, LIMIT_UEID, true },
	{ HWMODEL, "hwmodel", CBOR_BYTES, 1, 32, true },
	{ UPTIME, "uptime", CBOR_INT, 0, INT64_MAX, true },
	{ LOCATION, "location", CBOR_MAP, 0, 0, true },
	{ DLOAS, "dloas", CBOR_ARRAY, 0, 0, true },
	{ OEMBOOT, "oemboot", CBOR_BOOL, 0, 0, true },
	{ DBGSTAT, "dbgstat", CBOR_INT, 0, 4, true },
	{ BOOTCOUNT, "bootcount", CBOR_INT, 0, INT64_MAX, true },
	{ BOOTSEED, "bootseed", CBOR_BYTES, 8, 64, true },
	{ SWNAME, "swname", CBOR_TEXT, 0, TEXT_MAX, true },
	{ MEASRES, "measres", CBOR_ARRAY, 0, 0, true },
	{ INTUSE, "intuse", CBOR_INT, 1, 5, true },
};

static const struct err *
parse(struct ctx *cx, struct bytes evidence, void **out)
{
	*out = arena_alloc(cx->arena, sizeof(struct token));
	return token_parse(cx, evidence, COSE_CWT_OK, *out);
}

static bool
is_sueids(const struct cbor *c)
{
	size_t i;

	for (i = 0; c->kind == CBOR_MAP && i < c->n; i++)
		if (c->item[2 * i].kind != CBOR_TEXT ||
		    c->item[2 * i + 1].kind != CBOR_BYTES ||
		    !is_ueid(c->item[2 * i + 1].bytes))
			return false;
	return c->kind == CBOR_MAP && c->n > 0;
}

/* Section 4.2.3: random, of IEEE, or a private enterprise number. */
static bool
is_oemid(const struct cbor *c)
{
	if (c->kind == CBOR_INT)
		return c->number >= 0 && c->number <= UINT32_MAX;
	return c->kind == CBOR_BYTES && (c->bytes.n == 16 || c->bytes.n == 3);
}

/* Sections 4.2.5, 4.2.7: text, and what orders it. */
static bool
is_version(const struct cbor *c)
{
	return c->kind == CBOR_ARRAY && (c->n == 1 || c->n == 2) &&
	       c->item[0].kind == CBOR_TEXT &&
	       (c->n == 1 || c->item[1].kind == CBOR_INT ||
		   c->item[1].kind == CBOR_TEXT);
}

/* Section 4.1: one, or two and more, of 8 to 64 bytes. */
static bool
is_nonce(const struct cbor *c)
{
	size_t i;

	if (c->kind == CBOR_BYTES)
		return c->bytes.n >= 8 && c->bytes.n <= 64;
	for (i = 0; c->kind == CBOR_ARRAY && i < c->n; i++)
		if (c->item[i].kind != CBOR_BYTES || c->item[i].bytes.n < 8 ||
		    c->item[i].bytes.n > 64)
			return false;
	return c->kind == CBOR_ARRAY && c->n >= 2;
}

/* Sections 4.2.15, 4.2.16: pairs of a content format and its content. */
static bool
is_contents(const struct cbor *c)
{
	size_t i;

	for (i = 0; c->kind == CBOR_ARRAY && i < c->n; i++)
		if (c->item[i].kind != CBOR_ARRAY || c->item[i].n != 2 ||
		    c->item[i].item[0].kind != CBOR_INT ||
		    c->item[i].item[0].number < 0 ||
		    c->item[i].item[1].kind != CBOR_BYTES)
			return false;
	return c->kind == CBOR_ARRAY && c->n > 0;
}

/* RFC 8392 section 2: seconds, without a tag. */
static bool
is_time(const struct cbor *c)
{
	return c->kind == CBOR_INT || c->kind == CBOR_FLOAT;
}

/* Section 4.3.2: a URI or an OID. */
static bool
is_profile(const struct cbor *c)
{
	return (c->kind == CBOR_TEXT || c->kind == CBOR_BYTES) &&
	       c->bytes.n > 0 && c->bytes.n <= TEXT_MAX;
}

static bool
is_audience(const struct cbor *c)
{
	size_t i;

	for (i = 0; c->kind == CBOR_ARRAY && i < c->n; i++)
		if (c->item[i].kind != CBOR_TEXT)
			return false;
	return c->kind == CBOR_TEXT || (c->kind == CBOR_ARRAY && c->n > 0);
}

/* Section 4.2.18.2: a hash algorithm of COSE (RFC 9054) and its digest. */
static bool
is_detached(const struct cbor *c)
{
	static const struct {
		int64_t alg;
		size_t bytes;
	} hashes[] = { { -16, 32 }, { -43, 48 }, { -44, 64 } };
	size_t i;

	if (c->kind != CBOR_ARRAY || c->n != 2 || c->item[0].kind != CBOR_INT ||
	    c->item[1].kind != CBOR_BYTES)
		return false;
	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (c->item[0].number == hashes[i].alg)
			return c->item[1].bytes.n == hashes[i].bytes;
	return false;
}

/* Section 4.2.18: claims, the digest of claims elsewhere, or another token:
 * of CBOR in bytes, of JSON in text. */
static bool
is_submods(const struct cbor *c)
{
	size_t i;

	for (i = 0; c->kind == CBOR_MAP && i < c->n; i++) {
		const struct cbor *module = &c->item[2 * i + 1];

		if (c->item[2 * i].kind != CBOR_TEXT ||
		    (module->kind != CBOR_MAP && !is_detached(module) &&
			(module->kind != CBOR_BYTES || module->bytes.n == 0) &&
			(module->kind != CBOR_TEXT || module->bytes.n == 0)))
			return false;
	}
	return c->kind == CBOR_MAP && c->n > 0 && c->n <= LIMIT_SUBMODS;
}

static const struct {
	int64_t label;
	const char *name;
	bool (*fits)(const struct cbor *c);
} SHAPES[] = {
	{ AUD, "aud", is_audience },
	{ EXP, "exp", is_time },
	{ NBF, "nbf", is_time },
	{ IAT, "iat", is_time },
	{ NONCE, "nonce", is_nonce },
	{ SUEIDS, "sueids", is_sueids },
	{ OEMID, "oemid", is_oemid },
	{ HWVERSION, "hwversion", is_version },
	{ PROFILE, "profile", is_profile },
	{ SUBMODS, "submods", is_submods },
	{ SWVERSION, "swversion", is_version },
	{ MANIFESTS, "manifests", is_contents },
	{ MEASUREMENTS, "measurements", is_contents },
};

/* One set of claims; those of submodules are judged by themselves. */
static bool
judge_set(struct ctx *cx, const struct cbor *map, struct verdict *v)
{
	struct bytes ueid = claim_bytes(map, UEID);
	const struct cbor *c;
	size_t i;

	if (map->kind != CBOR_MAP)
		return claim_refuse(cx, v, "claims");
	if (!claims_judge(
		cx, map, CLAIMS, sizeof(CLAIMS) / sizeof(CLAIMS[0]), v))
		return false;
	if (ueid.n > 0 && !is_ueid(ueid))
		return claim_refuse(cx, v, "ueid");
	for (i = 0; i < sizeof(SHAPES) / sizeof(SHAPES[0]); i++) {
		c = cbor_at(map, SHAPES[i].label);
		if (c != NULL && !SHAPES[i].fits(c))
			return claim_refuse(cx, v, SHAPES[i].name);
	}
	return true;
}

/* What another signed, or what is elsewhere, says nothing here: whoever reads
 * the verdict should know that there is a part it does not speak of. */
static void
note_unjudged(struct ctx *cx, const struct cbor *name, struct verdict *v)
{
	struct finding found = { .layer = LAYER_CLAIMS,
		.severity = FINDING_WARNING,
		.code = "submodule-unjudged",
		.words = "A submodule is a token or a digest of its own, "
			 "which was not judged." };
	const char *text;

	/* Its name, if it can stand in one line whole. */
	if (name->bytes.n <= NAME_SHOWN && (text = cbor_str(cx, name)) != NULL)
		found.words =
		    arena_printf(cx->arena, "%s (%s)", found.words, text);
	verdict_add(v, &found);
}

/* Submodules are as deep as CBOR may be (LIMIT_CBOR_DEPTH). */
bool
eat_judge_claims(struct ctx *cx, const struct cbor *map, struct verdict *v)
{
	const struct cbor *modules;
	size_t i;

	if (!judge_set(cx, map, v))
		return false;
	modules = cbor_at(map, SUBMODS);
	for (i = 0; modules != NULL && i < modules->n; i++) {
		if (modules->item[2 * i + 1].kind != CBOR_MAP)
			note_unjudged(cx, &modules->item[2 * i], v);
		else if (!eat_judge_claims(cx, &modules->item[2 * i + 1], v))
			return false;
	}
	return true;
}

static double
seconds(const struct cbor *c)
{
	return c->kind == CBOR_INT ? (double)c->number : c->real;
}

/* RFC 8392 sections 3.1.4 to 3.1.6.  Written so that a time that is no
 * number refuses. */
static bool
judge_time(struct ctx *cx, const struct cbor *map, struct verdict *v)
{
	const struct cbor *exp = cbor_at(map, EXP), *nbf = cbor_at(map, NBF),
			  *iat = cbor_at(map, IAT);
	double now = (double)cx->now;

	if (exp != NULL && !(now < seconds(exp)))
		verdict_refuse(cx, v, LAYER_FRESHNESS, "expired",
		    "The token has expired.");
	if ((nbf != NULL && !(seconds(nbf) <= now + SKEW)) ||
	    (iat != NULL && !(seconds(iat) <= now + SKEW)))
		verdict_refuse(cx, v, LAYER_FRESHNESS, "not-yet",
		    "The token is not valid yet.");
	return v->accepted;
}

/* The state of the whole is the worst that any part of it says: a device is
 * as open as its most open module. */
static void
fold_state(const struct cbor *map, struct facts *f)
{
	const struct cbor *boot = cbor_at(map, OEMBOOT),
			  *debug = cbor_at(map, DBGSTAT),
			  *modules = cbor_at(map, SUBMODS);
	enum debug_state state;
	size_t i;

	if (boot != NULL && boot->number == 0)
		f->secure_boot = KNOWN_NO;
	if (debug != NULL) {
		state = (enum debug_state)(DEBUG_ENABLED + debug->number);
		if (state < f->debug)
			f->debug = state;
	}
	for (i = 0; modules != NULL && i < modules->n; i++)
		if (modules->item[2 * i + 1].kind == CBOR_MAP)
			fold_state(&modules->item[2 * i + 1], f);
}

/* 16 and 3 bytes as they are, a number in four. */
static struct bytes
oem_bytes(struct ctx *cx, const struct cbor *c)
{
	uint8_t pen[PEN_BYTES];
	size_t i;

	if (c == NULL || c->kind == CBOR_BYTES)
		return c == NULL ? BYTES_NONE : c->bytes;
	for (i = 0; i < PEN_BYTES; i++)
		pen[i] = (uint8_t)(c->number >> (8 * (PEN_BYTES - 1 - i)));
	return bytes_dup(cx->arena, BYTES_OF(pen));
}

static void
set_versions(struct ctx *cx, const struct cbor *map, struct facts *f)
{
	const struct cbor *hw = cbor_at(map, HWVERSION),
			  *sw = cbor_at(map, SWVERSION);

	if (hw != NULL)
		f->hw_version = cbor_str(cx, &hw->item[0]);
	if (sw == NULL)
		return;
	f->sw_version = cbor_str(cx, &sw->item[0]);
	if (sw->n == 2 && sw->item[1].kind == CBOR_INT)
		f->sw_scheme = sw->item[1].number;
}

/* Of a set of claims with all that is below it. */
static void
set_state(const struct cbor *map, struct facts *f)
{
	const struct cbor *boot = cbor_at(map, OEMBOOT),
			  *debug = cbor_at(map, DBGSTAT);

	f->secure_boot = boot == NULL ? KNOWN_NOT : KNOWN_YES;
	if (debug != NULL)
		f->debug = (enum debug_state)(DEBUG_ENABLED + debug->number);
	fold_state(map, f);
}

/* The parts by name; what one of them says is its own. */
static void
set_submodules(struct ctx *cx, const struct cbor *map, struct facts *f)
{
	const struct cbor *modules = cbor_at(map, SUBMODS);
	struct facts *of = arena_alloc(cx->arena, sizeof(*of));
	size_t i;

	for (i = 0; modules != NULL && i < modules->n; i++) {
		const struct cbor *claims = &modules->item[2 * i + 1];
		struct submodule *m = &f->submodule[f->n_submodules++];

		*of = (struct facts){ .sw_version = NULL };
		m->name = cbor_str(cx, &modules->item[2 * i]);
		m->judged = claims->kind == CBOR_MAP;
		if (m->judged) {
			set_state(claims, of);
			set_versions(cx, claims, of);
		}
		m->secure_boot = of->secure_boot;
		m->debug = of->debug;
		m->sw_version = of->sw_version;
		m->sw_scheme = of->sw_scheme;
	}
}

static void
set_facts(struct ctx *cx, const struct cbor *map, struct facts *f)
{
	const struct cbor *profile = cbor_at(map, PROFILE);
	struct bytes model = claim_bytes(map, HWMODEL);

	f->ueid = claim_bytes(map, UEID);
	f->oem = oem_bytes(cx, cbor_at(map, OEMID));
	if (model.n > 0)
		f->model = bytes_hex(cx->arena, model);
	if (profile != NULL)
		f->profile = profile->kind == CBOR_TEXT
				 ? cbor_str(cx, profile)
				 : bytes_hex(cx->arena, profile->bytes);
	f->boot_seed = claim_bytes(map, BOOTSEED);
	set_versions(cx, map, f);
	set_state(map, f);
	set_submodules(cx, map, f);
}

static void
verify(struct ctx *cx, const void *parsed, const struct attest_basis *basis,
    struct verdict *v)
{
	const struct token *t = parsed;
	const struct cbor *map = &t->claims;

	if (!token_judge_signer(cx, t, claim_bytes(map, UEID), basis, v) ||
	    !eat_judge_claims(cx, map, v) || !judge_time(cx, map, v) ||
	    !token_judge_nonce(cx, "eat", cbor_at(map, NONCE), basis, v))
		return;
	set_facts(cx, map, &v->facts);
	v->facts.key_spki = basis->key_spki;
	/* RFC 9711 has no claim for where the key lives, and would not be
	 * believed: its anchor or certificate says it.  Where the device can
	 * be debugged, nothing guards the key. */
	if (v->facts.debug == DEBUG_ENABLED)
		v->grade = GRADE_SOFTWARE;
	policy_apply(cx, basis->policy, basis->earlier_sw, v);
}

const struct attest_format fmt_eat = { "eat", parse, verify };
