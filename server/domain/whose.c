#include "domain/whose.h"

#include "domain/admission.h"
#include "domain/attested.h"
#include "domain/clone.h"
#include "pki/digest.h"
#include "store/birth.h"
#include "store/unit.h"

static struct bytes
text(const char *s)
{
	return s == NULL ? BYTES_NONE : bytes_str(s);
}

/* Whether both say it, and the same; *other is set if they differ. */
static bool
is_same(struct bytes said, struct bytes listed, bool *other)
{
	bool same = bytes_eq(said, listed);

	if (said.n == 0 || listed.n == 0)
		return false;
	*other = *other || !same;
	return same;
}

/* The unit came with another key than it is listed by or has pinned: a sign
 * of a clone.  By its name alone nothing of the unit's own was proved (A10);
 * by its birth certificate the birth key was. */
static ERR_FN
refuse_second_key(struct ctx *cx, const struct unit *unit)
{
	const struct clone_sign sign = { .kind = "unit.second_birth_key",
		.proved = !unit->by_evidence && unit->bootstrap == NULL,
		.birth_id = unit->birth_id,
		.device_id = unit->device_id,
		.manufacturer_id = unit->manufacturer_id,
		.policy = unit->model_policy };
	const struct err *refusal = fail(cx, &ERR_BAD_EVIDENCE,
	    "the unit is listed with, or has pinned, another birth key");
	const struct err *e = clone_signal(cx, &sign);

	return e != NULL ? e : refusal;
}

const struct err *
whose_shared_key(struct ctx *cx, const struct unit *unit, const struct facts *f)
{
	struct clone_sign sign = { .kind = "unit.birth_key_shared",
		.proved = true,
		.manufacturer_id = unit->manufacturer_id,
		.policy = unit->model_policy };
	struct birth_holder holder = { .birth_id = 0 };
	const struct err *e, *refusal;

	if (f->birth_key_sha256.n != SHA256_BYTES)
		return fail(cx, &ERR_BAD_EVIDENCE, "no birth key");
	e = birth_of_key(cx, f->birth_key_sha256.p, &holder);
	if (e != NULL)
		return e;
	refusal = fail(cx, &ERR_BAD_EVIDENCE,
	    "the birth key of unit %lld came as unit %lld",
	    (long long)holder.birth_id, (long long)unit->birth_id);
	sign.birth_id = holder.birth_id;
	sign.device_id = holder.device_id;
	e = clone_signal(cx, &sign);
	return e != NULL ? e : refusal;
}

/* Whether the evidence is by another key for life than the unit's. */
static bool
has_other_key(const struct whose *w, const struct facts *f)
{
	bool other = false;

	(void)is_same(f->birth_key_sha256, w->listed.key_sha256, &other);
	(void)is_same(f->ek_sha256, w->listed.ek_sha256, &other);
	if (w->unit.by_evidence)
		(void)is_same(
		    f->birth_key_sha256, w->listed.pinned_key_sha256, &other);
	return other;
}

const struct err *
whose_check(struct ctx *cx, const struct whose *w, const struct facts *f)
{
	const struct evidence_unit *l = &w->listed;
	bool other = false, named;

	named = is_same(text(f->serial), text(w->unit.serial), &other);
	named = is_same(f->ueid, l->ueid, &other) || named;
	named =
	    is_same(text(f->subject), text(l->dac_subject), &other) || named;
	/* All else agrees, or says nothing: the key alone is another. */
	if (!other && has_other_key(w, f))
		return refuse_second_key(cx, &w->unit);
	named = is_same(f->birth_key_sha256, l->key_sha256, &other) || named;
	named = is_same(f->ek_sha256, l->ek_sha256, &other) || named;
	if (other)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "%s: the evidence is of another unit", w->format);
	return named ? NULL
		     : fail(cx, &ERR_BAD_EVIDENCE,
			   "%s: the evidence does not say which unit it is "
			   "of, or by no name that its maker listed",
			   w->format);
}

const struct err *
whose_find(struct ctx *cx, const struct facts *f, struct whose *w)
{
	const struct unit_names names = { .serial = f->serial,
		.dac_subject = f->subject,
		.key_sha256 = f->birth_key_sha256,
		.ueid = f->ueid,
		.ek_sha256 = f->ek_sha256 };
	const struct err *e;
	int64_t id[2];
	size_t n;

	e = unit_named(cx, w->unit.model_id, &names, id, &n);
	if (e == NULL && n != 1)
		e = fail(cx, &ERR_BAD_EVIDENCE,
		    "%s: the evidence says no name that model %s lists, or "
		    "those of two units",
		    w->format, w->unit.model_id);
	if (e == NULL)
		e = attested_by_id(cx, id[0], &w->unit);
	if (e == NULL)
		e = evidence_unit(cx, w->unit.birth_id, &w->listed);
	return e;
}

const struct err *
whose_let_in(
    struct ctx *cx, const struct whose *w, const struct facts *f, bool *shared)
{
	const struct err *e;
	bool pinned = true;

	*shared = false;
	if (!w->unit.by_evidence || w->unit.came)
		return NULL;
	e = admission_came(cx, &w->unit);
	if (e == NULL && f->birth_key_sha256.n == SHA256_BYTES)
		e = birth_pin_key(
		    cx, w->unit.birth_id, f->birth_key_sha256.p, NULL, &pinned);
	*shared = e == &ERR_CONFLICT || (e == NULL && !pinned);
	if (*shared)
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "the birth key is another unit's");
	return e == &ERR_NOT_ADMITTED ? &ERR_BAD_EVIDENCE : e;
}
