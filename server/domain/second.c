#include "domain/second.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/code.h"
#include "domain/operator.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "pki/seal.h"
#include "store/admin_token.h"
#include "store/guess.h"

#define DAY 86400
#define PURPOSE "proposal"
#define SUMMARY 512

const struct err ERR_SECOND = { KIND_FORBIDDEN, "second-operator",
	"Another operator has to confirm this." };
const struct err ERR_PROPOSAL_OVER = { KIND_CONFLICT, "proposal-over",
	"The proposal was decided on, has expired, or its proposer's token "
	"has ended." };
const struct err ERR_PROPOSAL_CHANGED = { KIND_CONFLICT, "proposal-changed",
	"This is not what was shown: look at the proposal again." };
const struct err ERR_PROPOSALS_FULL = { KIND_CONFLICT, "too-many-proposals",
	"Too many of your proposals are pending: have them confirmed, or "
	"withdraw some." };
const struct err ERR_SAME_OPERATOR = { KIND_FORBIDDEN, "same-operator",
	"Whoever proposes cannot confirm: another operator has to." };

/* Uses the proposal up, in the transaction of what it asks for. */
static ERR_FN
confirm(struct ctx *cx, const struct admin_caller *by)
{
	bool changed;
	const struct err *e =
	    proposal_confirm(cx, by->proposal, by->second_token_id, &changed);

	if (e == NULL && !changed)
		return fail(cx, &ERR_PROPOSAL_OVER, "proposal %s is over",
		    by->proposal);
	return e;
}

static __attribute__((format(printf, 3, 0))) ERR_FN
ask(struct ctx *cx, const struct admin_caller *by, const char *fmt, va_list ap)
{
	char text[SUMMARY];

	if (by->proposal != NULL)
		return confirm(cx, by);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	return fail(cx, &ERR_SECOND, "%s", text);
}

const struct err *
second_ask(struct ctx *cx, const struct admin_caller *by, const char *fmt, ...)
{
	const struct err *e;
	va_list ap;

	if (!cx->svc->set.second_operator)
		return NULL;
	va_start(ap, fmt);
	e = ask(cx, by, fmt, ap);
	va_end(ap);
	return e;
}

const struct err *
second_ask_units(struct ctx *cx, const struct admin_caller *by, int64_t units,
    const char *fmt, ...)
{
	struct guess_of of = { .bucket = "revoke-alone", .window = DAY };
	const struct err *e;
	int64_t n = 0;
	va_list ap;

	if (!cx->svc->set.second_operator)
		return NULL;
	if (by->proposal != NULL)
		return confirm(cx, by);
	if (units <= cx->svc->set.revoke_alone) {
		/* Undone with the transaction, should it be too many. */
		code_guess_key(cx, of.bucket, by->name, of.key);
		e = guess_take_many(cx, &of, units, &n);
		if (e != NULL || n <= cx->svc->set.revoke_alone)
			return e;
	}
	va_start(ap, fmt);
	e = ask(cx, by, fmt, ap);
	va_end(ap);
	return e;
}

static const uint8_t *
hash_call(struct ctx *cx, const struct second_call *call)
{
	const char *head =
	    arena_printf(cx->arena, "%s %s\n", call->method, call->path);
	size_t n = strlen(head);
	uint8_t *whole = arena_alloc(cx->arena, n + call->body.n + 1);
	uint8_t *out = arena_alloc(cx->arena, SHA256_BYTES);

	memcpy(whole, head, n);
	if (call->body.n > 0)
		memcpy(whole + n, call->body.p, call->body.n);
	digest_sha256((struct bytes){ whole, n + call->body.n }, out);
	return out;
}

/* One at a time: a repeat is the one that is there, and none is too many. */
static ERR_FN
keep(struct ctx *cx, const struct proposal *p, const char **id)
{
	const struct err *e;
	int64_t pending = 0;
	TX tx = { 0 };

	*id = NULL;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = proposal_lock(cx);
	if (e == NULL)
		e = proposal_same(cx, p, id);
	if (e != NULL || *id != NULL)
		return e;
	e = proposal_pending(cx, p->token_id, &pending);
	if (e == NULL && pending >= LIMIT_PROPOSALS)
		e = fail(
		    cx, &ERR_PROPOSALS_FULL, "%d are pending", LIMIT_PROPOSALS);
	if (e == NULL)
		e = proposal_add(cx, p);
	*id = p->id;
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
second_propose(struct ctx *cx, const struct admin_caller *by,
    const struct second_call *call, struct proposal *out)
{
	char id[UUID_TEXT_BYTES];
	const struct seal_for use = { PURPOSE, id };
	struct proposal p = { .token_id = by->token_id,
		.method = call->method,
		.path = call->path,
		.sha256 = { hash_call(cx, call), SHA256_BYTES },
		.summary = cx->reason,
		.expires_at = cx->now + cx->svc->set.proposal_lifetime };
	const struct err *e;
	const char *kept;

	if (call->body.n > LIMIT_SEALED)
		return fail(cx, &ERR_BAD_REQUEST,
		    "what another operator confirms has %d bytes at most: cut "
		    "the list",
		    (int)LIMIT_SEALED);
	rng_uuid(id);
	p.id = id;
	p.sealed = seal(cx, cx->svc->mac, &use, call->body);
	e = keep(cx, &p, &kept);
	return e != NULL ? e : proposal_get(cx, kept, out);
}

const struct err *
second_get(struct ctx *cx, const char *id, struct proposal *out)
{
	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "no UUID in lower case");
	return proposal_get(cx, id, out);
}

/* Another token of the same person, or their certificate under another name,
 * is no second operator. */
static ERR_FN
check_other(struct ctx *cx, const struct admin_caller *by,
    const struct admin_token *proposer)
{
	if (strcmp(proposer->name, by->name) == 0 ||
	    strcmp(proposer->id, by->token_id) == 0)
		return fail(cx, &ERR_SAME_OPERATOR,
		    "tokens %s and %s are both of %s", proposer->id,
		    by->token_id, by->name);
	if (proposer->cert_sha256.n > 0 &&
	    bytes_eq(proposer->cert_sha256, by->cert_sha256))
		return fail(cx, &ERR_SAME_OPERATOR,
		    "tokens %s and %s have one certificate", proposer->id,
		    by->token_id);
	if (proposer->withdrawn_at != 0 || proposer->expires_at <= cx->now)
		return fail(cx, &ERR_PROPOSAL_OVER,
		    "the proposer's token %s has ended", proposer->id);
	return NULL;
}

const struct err *
second_open(struct ctx *cx, const struct admin_caller *by, const char *id,
    struct bytes sha256, struct second_call *call, struct admin_caller *as)
{
	const struct seal_for use = { PURPOSE, id };
	struct admin_token proposer;
	struct proposal p;
	const struct err *e = second_get(cx, id, &p);

	if (e == NULL)
		e = admin_token_get(cx, p.token_id, &proposer);
	if (e == NULL)
		e = check_other(cx, by, &proposer);
	if (e != NULL)
		return e;
	/* Whoever confirmed may have lost the answer: what was to be done is
	 * done once in any case. */
	if (strcmp(p.state, "pending") != 0 &&
	    (strcmp(p.state, "confirmed") != 0 ||
		strcmp(p.decided_by, by->token_id) != 0))
		return fail(cx, &ERR_PROPOSAL_OVER, "it is %s", p.state);
	call->method = p.method;
	call->path = p.path;
	if (!seal_open(cx, cx->svc->mac, &use, p.sealed, &call->body) ||
	    !bytes_eq(((struct bytes){ hash_call(cx, call), SHA256_BYTES }),
		p.sha256) ||
	    !bytes_eq(p.sha256, sha256))
		return fail(cx, &ERR_PROPOSAL_CHANGED,
		    "another content than the one confirmed");
	operator_as(cx, &proposer, as);
	as->proposal = p.id;
	as->second_token_id = by->token_id;
	return NULL;
}

const struct err *
second_settle(struct ctx *cx, const struct admin_caller *as)
{
	bool changed;

	return proposal_confirm(
	    cx, as->proposal, as->second_token_id, &changed);
}

const struct err *
second_withdraw(struct ctx *cx, const struct admin_caller *by, const char *id)
{
	struct proposal p;
	const struct err *e = second_get(cx, id, &p);
	bool changed;

	if (e == NULL)
		e = proposal_withdraw(cx, id, by->token_id, &changed);
	if (e == NULL && !changed && strcmp(p.state, "withdrawn") != 0)
		return fail(cx, &ERR_PROPOSAL_OVER, "it is %s", p.state);
	return e;
}
