#include "store/device.h"

#include "base/arena.h"

static const struct stmt DEVICE_SELECT = { "device_select",
	"SELECT d.id, d.owner_id, b.manufacturer_id, d.model_id, b.serial, "
	"d.state, d.birth_id, b.quarantined_at IS NOT NULL, "
	"b.lost_at IS NOT NULL, b.revoked_at IS NOT NULL, "
	"b.decommissioned_at IS NOT NULL, "
	"extract(epoch FROM d.created_at)::bigint, "
	"extract(epoch FROM c.not_after)::bigint, c.serial, f.name, m.name, "
	"m.support_until::text, CASE WHEN b.quarantined_at IS NOT NULL THEN "
	"(SELECT reason FROM revocation WHERE device_id = d.id AND "
	"kind = 'quarantine' ORDER BY epoch DESC, position DESC LIMIT 1) END, "
	"extract(epoch FROM b.quarantined_at)::bigint, "
	"(SELECT extract(epoch FROM expires_at)::bigint FROM transfer "
	"WHERE device_id = d.id AND state = 'open' AND expires_at > now()), "
	"(SELECT count(*) FROM child WHERE hub_id = d.id AND "
	"owner_id = d.owner_id AND state = 'pending' AND expires_at > now()) "
	"FROM device d JOIN birth b ON b.id = d.birth_id "
	"JOIN manufacturer f ON f.id = b.manufacturer_id "
	"JOIN model m ON m.id = d.model_id "
	"LEFT JOIN LATERAL (SELECT serial, not_after FROM certificate "
	"WHERE device_id = d.id ORDER BY not_before DESC LIMIT 1) c ON true "
	"WHERE ($1::uuid IS NULL OR d.id = $1::uuid) AND "
	"($2::uuid IS NULL OR (d.owner_id = $2::uuid AND "
	"d.state = 'owned')) AND "
	"($3::text IS NULL OR b.manufacturer_id = $3) AND "
	"($4::uuid IS NULL OR (d.created_at, d.id) > "
	"(SELECT created_at, id FROM device WHERE id = $4::uuid)) "
	"ORDER BY d.created_at, d.id LIMIT $5",
	5 };

static const struct stmt DEVICE_CREATE = { "device_create",
	"INSERT INTO device (id, birth_id, owner_id, model_id, profile, "
	"state) SELECT $1::uuid, b.id, $3::uuid, m.id, "
	"coalesce($4, m.profile), 'owned' "
	"FROM birth b JOIN model m ON m.id = b.model_id WHERE b.id = $2",
	4 };

static const struct stmt DEVICE_OF_UNIT = { "device_of_unit",
	"SELECT id FROM device WHERE birth_id = $1 AND state = 'owned'", 1 };

static const struct stmt DEVICE_LABEL = { "device_label",
	"SELECT profile FROM device WHERE id = $1::uuid", 1 };

static const struct stmt DEVICE_SET_LABEL = { "device_set_label",
	"UPDATE device SET profile = $2 WHERE id = $1::uuid AND "
	"profile <> $2",
	2 };

static const struct stmt DEVICE_RELEASE = { "device_release",
	"UPDATE device SET state = 'released', released_at = now() "
	"WHERE id = $1::uuid AND owner_id IS NOT DISTINCT FROM $2::uuid AND "
	"state = 'owned' "
	"RETURNING birth_id",
	2 };

#define FLAG_STMT(column, value, was)                                     \
	"WITH d AS (SELECT birth_id FROM device WHERE id = $1::uuid AND " \
	"state = 'owned'), u AS (UPDATE birth SET " column " = " value    \
	" WHERE id IN (SELECT birth_id FROM d) AND " column " IS " was    \
	" RETURNING id) "                                                 \
	"SELECT birth_id, EXISTS (SELECT FROM u) FROM d"

static const struct stmt UNIT_REVOKE = { "unit_revoke",
	FLAG_STMT("revoked_at", "now()", "NULL"), 1 };
static const struct stmt UNIT_QUARANTINE = { "unit_quarantine",
	FLAG_STMT("quarantined_at", "now()", "NULL"), 1 };
static const struct stmt UNIT_DECOMMISSION = { "unit_decommission",
	FLAG_STMT("decommissioned_at", "now()", "NULL"), 1 };
static const struct stmt UNIT_LIFT = { "unit_lift",
	FLAG_STMT("quarantined_at", "NULL", "NOT NULL"), 1 };

static const struct stmt UNIT_LOST = { "unit_lost",
	FLAG_STMT("lost_at", "now()", "NULL"), 1 };
static const struct stmt UNIT_FOUND = { "unit_found",
	FLAG_STMT("lost_at", "NULL", "NOT NULL"), 1 };

static const struct stmt UNIT_FLAGGED = { "unit_flagged",
	"SELECT num_nonnulls(quarantined_at, lost_at, revoked_at, "
	"decommissioned_at) > 0 FROM birth WHERE id = $1 FOR UPDATE",
	1 };

static const struct stmt UNIT_LIFT_ENDED = { "unit_lift_ended",
	"WITH d AS (SELECT d.birth_id, o.erased_at IS NOT NULL AS erased "
	"FROM device d LEFT JOIN owner o ON o.id = d.owner_id "
	"WHERE d.id = $1::uuid AND d.state = 'released' AND NOT EXISTS "
	"(SELECT FROM device n WHERE n.birth_id = d.birth_id AND n.id <> d.id "
	"AND n.created_at >= d.created_at)), "
	"u AS (UPDATE birth SET quarantined_at = NULL, "
	"lost_at = CASE WHEN d.erased THEN NULL ELSE lost_at END FROM d "
	"WHERE birth.id = d.birth_id AND (quarantined_at IS NOT NULL OR "
	"(lost_at IS NOT NULL AND d.erased)) RETURNING id) "
	"SELECT birth_id, EXISTS (SELECT FROM u) FROM d",
	1 };

static const struct stmt DEVICE_REVOKE_CERTIFICATES = {
	"device_revoke_certificates",
	"UPDATE certificate SET revoked_at = now() WHERE "
	"device_id = $1::uuid AND revoked_at IS NULL AND not_after > now()",
	1
};

static const struct stmt DEVICE_REFUSE_KEYS = { "device_refuse_keys",
	"UPDATE key_use SET compromised = true WHERE device_id = $1::uuid", 1 };

static const struct stmt DEVICE_VOID_APPROVALS = { "device_void_approvals",
	"UPDATE approval SET state = 'superseded' WHERE birth_id = $1 AND "
	"state IN ('pending', 'approved')",
	1 };

static void
read_device(struct ctx *cx, const struct rows *r, int i, struct device *d)
{
	d->id = rows_text(cx, r, i, 0);
	d->owner_id = rows_text(cx, r, i, 1);
	d->manufacturer_id = rows_text(cx, r, i, 2);
	d->model_id = rows_text(cx, r, i, 3);
	d->serial = rows_text(cx, r, i, 4);
	d->state = rows_text(cx, r, i, 5);
	d->birth_id = rows_int(r, i, 6);
	d->quarantined = rows_bool(r, i, 7);
	d->lost = rows_bool(r, i, 8);
	d->revoked = rows_bool(r, i, 9);
	d->decommissioned = rows_bool(r, i, 10);
	d->created_at = rows_int(r, i, 11);
	d->certificate_not_after = rows_int(r, i, 12);
	d->certificate_serial = rows_bytes(cx, r, i, 13);
	d->manufacturer_name = rows_text(cx, r, i, 14);
	d->model_name = rows_text(cx, r, i, 15);
	d->support_until = rows_text(cx, r, i, 16);
	d->quarantine_reason = rows_text(cx, r, i, 17);
	d->quarantined_at = rows_int(r, i, 18);
	d->transfer_until = rows_int(r, i, 19);
	d->children_waiting = rows_int(r, i, 20);
}

const struct err *
device_select(struct ctx *cx, const struct device_query *q, struct device **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &DEVICE_SELECT, &r, DB_TEXT(q->id),
	    DB_TEXT(q->owner_id), DB_TEXT(q->manufacturer_id),
	    DB_TEXT(q->after), DB_INT(q->limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_device(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
device_create(struct ctx *cx, const char *id, int64_t birth_id,
    const char *owner_id, const char *label)
{
	return DB_RUN(cx, &DEVICE_CREATE, NULL, DB_TEXT(id), DB_INT(birth_id),
	    DB_TEXT(owner_id), DB_TEXT(label));
}

const struct err *
device_of_unit(struct ctx *cx, int64_t birth_id, const char **id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &DEVICE_OF_UNIT, &r, DB_INT(birth_id));

	if (e == NULL)
		*id = rows_count(r) == 0 ? NULL : rows_text(cx, r, 0, 0);
	return e;
}

const struct err *
device_label(struct ctx *cx, const char *id, const char **label)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &DEVICE_LABEL, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*label = rows_text(cx, r, 0, 0);
	return NULL;
}

const struct err *
device_set_label(struct ctx *cx, const char *id, const char *label)
{
	return DB_RUN(cx, &DEVICE_SET_LABEL, NULL, DB_TEXT(id), DB_TEXT(label));
}

const struct err *
device_release(
    struct ctx *cx, const char *id, const char *owner_id, int64_t *birth_id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &DEVICE_RELEASE, &r, DB_TEXT(id), DB_TEXT(owner_id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*birth_id = rows_int(r, 0, 0);
	return NULL;
}

const struct err *
device_unit_flagged(struct ctx *cx, int64_t birth_id, bool *flagged)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &UNIT_FLAGGED, &r, DB_INT(birth_id));

	if (e == NULL)
		*flagged = rows_bool(r, 0, 0);
	return e;
}

static ERR_FN
run_flag(struct ctx *cx, const struct stmt *s, const char *id,
    int64_t *birth_id, bool *changed)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, s, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*birth_id = rows_int(r, 0, 0);
	*changed = rows_bool(r, 0, 1);
	return NULL;
}

const struct err *
device_unflag_ended(
    struct ctx *cx, const char *id, int64_t *birth_id, bool *changed)
{
	return run_flag(cx, &UNIT_LIFT_ENDED, id, birth_id, changed);
}

const struct err *
device_flag_unit(struct ctx *cx, const char *id, enum unit_flag flag, bool set,
    int64_t *birth_id, bool *changed)
{
	static const struct stmt *const by_flag[][2] = {
		[FLAG_REVOKED] = { &UNIT_REVOKE, &UNIT_REVOKE },
		[FLAG_DECOMMISSIONED] = { &UNIT_DECOMMISSION,
		    &UNIT_DECOMMISSION },
		[FLAG_QUARANTINED] = { &UNIT_LIFT, &UNIT_QUARANTINE },
		[FLAG_LOST] = { &UNIT_FOUND, &UNIT_LOST },
	};

	return run_flag(cx, by_flag[flag][set], id, birth_id, changed);
}

const struct err *
device_revoke_certificates(struct ctx *cx, const char *id)
{
	return DB_RUN(cx, &DEVICE_REVOKE_CERTIFICATES, NULL, DB_TEXT(id));
}

const struct err *
device_refuse_keys(struct ctx *cx, const char *id)
{
	return DB_RUN(cx, &DEVICE_REFUSE_KEYS, NULL, DB_TEXT(id));
}

const struct err *
device_void_approvals(struct ctx *cx, int64_t birth_id)
{
	return DB_RUN(cx, &DEVICE_VOID_APPROVALS, NULL, DB_INT(birth_id));
}

const struct stmt *const device_stmts[] = { &DEVICE_SELECT, &DEVICE_CREATE,
	&DEVICE_OF_UNIT, &DEVICE_LABEL, &DEVICE_SET_LABEL, &DEVICE_RELEASE,
	&UNIT_REVOKE, &UNIT_DECOMMISSION, &UNIT_QUARANTINE, &UNIT_LIFT,
	&UNIT_LOST, &UNIT_FOUND, &UNIT_FLAGGED, &UNIT_LIFT_ENDED,
	&DEVICE_REVOKE_CERTIFICATES, &DEVICE_REFUSE_KEYS,
	&DEVICE_VOID_APPROVALS, NULL };
