#include "domain/bootstrap.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/code.h"
#include "domain/label.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/guess.h"

#define LIFETIME_DEFAULT INT64_C(86400)
#define LIFETIME_MIN 60
#define LIFETIME_MAX (30 * INT64_C(86400))
#define ID_BYTES 10

const struct err ERR_BOOTSTRAP = { KIND_INVALID, "bad-bootstrap",
	"Bootstrap tokens cannot be made like this." };
const struct err ERR_BOOTSTRAP_UNIT = { KIND_CONFLICT, "bootstrap-unit",
	"A unit has a stronger proof than a token, or is not listed." };
static const struct err ERR_PASSWORD = { KIND_UNAUTHENTICATED,
	"bad-credentials",
	"The bootstrap token is unknown, wrong, expired or withdrawn." };
static const struct err ERR_TRIES = { KIND_BUSY, "too-many-tries",
	"Too many wrong tokens came from this address; try again later." };
static const struct err ERR_REFUSED = { KIND_FORBIDDEN, "bootstrap-refused",
	"This token does not enroll this device; its operator can find the "
	"reason by the request id." };

static ERR_FN
refuse(struct ctx *cx, const char *id, const struct bootstrap_found *f)
{
	const struct err *e =
	    event_add(cx, &(struct event){ .kind = "bootstrap.refused",
			      .manufacturer_id = f->manufacturer_id,
			      .birth_id = f->birth_id,
			      .device_id = f->device_id,
			      .code = ERR_REFUSED.code,
			      .detail = arena_printf(
				  cx->arena, "token %s: %s", id, cx->reason) });

	return e != NULL ? e : &ERR_REFUSED;
}

/* ---- making them */

static ERR_FN
check_label(struct ctx *cx, const char *name)
{
	struct label label;
	const struct err *e = label_get(cx, name, &label);

	if (e == &ERR_NO_LABEL)
		return fail(cx, &ERR_BOOTSTRAP, "label: there is no %s", name);
	if (e == NULL && (label.auth & LABEL_BOOTSTRAP) == 0)
		return fail(cx, &ERR_BOOTSTRAP,
		    "label: authentication of %s does not name bootstrap",
		    name);
	return e;
}

static ERR_FN
check_in(struct ctx *cx, const struct bootstrap_in *in)
{
	size_t i;

	if ((in->nserials > 0) == (in->batch != NULL))
		return fail(cx, &ERR_BOOTSTRAP, "give serials, or a batch");
	if (in->lifetime != 0 &&
	    (in->lifetime < LIFETIME_MIN || in->lifetime > LIFETIME_MAX))
		return fail(
		    cx, &ERR_BOOTSTRAP, "lifetime: from 60 seconds to 30 days");
	for (i = 0; i < in->nserials; i++)
		if (!text_is_serial(bytes_str(in->serials[i])))
			return fail(cx, &ERR_BOOTSTRAP,
			    "serials: entry %zu is no serial number", i + 1);
	return check_label(cx, in->label);
}

static ERR_FN
find_units(struct ctx *cx, const struct bootstrap_in *in,
    struct bootstrap_unit **units, size_t *n)
{
	const struct err *e;
	size_t i;

	if (in->batch != NULL)
		return bootstrap_batch(cx, in->manufacturer, in->batch,
		    in->after, LIMIT_PAGE, units, n);
	e = bootstrap_units(
	    cx, in->manufacturer, in->serials, in->nserials, units, n);
	if (e != NULL)
		return e;
	for (i = 0; i < in->nserials; i++) {
		size_t k = 0;

		while (
		    k < *n && strcmp((*units)[k].serial, in->serials[i]) != 0)
			k++;
		if (k == *n)
			return fail(cx, &ERR_BOOTSTRAP_UNIT,
			    "%s lists no unit %s", in->manufacturer,
			    in->serials[i]);
	}
	return NULL;
}

static ERR_FN
make_one(struct ctx *cx, const struct admin_caller *by,
    const struct bootstrap_in *in, const struct bootstrap_unit *unit,
    struct bootstrap_made *out)
{
	uint8_t id[ID_BYTES], mac[32];

	if (unit->proven)
		return fail(cx, &ERR_BOOTSTRAP_UNIT,
		    "unit %s is listed or known with its key: no token stands "
		    "in for that",
		    unit->serial);
	rng_bytes(id, sizeof(id));
	out->id = arena_printf(
	    cx->arena, "bt-%s", bytes_hex(cx->arena, BYTES_OF(id)));
	out->password = code_device_new(cx);
	out->serial = unit->serial;
	out->expires_at =
	    cx->now + (in->lifetime == 0 ? LIFETIME_DEFAULT : in->lifetime);
	code_bootstrap_mac(cx, out->id, out->password, mac);
	return bootstrap_add(cx, &(struct bootstrap_new){ .id = out->id,
				     .label = in->label,
				     .admin_token_id = by->token_id,
				     .mac = mac,
				     .birth_id = unit->birth_id,
				     .expires_at = out->expires_at });
}

static ERR_FN
make_all(struct ctx *cx, const struct admin_caller *by,
    const struct bootstrap_in *in, const struct bootstrap_unit *units,
    struct bootstrap_made *out, size_t n)
{
	const struct err *e;
	TX tx = { 0 };
	size_t i;

	e = tx_begin(cx, &tx);
	for (i = 0; e == NULL && i < n; i++)
		e = make_one(cx, by, in, &units[i], &out[i]);
	for (i = 0; e == NULL && i < n; i++)
		e = event_add(
		    cx, &(struct event){ .kind = "bootstrap.made",
			    .manufacturer_id = in->manufacturer,
			    .birth_id = units[i].birth_id,
			    .admin_token_id = by->token_id,
			    .detail = arena_printf(cx->arena,
				"token %s, label %s", out[i].id, in->label) });
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
bootstrap_make(struct ctx *cx, const struct admin_caller *by,
    const struct bootstrap_in *in, struct bootstrap_made **out, size_t *n,
    const char **next)
{
	struct bootstrap_unit *units;
	const struct err *e = check_in(cx, in);

	*next = NULL;
	if (e == NULL)
		e = find_units(cx, in, &units, n);
	if (e != NULL)
		return e;
	if (*n == 0 && in->after == NULL)
		return fail(cx, &ERR_BOOTSTRAP_UNIT,
		    "%s lists no unit with a serial number in batch %s",
		    in->manufacturer, in->batch);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	if (in->batch != NULL && *n == LIMIT_PAGE)
		*next = units[*n - 1].serial;
	return make_all(cx, by, in, units, *out, *n);
}

const struct err *
bootstrap_page(struct ctx *cx, const struct bootstrap_query *q,
    struct bootstrap_row **out, size_t *n)
{
	return bootstrap_list(cx, q, out, n);
}

const struct err *
bootstrap_end(struct ctx *cx, const struct admin_caller *by, const char *id)
{
	const struct err *e;
	TX tx = { 0 };
	bool changed;

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = bootstrap_withdraw(cx, id, &changed);
	if (e == NULL && changed)
		e = event_add(cx,
		    &(struct event){ .kind = "bootstrap.withdrawn",
			.admin_token_id = by->token_id,
			.detail = arena_printf(cx->arena, "token %s", id) });
	return e != NULL ? e : tx_commit(&tx);
}

/* ---- using one */

/* A wrong token counts against the address it came from, and never against
 * the unit: who knows its id could lock it out (A10), and 256 bits are not
 * guessed. */
static ERR_FN
wrong(struct ctx *cx, const char *address, const char *why)
{
	const struct settings *set = &cx->svc->set;
	const struct err *e;
	uint8_t key[32];
	int64_t n = 0, wait = 0;

	/* An IPv6 site has as many addresses as it likes. */
	code_guess_key(cx, "bootstrap", net_prefix(cx->arena, address), key);
	e = guess_take(cx, "bootstrap", key, set->guess_window, &n);
	if (e == NULL && n == set->guesses_address + 1)
		e = event_add(
		    cx, &(struct event){ .kind = "bootstrap.tries_spent" });
	if (e != NULL)
		return e;
	if (n <= set->guesses_address)
		return fail(cx, &ERR_PASSWORD, "bootstrap token: %s", why);
	e = guess_wait(cx, "bootstrap", key, set->guess_window, &wait);
	if (e != NULL)
		return e;
	cx->retry_after = (int)wait;
	return fail(
	    cx, &ERR_TRIES, "bootstrap token: %s, try %lld", why, (long long)n);
}

/* What the unit is, whatever the token (A11, A12). */
static ERR_FN
check_unit(struct ctx *cx, const struct bootstrap_found *f)
{
	if (f->proven)
		return fail(cx, &ERR_REFUSED,
		    "the unit has a stronger proof than a token (A12)");
	if (f->manufacturer_frozen)
		return fail(cx, &ERR_REFUSED, "the manufacturer is frozen");
	if (!f->model_active)
		return fail(
		    cx, &ERR_REFUSED, "model %s is retired", f->model_id);
	if (f->revoked || f->lost || f->decommissioned)
		return fail(cx, &ERR_REFUSED, "the unit is %s",
		    f->revoked ? "revoked"
		    : f->lost  ? "lost"
			       : "decommissioned");
	return NULL;
}

static void
fill_unit(struct ctx *cx, const char *id, const struct bootstrap_found *f,
    struct unit *out)
{
	struct bootstrap *token = arena_alloc(cx->arena, sizeof(*token));

	*token = (struct bootstrap){ .id = arena_strdup(cx->arena, id),
		.label = f->label,
		.key_sha256 = f->key_sha256,
		.used = f->used };
	*out = (struct unit){
		.bootstrap = token,
		.birth_id = f->birth_id,
		.manufacturer_id = f->manufacturer_id,
		.manufacturer_name = f->manufacturer_name,
		.model_id = f->model_id,
		.model_name = f->model_name,
		.client_id = f->client_id,
		.profile = f->profile,
		.labels = f->labels,
		.model_policy = f->policy,
		.support_until = f->support_until,
		.serial = f->serial,
		.listed_serial = f->serial,
		.batch = f->batch,
		.made_at = f->made_at,
		.boot_test = f->boot_test,
		.device_id = f->device_id,
		.quarantined = f->quarantined,
	};
}

static ERR_FN
judge(const struct bootstrap_try *t, const struct bootstrap_found *f)
{
	struct ctx *cx = t->cx;
	const struct err *e;
	uint8_t mac[32];

	code_bootstrap_mac(cx, t->user, t->password, mac);
	/* An unknown token is compared like a wrong one. */
	if (!bytes_eq(BYTES_OF(f->mac), BYTES_OF(mac)) || !f->found)
		return wrong(cx, t->address, "unknown, or a wrong password");
	if (f->withdrawn || f->expires_at <= cx->now)
		return wrong(cx, t->address, "withdrawn or expired");
	e = check_unit(cx, f);
	if (e == &ERR_REFUSED)
		return refuse(cx, t->user, f);
	if (e == NULL)
		fill_unit(cx, t->user, f, t->unit);
	return e;
}

void
bootstrap_judge(struct bootstrap_try *v, size_t n)
{
	struct bootstrap_found found[LIMIT_TOGETHER];
	struct ctx *cx[LIMIT_TOGETHER] = { NULL };
	const char *ids[LIMIT_TOGETHER] = { NULL };
	const struct err *e;
	size_t i;

	must(n <= LIMIT_TOGETHER);
	if (n == 0)
		return;
	for (i = 0; i < n; i++) {
		cx[i] = v[i].cx;
		ids[i] = v[i].user;
	}
	e = bootstrap_find(cx, ids, n, found);
	/* What one of many made the database refuse, the others ask alone. */
	if (e != NULL && e != &ERR_STORE && n > 1) {
		for (i = 0; i < n; i++)
			bootstrap_judge(&v[i], 1);
		return;
	}
	for (i = 0; i < n; i++)
		v[i].e = e != NULL ? e : judge(&v[i], &found[i]);
}

static ERR_FN
refuse_key(struct ctx *cx, const struct unit *unit)
{
	const struct err *e =
	    event_add(cx, &(struct event){ .kind = "bootstrap.second_key",
			      .manufacturer_id = unit->manufacturer_id,
			      .birth_id = unit->birth_id,
			      .device_id = unit->device_id,
			      .detail = unit->bootstrap->id });

	return e != NULL ? e
			 : fail(cx, &ERR_REFUSED,
			       "token %s is bound to another key (A12)",
			       unit->bootstrap->id);
}

const struct err *
bootstrap_check(
    struct ctx *cx, const struct unit *unit, const uint8_t *key_sha256)
{
	const struct bootstrap *token = unit->bootstrap;

	if (strcmp(token->label, unit->profile) != 0)
		return fail(cx, &ERR_REFUSED, "token %s is for label %s (A8)",
		    token->id, token->label);
	if (token->key_sha256.n > 0 &&
	    (key_sha256 == NULL ||
		!bytes_eq(token->key_sha256, (struct bytes){ key_sha256, 32 })))
		return refuse_key(cx, unit);
	return NULL;
}

const struct err *
bootstrap_take_key(
    struct ctx *cx, const struct unit *unit, const uint8_t key_sha256[32])
{
	const struct err *e;
	bool bound = true;

	if (unit->bootstrap == NULL || unit->bootstrap->key_sha256.n > 0)
		return NULL;
	e = bootstrap_bind(cx, unit->bootstrap->id, key_sha256, &bound);
	return e != NULL || bound ? e : refuse_key(cx, unit);
}
