#include "attest/fmt_psa.h"

#include "attest/token.h"
#include "base/arena.h"

/* Components (RFC 9783 section 4.4.1). */
#define TYPE 1
#define VALUE 2
#define VERSION 4
#define SIGNER 5
#define DESCRIPTION 6

#define SECURED 0x3000 /* to 0x30ff; below it the device is being made */
#define TEXT_MAX 1024

/* Where each profile has its claims; 0: not at all. */
static const struct profile {
	const char *name;
	int64_t label; /* of the profile's own claim */
	int64_t client, lifecycle, implementation, seed, certification,
	    components, no_components, nonce, instance, service;
	int64_t seed_min;     /* bytes */
	bool certified_short; /* the reference may lack its last part */
} PROFILES[] = {
	{ "tag:psacertified.org,2023:psa#tfm", 265, 2394, 2395, 2396, 268, 2398,
	    2399, 0, 10, 256, 2400, 8, false },
	{ "http://arm.com/psa/2.0.0", 265, 2394, 2395, 2396, 2397, 2398, 2399,
	    0, 10, 256, 2400, 8, true },
	{ "PSA_IOT_PROFILE_1", -75000, -75001, -75002, -75003, -75004, -75005,
	    -75006, -75007, -75008, -75009, -75010, 32, true },
};

static const struct err *
parse(struct ctx *cx, struct bytes evidence, void **out)
{
	*out = arena_alloc(cx->arena, sizeof(struct token));
	/* Section 4 and 5.2: tagged, and not as a CWT. */
	return token_parse(cx, evidence, 0, *out);
}

static const struct profile *
profile_of(const struct cbor *map)
{
	const struct profile *p;
	const struct cbor *name;
	size_t i;

	for (i = 0; i < sizeof(PROFILES) / sizeof(PROFILES[0]); i++) {
		p = &PROFILES[i];
		name = cbor_at(map, p->label);
		if (name != NULL && name->kind == CBOR_TEXT &&
		    bytes_eq(name->bytes, bytes_str(p->name)))
			return p;
	}
	return NULL;
}

static bool
is_hash_size(size_t n)
{
	return n == 32 || n == 48 || n == 64;
}

/* 13 digits, a dash, 5 digits (section 4.2.3). */
static bool
is_certification(struct bytes s, bool may_be_short)
{
	size_t i;

	if (s.n != 19 && !(may_be_short && (s.n == 13 || s.n == 18)))
		return false;
	for (i = 0; i < s.n; i++)
		if (s.n == 19 && i == 13 ? s.p[i] != '-'
					 : s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool
judge_component(struct ctx *cx, const struct cbor *c, struct verdict *v)
{
	static const struct claim rows[] = {
		{ TYPE, "component type", CBOR_TEXT, 0, TEXT_MAX, true },
		{ VALUE, "measurement value", CBOR_BYTES, 32, 64, false },
		{ VERSION, "component version", CBOR_TEXT, 0, TEXT_MAX, true },
		{ SIGNER, "signer id", CBOR_BYTES, 32, 64, false },
		{ DESCRIPTION, "measurement description", CBOR_TEXT, 0,
		    TEXT_MAX, true },
	};

	if (c->kind != CBOR_MAP)
		return claim_refuse(cx, v, "software component");
	if (!claims_judge(cx, c, rows, sizeof(rows) / sizeof(rows[0]), v))
		return false;
	return (is_hash_size(cbor_at(c, VALUE)->bytes.n) &&
		   is_hash_size(cbor_at(c, SIGNER)->bytes.n)) ||
	       claim_refuse(cx, v, "measurement value or signer id");
}

static bool
judge_components(struct ctx *cx, const struct profile *p,
    const struct cbor *map, struct verdict *v)
{
	const struct cbor *list = cbor_at(map, p->components);
	const struct cbor *none =
	    p->no_components == 0 ? NULL : cbor_at(map, p->no_components);
	size_t i;

	/* The first profile has a claim of its own where nothing is measured:
	 * the number 1, and no list. */
	if (none != NULL && list == NULL && none->kind == CBOR_INT &&
	    none->number == 1)
		return true;
	if (none != NULL || list == NULL || list->kind != CBOR_ARRAY ||
	    list->n == 0 || list->n > LIMIT_MEASUREMENTS)
		return claim_refuse(cx, v, "software components");
	for (i = 0; i < list->n; i++)
		if (!judge_component(cx, &list->item[i], v))
			return false;
	return true;
}

/* Types and lengths (section 4). */
static bool
judge_claims(struct ctx *cx, const struct profile *p, const struct cbor *map,
    struct verdict *v)
{
	const struct claim rows[] = {
		{ p->nonce, "nonce", CBOR_BYTES, 32, 64, false },
		{ p->instance, "instance id", CBOR_BYTES, 33, 33, false },
		{ p->implementation, "implementation id", CBOR_BYTES, 32, 32,
		    false },
		{ p->client, "client id", CBOR_INT, INT32_MIN, INT32_MAX,
		    false },
		{ p->lifecycle, "security lifecycle", CBOR_INT, 0, UINT16_MAX,
		    false },
		{ p->seed, "boot seed", CBOR_BYTES, p->seed_min, 32, true },
		{ p->certification, "certification reference", CBOR_TEXT, 0, 0,
		    true },
		{ p->service, "verification service", CBOR_TEXT, 1, TEXT_MAX,
		    true },
	};

	if (!claims_judge(cx, map, rows, sizeof(rows) / sizeof(rows[0]), v))
		return false;
	if (!is_hash_size(cbor_at(map, p->nonce)->bytes.n))
		return claim_refuse(cx, v, "nonce");
	/* RFC 9711 section 4.2.1.1: type RAND, then 32 bytes. */
	if (cbor_at(map, p->instance)->bytes.p[0] != 1)
		return claim_refuse(cx, v, "instance id");
	if (cbor_at(map, p->certification) != NULL &&
	    !is_certification(
		cbor_at(map, p->certification)->bytes, p->certified_short))
		return claim_refuse(cx, v, "certification reference");
	return judge_components(cx, p, map, v);
}

static void
set_components(struct ctx *cx, const struct cbor *list, struct facts *f)
{
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		const struct cbor *c = &list->item[i];
		struct measurement *m = &f->measurement[f->n_measurements++];

		m->type = claim_text(cx, c, TYPE);
		m->version = claim_text(cx, c, VERSION);
		m->value = claim_bytes(c, VALUE);
		m->signer = claim_bytes(c, SIGNER);
		/* In the order of boot: the last is the device's software. */
		f->sw_version = m->version;
	}
}

static void
set_facts(struct ctx *cx, const struct profile *p, const struct cbor *map,
    struct facts *f)
{
	int64_t cycle = cbor_at(map, p->lifecycle)->number;

	f->profile = p->name;
	f->ueid = claim_bytes(map, p->instance);
	f->hw_version =
	    bytes_hex(cx->arena, claim_bytes(map, p->implementation));
	f->boot_seed = claim_bytes(map, p->seed);
	f->lifecycle = cycle;
	/* Section 4.3.1: secured is also that nothing can be debugged; the
	 * two states above it are there for debugging. */
	f->secure_boot = cycle >> 8 == SECURED >> 8 ? KNOWN_YES : KNOWN_NO;
	f->debug = cycle >> 8 == SECURED >> 8                 ? DEBUG_DISABLED
		   : cycle >> 8 == 0x40 || cycle >> 8 == 0x50 ? DEBUG_ENABLED
							      : DEBUG_UNKNOWN;
	set_components(cx, cbor_at(map, p->components), f);
}

bool
psa_judge_claims(struct ctx *cx, const struct cbor *map, struct verdict *v)
{
	const struct profile *p = profile_of(map);

	if (p != NULL)
		return judge_claims(cx, p, map, v);
	verdict_refuse(cx, v, LAYER_CLAIMS, "not-psa",
	    "The token is of no profile of PSA.");
	return false;
}

static void
verify(struct ctx *cx, const void *parsed, const struct attest_basis *basis,
    struct verdict *v)
{
	const struct token *t = parsed;
	const struct cbor *map = &t->claims;
	const struct profile *p = profile_of(map);

	if (!token_judge_signer(cx, t,
		p == NULL ? BYTES_NONE : claim_bytes(map, p->instance), basis,
		v) ||
	    !psa_judge_claims(cx, map, v) ||
	    !token_judge_nonce(cx, "psa", cbor_at(map, p->nonce), basis, v))
		return;
	set_facts(cx, p, map, &v->facts);
	v->facts.key_spki = basis->key_spki;
	/* Until the device is secured, what guards its key is not in force. */
	v->grade =
	    v->facts.secure_boot == KNOWN_YES ? GRADE_HARDWARE : GRADE_SOFTWARE;
	policy_apply(cx, basis->policy, basis->earlier_sw, v);
}

const struct attest_format fmt_psa = { "psa", parse, verify };
