#include "domain/ops.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/mem.h"
#include "domain/crl_publish.h"
#include "domain/lineage.h"
#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/signer.h"
#include "store/consumer.h"
#include "store/health.h"

#define DAY INT64_C(86400)
/* A certificate that is replaced by hand is missed this long before. */
#define EXPIRY_DAYS 30

static const struct err ERR_PARTITIONS = { KIND_UNAVAILABLE, "no-partitions",
	"The database has no partition for new rows; run latchkey maintain." };
static const struct err ERR_SCHEMA = { KIND_UNAVAILABLE, "schema-version",
	"The database's schema is of another version than this program." };
static const struct err ERR_EXPIRED = { KIND_UNAVAILABLE, "own-expired",
	"A certificate of the service itself is not valid now." };

static void
read_authority(struct ctx *cx, struct bytes der, struct ops_authority *out)
{
	struct cert c;

	if (cert_parse(cx, der, &c) != NULL)
		return;
	out->not_before = c.not_before;
	out->not_after = c.not_after;
}

size_t
ops_authorities(struct ctx *cx, struct ops_authority out[OPS_AUTHORITIES])
{
	const struct svc *svc = cx->svc;
	const struct signer *ca;
	size_t n = 1, i;

	out[0] = (struct ops_authority){ .name = "root" };
	read_authority(cx, svc->root_cert[0], &out[0]);
	for (i = 0; (ca = signers_at(svc->signers, i)) != NULL; i++, n++) {
		out[n] = (struct ops_authority){ .name = signers_name(
						     svc->signers, i) };
		read_authority(cx, signer_cert(ca), &out[n]);
		crl_publish_times(
		    svc->crl_publish, i, &out[n].crl_made, &out[n].crl_next);
	}
	return n;
}

static struct ops_check *
add(struct ops_state *s, const char *name)
{
	struct ops_check *c = &s->check[s->n++];

	must(s->n <= OPS_CHECKS);
	*c = (struct ops_check){ .name = name };
	return c;
}

/* e: what serving is refused with; NULL: it goes on without. */
static void
miss(struct ops_state *s, struct ops_check *c, const struct err *e,
    const char *missing, const char *action)
{
	c->e = e;
	c->missing = missing;
	c->action = action;
	if (s->e == NULL)
		s->e = e;
}

/* The connection, what opened it, and whether that is the database which was
 * seen before: false if nothing can be asked over it. */
static bool
look_database(struct ctx *cx, struct ops_state *s)
{
	const struct err *e = db_check(cx);
	struct ops_check *database = add(s, "database");
	struct ops_check *c;

	if (e == &ERR_STORE) {
		miss(s, database, e, "no connection to PostgreSQL",
		    "start it, or see its log and the settings db and listen");
		return false;
	}
	c = add(s, "schema");
	if (e != NULL && e != &ERR_OLDER) {
		miss(s, c, &ERR_SCHEMA, cx->reason,
		    "run latchkey migrate, or the program of that version");
		return false;
	}
	c = add(s, "lineage");
	if (e == &ERR_OLDER)
		miss(s, c, e, "the database is older than what this node saw",
		    "run latchkey recover");
	return e == NULL;
}

static ERR_FN
look_partitions(struct ctx *cx, struct ops_state *s)
{
	const struct err *e = health_partition_days(cx, &s->partition_days);
	struct ops_check *c;

	if (e != NULL)
		return e;
	c = add(s, "partitions");
	if (s->partition_days < 0)
		miss(s, c, &ERR_PARTITIONS, "no partition takes new rows",
		    "run latchkey maintain");
	c = add(s, "maintenance");
	if (s->partition_days < OPS_LEAST_PARTITION_DAYS)
		miss(s, c, NULL, "partitions end soon",
		    "run latchkey maintain each day");
	return NULL;
}

/* This node's own place in the feed, and that of the others. */
static ERR_FN
look_feed(struct ctx *cx, struct ops_state *s)
{
	const char *self = cx->svc->node_name;
	struct ops_check *c;
	int64_t alerts;
	bool well;
	const struct err *e = consumer_is_well(cx, "node", self, &well);

	if (e == NULL)
		e = consumer_alerts(cx, &alerts);
	if (e != NULL)
		return e;
	c = add(s, "feed");
	if (!well)
		miss(s, c, NULL, "this node is silent or behind",
		    "see follow and feed in its log");
	c = add(s, "consumers");
	if (alerts > 0)
		miss(s, c, NULL, "who follows the feed is silent or behind",
		    "see latchkey status");
	return NULL;
}

static ERR_FN
look_standby(struct ctx *cx, struct ops_state *s)
{
	struct ops_check *c;
	bool lags;
	const struct err *e = health_standby_may_lag(cx, &lags);

	if (e != NULL)
		return e;
	c = add(s, "standby");
	if (lags)
		miss(s, c, NULL,
		    "no standby is synchronous: a failover can lose "
		    "revocations",
		    "set synchronous_standby_names in PostgreSQL");
	return NULL;
}

static bool
is_valid(const struct ctx *cx, const struct ops_authority *a)
{
	return a->not_before <= cx->now && cx->now < a->not_after;
}

static void
look_keys(struct ctx *cx, int64_t tls_not_after, const struct ops_authority *v,
    size_t n, struct ops_state *s)
{
	struct ops_check *c = add(s, "keys");
	int64_t first = tls_not_after;
	const char *whose = "tls_cert";
	size_t i;

	for (i = 0; i < n; i++) {
		/* The root and the main CA: without others, their labels. */
		if (i < 2 && !is_valid(cx, &v[i]))
			miss(s, c, &ERR_EXPIRED,
			    arena_printf(
				cx->arena, "CA %s is not valid now", v[i].name),
			    "replace it: docs/rotation.md");
		if (v[i].not_after < first) {
			first = v[i].not_after;
			whose = v[i].name;
		}
	}
	if (tls_not_after <= cx->now)
		miss(s, c, &ERR_EXPIRED, "the server's certificate has expired",
		    "replace the file of tls_cert; it is read at once");
	c = add(s, "expiry");
	if (first - cx->now < EXPIRY_DAYS * DAY)
		miss(s, c, NULL,
		    arena_printf(cx->arena, "%s expires in %" PRId64 " days",
			whose, (first - cx->now) / DAY),
		    "replace it: docs/rotation.md");
}

static void
look_lists(struct ctx *cx, const struct ops_authority *v, size_t n,
    struct ops_state *s)
{
	struct ops_check *c = add(s, "crl");
	size_t i;

	for (i = 1; i < n; i++)
		if (v[i].crl_next <= cx->now)
			miss(s, c, NULL,
			    arena_printf(cx->arena,
				"CA %s has no current revocation list",
				v[i].name),
			    "see crl in the log");
}

void
ops_look(struct ctx *cx, int64_t tls_not_after, struct ops_state *out)
{
	struct ops_authority v[OPS_AUTHORITIES];
	size_t n = ops_authorities(cx, v);
	const struct err *e = NULL;

	*out = (struct ops_state){ .n = 0 };
	if (look_database(cx, out)) {
		e = look_partitions(cx, out);
		if (e == NULL)
			e = look_feed(cx, out);
		if (e == NULL)
			e = look_standby(cx, out);
	}
	/* It went away between two questions. */
	if (e != NULL)
		miss(out, &out->check[0], e, "PostgreSQL did not answer",
		    "see its log");
	look_keys(cx, tls_not_after, v, n, out);
	look_lists(cx, v, n, out);
}
