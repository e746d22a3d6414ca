#include "domain/proved.h"

#include "attest/attest.h"
#include "attest/policy_json.h"
#include "attest/verdict_json.h"
#include "base/arena.h"
#include "domain/code.h"
#include "domain/metrics.h"
#include "store/event.h"
#include "store/guess.h"
#include "store/policy.h"
#include "store/verdict.h"

/* Records of one unit that prove nothing, or of units of one model that are
 * not known, or of no model, an hour: whoever has evidence can send it. */
#define RECORDS 100
#define RECORDS_WINDOW 3600

const struct err ERR_ATTEST_AGAIN = { KIND_FORBIDDEN, "attest-again",
	"What this device proved is too little or too old for what its model "
	"asks by now: send evidence again, then repeat this.  The request's "
	"id names the attempt." };

/* The verdict for the record.  Facts are the sender's own words where nobody
 * vouched for them: what cannot be written as JSON is left out. */
static ERR_FN
write_verdict(struct ctx *cx, const struct verdict *v, struct bytes *out)
{
	const struct err *e = verdict_json(cx, v, out);
	struct verdict *bare;
	size_t i;

	if (e == NULL || v->accepted)
		return e;
	bare = arena_alloc(cx->arena, sizeof(*bare));
	*bare = *v;
	bare->facts = (struct facts){ .lifecycle = -1 };
	for (i = 0; i < bare->n_findings; i++)
		bare->finding[i].words = bare->finding[i].code;
	return verdict_json(cx, bare, out);
}

static ERR_FN
fill_record(
    struct ctx *cx, const struct proved_attempt *a, struct verdict_new *out)
{
	*out = (struct verdict_new){
		.manufacturer_id = a->unit->manufacturer_id,
		.model_id = a->unit->model_id,
		.birth_id = a->unit->birth_id,
		.device_id = a->unit->device_id,
		.key_sha256 = a->key_sha256,
		.format = a->format,
		.policy_version = a->policy_version,
		.evidence_sha256 = a->evidence_sha256,
		.accepted = a->verdict->accepted,
	};
	return write_verdict(cx, a->verdict, &out->verdict);
}

const struct err *
proved_accepted(struct ctx *cx, const struct proved_attempt *a)
{
	struct verdict_new record;
	const struct err *e = fill_record(cx, a, &record);

	if (e == NULL)
		e = verdict_record(cx, &record);
	return e != NULL ? e : verdict_keep(cx, &record);
}

static ERR_FN
within_budget(struct ctx *cx, const struct unit *unit, bool *within)
{
	const struct err *e;
	uint8_t key[32];
	int64_t n = 0;

	code_guess_key(cx, "attestation-refused",
	    arena_printf(cx->arena, "%s %lld",
		unit->model_id == NULL ? "" : unit->model_id,
		(long long)unit->birth_id),
	    key);
	e = guess_take(cx, "attestation-refused", key, RECORDS_WINDOW, &n);
	*within = n <= RECORDS;
	return e;
}

const struct err *
proved_attempted(struct ctx *cx, const struct proved_attempt *a)
{
	struct verdict_new record;
	bool within = false;
	const struct err *e = within_budget(cx, a->unit, &within);

	if (e != NULL || !within)
		return e;
	e = fill_record(cx, a, &record);
	return e != NULL ? e : verdict_record(cx, &record);
}

const struct err *
proved_refused(
    struct ctx *cx, const struct proved_attempt *a, const struct err *refusal)
{
	const struct event ev = { .kind = "attestation.refused",
		.manufacturer_id = a->unit->manufacturer_id,
		.birth_id = a->unit->birth_id,
		.device_id = a->unit->device_id,
		.code = refusal->code,
		.detail = cx->reason };
	struct verdict_new record;
	const struct err *e;
	bool within = false;
	TX tx = { 0 };

	if (a->verdict->accepted)
		verdict_refuse(cx, a->verdict, LAYER_BINDING, "not-taken", "%s",
		    cx->reason);
	metrics_verdict(cx, a->format, verdict_refusal(a->verdict)->code);
	e = within_budget(cx, a->unit, &within);
	if (e == NULL && !within)
		return refusal;
	if (e == NULL)
		e = fill_record(cx, a, &record);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = verdict_record(cx, &record);
	if (e == NULL)
		e = event_add(cx, &ev);
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : refusal;
}

/* A version of the model's policy, as it is applied. */
static ERR_FN
read_version(struct ctx *cx, const char *model_id, int64_t version,
    struct attest_policy *out)
{
	const char *text;
	const struct err *e;

	*out = (struct attest_policy){ .n_formats = 0 };
	e = policy_evidence(cx, model_id, version, &text, &version);
	if (e != NULL || text == NULL)
		return e;
	return policy_json_read(cx, bytes_str(text), out);
}

/* The verdict on what was proved, by what is asked now. */
static ERR_FN
judge(struct ctx *cx, struct ctx *wide, const struct proved_row *p,
    const struct attest_policy *now, struct verdict *v)
{
	struct attest_policy *then = arena_alloc(cx->arena, sizeof(*then));
	const struct err *e;

	verdict_init(v);
	if (p->verdict == NULL) {
		verdict_refuse(cx, v, LAYER_POLICY, "no-evidence",
		    "The model asks for evidence, and this device has sent "
		    "none for its key.");
		return NULL;
	}
	e = verdict_json_read(cx, bytes_str(p->verdict), v);
	/* Asked of nobody any more, what was proved stays proved. */
	if (e != NULL || p->evidence == NULL)
		return e;
	if (p->under_version != p->policy_version) {
		e = read_version(wide, p->model_id, p->under_version, then);
		if (e == NULL)
			policy_rejudge(cx, p->format, now, then, v);
	}
	if (e == NULL)
		policy_downgrade(cx, now, p->sw_version, p->sw_scheme, v);
	return e;
}

static ERR_FN
refuse(struct ctx *cx, int64_t birth_id, const struct proved_row *p,
    struct bytes key_sha256, struct verdict *v)
{
	const struct unit unit = { .birth_id = birth_id,
		.manufacturer_id = p->manufacturer_id,
		.model_id = p->model_id,
		.device_id = p->device_id };
	const struct proved_attempt a = { .unit = &unit,
		.format = p->format,
		.policy_version = p->policy_version,
		.key_sha256 = key_sha256,
		.verdict = v };
	const struct finding *found = verdict_refusal(v);

	return proved_refused(cx, &a,
	    fail(cx, &ERR_ATTEST_AGAIN, "%s: %s", found->code, found->words));
}

/* What was proved for a key (none: any), and what is asked now, which may be
 * long: in an arena of its own. */
struct question {
	struct ctx wide;
	struct proved_row row;
	struct attest_policy now;
};

static ERR_FN
ask(struct ctx *cx, struct arena *scratch, int64_t birth_id,
    struct bytes key_sha256, struct question *q)
{
	const struct err *e;

	*q = (struct question){ .wide = *cx };
	q->wide.arena = scratch;
	e = proved_get(&q->wide, birth_id, key_sha256, &q->row);
	if (e != NULL || q->row.evidence == NULL)
		return e;
	return policy_json_read(&q->wide, bytes_str(q->row.evidence), &q->now);
}

const struct err *
proved_repeats(struct ctx *cx, const struct proved_attempt *a, int64_t since,
    bool *repeats)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_POLICY_ARENA);
	struct ctx wide = *cx;
	struct proved_row p;
	const struct err *e;

	*repeats = false;
	if (since == 0 || a->unit->birth_id == 0 || a->format == NULL)
		return NULL;
	wide.arena = scratch;
	e = proved_get(&wide, a->unit->birth_id, a->key_sha256, &p);
	if (e != NULL)
		return e;
	*repeats = p.verdict != NULL && p.at >= since &&
		   strcmp(p.format, a->format) == 0 &&
		   bytes_eq(p.evidence_sha256, a->evidence_sha256);
	return NULL;
}

const struct err *
proved_again(struct ctx *cx, int64_t birth_id, const uint8_t key_sha256[32],
    struct verdict *v, const char **format)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_POLICY_ARENA);
	struct question *q = arena_alloc(cx->arena, sizeof(*q));
	const struct bytes key = { key_sha256, 32 };
	const struct err *e = ask(cx, scratch, birth_id, key, q);

	if (e == NULL)
		e = judge(cx, &q->wide, &q->row, &q->now, v);
	if (e != NULL)
		return e;
	if (!v->accepted)
		return refuse(cx, birth_id, &q->row, key, v);
	*format = arena_strdup(cx->arena, q->row.format);
	return NULL;
}

static ERR_FN
check(struct ctx *cx, int64_t birth_id, struct bytes key_sha256, bool renews)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_POLICY_ARENA);
	struct question *q = arena_alloc(cx->arena, sizeof(*q));
	struct verdict *v = arena_alloc(cx->arena, sizeof(*v));
	const struct err *e = ask(cx, scratch, birth_id, key_sha256, q);

	if (e != NULL || q->row.evidence == NULL)
		return e;
	e = judge(cx, &q->wide, &q->row, &q->now, v);
	if (e != NULL)
		return e;
	if (renews && v->accepted && q->now.reattest_every > 0 &&
	    q->row.at + q->now.reattest_every <= cx->now)
		verdict_refuse(cx, v, LAYER_FRESHNESS, "too-old",
		    "The device's last evidence is older than the model "
		    "allows: it has to send new evidence.");
	return v->accepted ? NULL
			   : refuse(cx, birth_id, &q->row, key_sha256, v);
}

const struct err *
proved_check_key(struct ctx *cx, int64_t birth_id, const uint8_t key_sha256[32])
{
	return check(cx, birth_id, (struct bytes){ key_sha256, 32 }, false);
}

const struct err *
proved_check_renewal(struct ctx *cx, int64_t birth_id)
{
	return check(cx, birth_id, BYTES_NONE, true);
}
