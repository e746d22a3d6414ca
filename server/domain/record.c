#include "domain/record.h"

#include "base/arena.h"
#include "base/explain.h"
#include "base/limits.h"
#include "base/text.h"
#include "domain/code.h"
#include "store/audit_read.h"

/* What events are to an enrollment; of others it is not told. */
static const struct {
	const char *kind, *result, *words;
} words[] = {
	{ "attestation.accepted", "done", "Its evidence was accepted." },
	{ "attestation.refused", "refused", "It could not prove what it is." },
	{ "approval.requested", "done", "It asked for its owner's yes." },
	{ "approval.approved", "done", "The owner said yes." },
	{ "approval.denied", "refused", "The owner said no." },
	{ "approval.expired", "refused", "Nobody decided in time." },
	{ "approval.reported", "done",
	    "Who was shown it reported it as suspicious." },
	{ "approval.other_network", "done",
	    "It was approved from another network than it asked from." },
	{ "claim.two_keys", "refused", "Two keys asked for one unit." },
	{ "token.issued", "done", "It fetched its enroll token." },
	{ "certificate.issued", "done", "It got its certificate." },
	{ "certificate.used", "done", "It used its certificate." },
	{ "certificate.refused", "refused",
	    "A certificate of it was refused." },
	{ "enrollment.refused", "refused", "What it asked for was refused." },
	{ "bootstrap.refused", "refused", "Its bootstrap token was refused." },
	{ "bootstrap.second_key", "refused",
	    "Its bootstrap token came with a second key." },
	{ "device.second_key", "refused", "It came with another key." },
	{ "device.requested_again", "done",
	    "It has an owner, and asks again." },
	{ "device.away_too_long", "refused", "It was away for too long." },
	{ "unit.second_birth_key", "refused",
	    "The unit came with a second birth key." },
	{ "unit.birth_key_shared", "refused",
	    "Its birth key came as another unit's." },
	{ "device.clone_suspected", "done",
	    "There may be two of this device." },
	{ "device.quarantined", "done", "It was put aside." },
	{ "device.lifted", "done", "It is not put aside any more." },
	{ "device.released", "done", "It was released." },
	{ "device.revoked", "done", "It was revoked." },
};

/* What to do where nothing was refused. */
static const struct {
	const char *state, *hint;
} hints[] = {
	{ "approved", "The owner said yes; the device has to fetch its "
		      "certificate. If it does not, restart it." },
	{ "enrolled", "Nothing: it has its certificate." },
	{ "denied", "The owner said no. If that was a mistake, the device "
		    "starts again and shows another code." },
	{ "expired", "Nobody decided in time: the device starts again and "
		     "shows another code." },
	{ "replaced", "A newer request of the unit took its place." },
	{ "refused", "latchkey audit --request ID has what is known." },
};

static ERR_FN
check(struct ctx *cx, const struct record_query *q)
{
	size_t i;

	if (q->after != NULL && !audit_cursor_valid(q->after))
		return fail(cx, &ERR_BAD_REQUEST,
		    "after: must be the next of the page before");
	if (q->device_id != NULL && !text_is_uuid(bytes_str(q->device_id)))
		return fail(
		    cx, &ERR_BAD_REQUEST, "device: no UUID in lower case");
	if (q->model_id != NULL && !text_is_slug(bytes_str(q->model_id)))
		return fail(cx, &ERR_BAD_REQUEST, "model: no model's id");
	if (q->from != 0 && q->to != 0 && q->from >= q->to)
		return fail(cx, &ERR_BAD_REQUEST,
		    "from: not before to, so nothing lies between");
	if (q->state == NULL || strcmp(q->state, "waiting") == 0)
		return NULL;
	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(hints[i].state, q->state) == 0)
			return NULL;
	return fail(cx, &ERR_BAD_REQUEST,
	    "state: one of waiting, approved, enrolled, denied, expired, "
	    "replaced, refused");
}

const struct err *
record_find(
    struct ctx *cx, const struct record_query *q, struct record_page *out)
{
	const struct err *e = check(cx, q);

	return e != NULL ? e : record_list(cx, q, out);
}

static void
add_step(struct record_view *v, const struct record_step *s)
{
	struct record_words *w = &v->steps[v->n_steps];
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].kind, s->kind) != 0)
			continue;
		*w = (struct record_words){ s->at, s->kind, words[i].result,
			words[i].words, s->code, s->detail, s->request_id };
		if (s->code != NULL)
			w->result = "refused";
		v->n_steps++;
		return;
	}
}

/* Why it came no further: what was refused last, if nothing good came after
 * it. */
static const char *
last_refusal(const struct record_view *v)
{
	size_t i;

	if (strcmp(v->row.state, "enrolled") == 0)
		return NULL;
	for (i = v->n_steps; i > 0; i--)
		if (v->steps[i - 1].code != NULL)
			return v->steps[i - 1].code;
	if (strcmp(v->row.state, "denied") == 0)
		return "access_denied";
	if (strcmp(v->row.state, "expired") == 0)
		return "expired_token";
	return v->row.code;
}

static const char *
hint_for(const struct record_view *v)
{
	const struct explanation *x =
	    v->reason_code == NULL ? NULL : explain_find(v->reason_code);
	size_t i;

	/* An owner's no or silence is not what the operator mends. */
	if (x != NULL && strcmp(v->row.state, "denied") != 0 &&
	    strcmp(v->row.state, "expired") != 0)
		return x->operator;
	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(hints[i].state, v->row.state) == 0)
			return hints[i].hint;
	return v->row.shown ? "An owner was shown it, and has not decided."
			    : "Nobody has typed its code yet.";
}

/* Those that are no event: time went by, or a certificate was used. */
static void
add_derived(struct record_view *v)
{
	if (strcmp(v->row.state, "expired") == 0)
		add_step(v, &(struct record_step){ .at = v->row.expires_at,
				.kind = "approval.expired",
				.code = "expired_token" });
	if (v->row.used_at != NULL)
		add_step(v, &(struct record_step){ .at = v->row.used_at,
				.kind = "certificate.used" });
}

static ERR_FN
tell(struct ctx *cx, struct record_view *v)
{
	struct record_step *steps;
	const struct err *e;
	size_t i, n;

	e = record_steps(cx, &v->row, RECORD_STEPS_MOST - 2, &steps, &n);
	if (e != NULL)
		return e;
	v->steps =
	    arena_alloc(cx->arena, RECORD_STEPS_MOST * sizeof(*v->steps));
	for (i = 0; i < n; i++)
		add_step(v, &steps[i]);
	add_derived(v);
	v->reason_code = last_refusal(v);
	v->hint = hint_for(v);
	return NULL;
}

const struct err *
record_show(struct ctx *cx, const char *id, struct record_view *out)
{
	const struct err *e;

	*out = (struct record_view){ .n_steps = 0 };
	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND,
		    "no id of an enrollment or a request, which is a UUID in "
		    "lower case");
	e = record_get(cx, id, &out->row);
	return e != NULL ? e : tell(cx, out);
}

const struct err *
record_show_code(struct ctx *cx, const char *user_code, struct record_view *out)
{
	const struct err *e;
	uint8_t mac[32];

	*out = (struct record_view){ .n_steps = 0 };
	if (!code_user_mac(cx, user_code, mac))
		return fail(cx, &ERR_NOT_FOUND, "this can be no user code");
	e = record_by_code(cx, mac, &out->row);
	return e != NULL ? e : tell(cx, out);
}

/* Whether the sender has to do something else than to try again. */
static bool
is_final(const struct err *e)
{
	return e->kind == KIND_INVALID || e->kind == KIND_UNAUTHENTICATED ||
	       e->kind == KIND_FORBIDDEN || e->kind == KIND_NOT_FOUND ||
	       e->kind == KIND_CONFLICT || e->kind == KIND_NOT_OFFERED;
}

void
record_refused(struct ctx *cx, const struct caller *caller, const struct err *e)
{
	struct record_refusal r = { .code = e->code, .detail = cx->reason };

	if (cx->recorded || !is_final(e))
		return;
	if (caller->kind == CALLER_UNIT) {
		r.birth_id = caller->unit.birth_id;
		r.device_id = caller->unit.device_id;
	} else if (caller->kind == CALLER_DEVICE) {
		r.birth_id = caller->device.birth_id;
		r.device_id = caller->device.device_id;
	}
	/* A reason may quote bytes of the sender. */
	if (r.detail != NULL && !text_is_utf8(bytes_str(r.detail)))
		r.detail = NULL;
	/* Should it fail, the log has the reason all the same. */
	if (r.birth_id != 0)
		(void)!record_refuse(cx, &r);
}
