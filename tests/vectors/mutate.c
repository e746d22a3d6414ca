/*
 * Mutations of what was accepted: a byte changed, put in or taken out, or the
 * end cut off.  Each is refused, or accepted with the very same facts.
 */
#include <stdio.h>

#include "tests/vectors/cost.h"
#include "tests/vectors/engine.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define FACTS_MAX (64 * KIB)

static struct {
	unsigned long count; /* of each accepted evidence; 0: none */
	uint64_t seed;
} mutations;

void
engine_mutate(unsigned long count, uint64_t seed)
{
	mutations.count = count;
	mutations.seed = seed;
}

/* SplitMix64: the same seed gives the same mutations everywhere. */
static uint64_t
next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* In memory of its own size, so that a sanitizer sees any step beyond it. */
static struct bytes
mutant(uint8_t *to, struct bytes in, uint64_t *state)
{
	uint64_t kind = next(state) % 8;
	size_t at = (size_t)(next(state) % in.n);
	uint8_t byte = (uint8_t)next(state);
	size_t n = in.n;

	memcpy(to, in.p, in.n);
	if (kind == 0) {
		n = at;
	} else if (kind == 1) {
		memmove(to + at + 1, in.p + at, in.n - at);
		to[at] = byte;
		n++;
	} else if (kind == 2) {
		memmove(to + at, in.p + at + 1, in.n - at - 1);
		n--;
	} else {
		to[at] ^= byte == 0 ? 1 : byte;
	}
	return (struct bytes){ to, n };
}

static void
put(struct ctx *cx, struct buf *b, const char *name, struct bytes value)
{
	buf_printf(b, "%s=%s\n", name, bytes_hex(cx->arena, value));
}

static void
put_text(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=%s\n", name, value == NULL ? "(none)" : value);
}

/* All that a verdict says of a unit. */
static struct bytes
text_of(struct ctx *cx, const struct verdict *v)
{
	const struct facts *f = &v->facts;
	struct bytes out = BYTES_NONE;
	struct buf b;
	size_t i;

	buf_init(&b, cx->arena, FACTS_MAX);
	buf_printf(&b, "grade=%d boot=%d debug=%d lifecycle=%lld scheme=%lld\n",
	    v->grade, f->secure_boot, f->debug, (long long)f->lifecycle,
	    (long long)f->sw_scheme);
	put_text(&b, "serial", f->serial);
	put_text(&b, "model", f->model);
	put_text(&b, "hw", f->hw_version);
	put_text(&b, "sw", f->sw_version);
	put_text(&b, "profile", f->profile);
	put(cx, &b, "ueid", f->ueid);
	put(cx, &b, "oem", f->oem);
	put(cx, &b, "seed", f->boot_seed);
	put(cx, &b, "key", f->key_spki);
	put(cx, &b, "ek", f->ek_sha256);
	for (i = 0; i < f->n_measurements; i++) {
		put_text(&b, "type", f->measurement[i].type);
		put_text(&b, "version", f->measurement[i].version);
		put(cx, &b, "value", f->measurement[i].value);
		put(cx, &b, "signer", f->measurement[i].signer);
	}
	for (i = 0; i < f->n_boot; i++) {
		buf_printf(&b, "pcr=%u\n", f->boot[i].pcr);
		put(cx, &b, "digest", f->boot[i].digest);
	}
	must(buf_bytes(&b, &out));
	return out;
}

static void
try(const char *format, struct bytes evidence, const struct attest_basis *basis,
    const struct verdict *accepted)
{
	AUTO_STRUCT(arena) *arena = arena_new(LIMIT_ARENA);
	struct bytes want = text_of(&engine_cx, accepted), changed;
	struct ctx cx = engine_cx;
	uint64_t state = mutations.seed;
	unsigned long i;
	uint8_t *heap;
	struct verdict v;

	cx.arena = arena;
	for (i = 0; i < mutations.count; i++) {
		arena_reset(arena);
		heap = mem_raw(evidence.n + 1);
		changed = mutant(heap, evidence, &state);
		if (attest_judge(&cx, format, changed, basis, &v) == NULL &&
		    v.accepted && !bytes_eq(text_of(&cx, &v), want)) {
			(void)printf("differs mutation %lu of seed %llu: %s\n",
			    i, (unsigned long long)mutations.seed,
			    bytes_hex(engine_cx.arena, changed));
			mem_free(heap);
			return;
		}
		mem_free(heap);
	}
}

const struct err *
engine_judge(const char *format, struct bytes evidence,
    const struct attest_basis *basis, struct verdict *out)
{
	const struct err *e =
	    attest_judge(&engine_cx, format, evidence, basis, out);

	if (e == NULL && out->accepted && evidence.n > 0) {
		try(format, evidence, basis, out);
		cost_tell(format, evidence, basis);
	}
	return e;
}
