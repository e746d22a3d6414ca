#include <inttypes.h>
#include <limits.h>

#include "base/arena.h"
#include "base/cfg.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/rng.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/print.h"

#define POLL_MS 200
#define SERIALS_BYTES (LIMIT_SET_SERIALS * (LIMIT_SERIAL + 2))

struct set_in {
	const char *action, *reason, *manufacturer, *model, *batch;
	const char *sw_version, *owner, *anchor;
	struct json_strs serials, certificates;
	int64_t count, by;
	bool preemptive;
};

#define SET_FIELDS                                               \
	JSON_F_STR(set_in, action, LIMIT_NAME, true),            \
	    JSON_F_STR(set_in, reason, LIMIT_NAME, true),        \
	    JSON_F_STR(set_in, manufacturer, LIMIT_NAME, false), \
	    JSON_F_STR(set_in, model, LIMIT_NAME, false),        \
	    JSON_F_STR(set_in, batch, LIMIT_NAME, false),        \
	    JSON_F_STR(set_in, sw_version, LIMIT_NAME, false),   \
	    JSON_F_STR(set_in, owner, LIMIT_NAME, false),        \
	    JSON_F_STR(set_in, anchor, LIMIT_NAME, false)
#define SET_SERIALS \
	JSON_F_STRS(set_in, serials, LIMIT_SET_SERIALS, LIMIT_SERIAL, true)
#define SET_COUNT \
	JSON_F_INT(set_in, count, 0, true), JSON_F_TIME(set_in, by, false)

/* A set without a list of serial numbers has not even an empty one. */
static const struct json_field count_fields[] = { SET_FIELDS, JSON_END };
static const struct json_field count_listed_fields[] = { SET_FIELDS,
	SET_SERIALS, JSON_END };
static const struct json_field start_fields[] = { SET_FIELDS, SET_COUNT,
	JSON_END };
static const struct json_field start_listed_fields[] = { SET_FIELDS,
	SET_SERIALS, SET_COUNT, JSON_END };

#define SET_CERTIFICATES                                                      \
	JSON_F_STR(set_in, action, LIMIT_NAME, true),                         \
	    JSON_F_STR(set_in, reason, LIMIT_NAME, true),                     \
	    JSON_F_STRS(                                                      \
		set_in, certificates, LIMIT_SET_SERIALS, LIMIT_SERIAL, true), \
	    JSON_F_BOOL(set_in, preemptive, true)
static const struct json_field count_certificates_fields[] = { SET_CERTIFICATES,
	JSON_END };
static const struct json_field start_certificates_fields[] = { SET_CERTIFICATES,
	SET_COUNT, JSON_END };

struct counted {
	int64_t units, devices;
	struct json_strs unknown;
};

static const struct json_field counted_fields[] = {
	JSON_F_INT(counted, units, 0, true),
	JSON_F_INT(counted, devices, 0, true),
	JSON_F_STRS(counted, unknown, LIMIT_SET_SERIALS, LIMIT_SERIAL, false),
	JSON_END,
};

struct set_out {
	const char *id, *state;
	int64_t counted, found, swept, by, renewed, left, ended;
	bool followed;
};

#define SET_OUT                                           \
	JSON_F_STR(set_out, id, LIMIT_NAME, true),        \
	    JSON_F_STR(set_out, state, LIMIT_NAME, true), \
	    JSON_F_INT(set_out, counted, 0, true),        \
	    JSON_F_INT(set_out, found, 0, true),          \
	    JSON_F_INT(set_out, swept, 0, true),          \
	    JSON_F_TIME(set_out, by, false),              \
	    JSON_F_INT(set_out, renewed, 0, true),        \
	    JSON_F_INT(set_out, left, 0, true),           \
	    JSON_F_INT(set_out, ended, 0, true)

static const struct json_field shown_fields[] = { SET_OUT, JSON_END };
static const struct json_field set_out_fields[] = { SET_OUT,
	JSON_F_BOOL(set_out, followed, true), JSON_END };

#define SET_OPTIONS                                                            \
	{ "manufacturer", "ID", "units of this maker", false },                \
	    { "model", "ID", "units of this model", false },                   \
	    { "batch", "NAME", "of those, one batch", false },                 \
	    { "sw-version", "TEXT", "of those, with this firmware", false },   \
	    { "anchor", "ID", "of those, that came by this trust anchor",      \
		    false },                                                   \
	    { "serials", "FILE", "of those, these serial numbers, one a line", \
		    false },                                                   \
	    { "owner", "ID", "the devices of one owner", false },              \
	    { "reason", "TEXT", "why; to revoke, one of RFC 5280", true },     \
	{                                                                      \
		"count", "N", "start it: so many units were counted", false    \
	}

static const struct option_row set_options[] = { SET_OPTIONS, OPTIONS_END };
static const struct option_row reenroll_options[] = {
	SET_OPTIONS,
	{ "by", "TIME", "the deadline: so long from now, like 2h or 7d", true },
	OPTIONS_END,
};
static const struct option_row show_options[] = { OPTION_JSON, OPTIONS_END };

/* The serial numbers of a file, one a line. */
static const struct err *
read_serials(struct cli *cli, const char *path, struct json_strs *out)
{
	char why[FILE_WHY_BYTES];
	struct bytes text;
	char *copy, *line, *rest;

	if (!file_slurp(cli->cx.arena, path, SERIALS_BYTES, &text, why))
		return fail(&cli->cx, &ERR_USAGE, "%s", why);
	out->v =
	    arena_alloc(cli->cx.arena, LIMIT_SET_SERIALS * sizeof(*out->v));
	rest = copy = bytes_to_str(cli->cx.arena, text);
	if (copy == NULL)
		return fail(&cli->cx, &ERR_USAGE, "%s: no text", path);
	while ((line = strsep(&rest, "\r\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (out->n == LIMIT_SET_SERIALS)
			return fail(&cli->cx, &ERR_USAGE,
			    "%s: more than %d serial numbers", path,
			    LIMIT_SET_SERIALS);
		out->v[out->n++] = line;
	}
	return out->n > 0
		   ? NULL
		   : fail(&cli->cx, &ERR_USAGE, "%s: no serial numbers", path);
}

static const struct err *
read_set(struct cli *cli, const char *action, struct set_in *in)
{
	static const long range[3] = { 0, LONG_MAX, -1 };
	const char *path = cli_option(cli, "serials");
	long n;
	const struct err *e = cli_number(cli, "count", range, &n);

	*in = (struct set_in){ .action = action,
		.reason = cli_option(cli, "reason"),
		.manufacturer = cli_option(cli, "manufacturer"),
		.model = cli_option(cli, "model"),
		.batch = cli_option(cli, "batch"),
		.sw_version = cli_option(cli, "sw-version"),
		.owner = cli_option(cli, "owner"),
		.anchor = cli_option(cli, "anchor"),
		.count = n };
	return e != NULL || path == NULL
		   ? e
		   : read_serials(cli, path, &in->serials);
}

static const struct err *
dry_run(struct cli *cli, struct set_in *in)
{
	struct counted out = { 0 };
	struct api_shape send = {
		in->serials.n > 0 ? count_listed_fields : count_fields, in
	};
	struct api_shape receive = { counted_fields, &out };
	const struct err *e =
	    admin_call(cli, "POST /v1/admin/sets/count", &send, &receive);

	if (e == NULL)
		printf("%" PRId64 " units, %" PRId64
		       " of them devices; nothing was changed\n"
		       "to %s them: the same with --count %" PRId64 "\n",
		    out.units, out.devices, in->action, out.units);
	return e;
}

/* The set goes on by itself; we look on until it is over. */
static const struct err *
watch(struct cli *cli, struct set_out *out)
{
	const char *what =
	    arena_printf(cli->cx.arena, "GET /v1/admin/sets/%s", out->id);
	struct api_shape receive = { set_out_fields, out };
	const struct err *e = NULL;

	while (e == NULL && (strcmp(out->state, "waiting") == 0 ||
				strcmp(out->state, "sweeping") == 0)) {
		fprintf(stderr, "%s: %" PRId64 " of %" PRId64 "\n", out->state,
		    out->swept, out->counted);
		api_wait_ms(POLL_MS);
		e = admin_call(cli, what, NULL, &receive);
	}
	if (e == NULL && strcmp(out->state, "done") == 0 && !out->followed)
		admin_say_unfollowed();
	return e;
}

static const struct err *
say(struct cli *cli, const char *action, const struct set_out *out)
{
	if (strcmp(out->state, "renewing") == 0)
		printf("set %s: %" PRId64 " units have to renew\n"
		       "how far they are: latchkey reenroll show %s\n",
		    out->id, out->found, out->id);
	else if (strcmp(out->state, "done") == 0)
		printf("set %s: %s done, %" PRId64 " units\n", out->id, action,
		    out->swept);
	else
		return fail(&cli->cx, &ERR_REFUSED,
		    "%" PRId64 " units were counted and %" PRId64
		    " are there: nothing was changed; count again",
		    out->counted, out->found);
	return NULL;
}

/* Starts it, and looks on. */
static const struct err *
start(struct cli *cli, const struct api_shape *send, struct set_out *out)
{
	char id[UUID_TEXT_BYTES];
	struct api_shape receive = { set_out_fields, out };
	const struct err *e;

	*out = (struct set_out){ .state = "" };
	rng_uuid(id);
	e = admin_call(cli,
	    arena_printf(cli->cx.arena, "PUT /v1/admin/sets/%s", id), send,
	    &receive);
	return e != NULL ? e : watch(cli, out);
}

static const struct err *
run(struct cli *cli, const char *action, int64_t by)
{
	struct set_in in;
	struct set_out out;
	struct api_shape send = { start_fields, &in };
	const struct err *e = read_set(cli, action, &in);

	if (e != NULL || in.count < 0)
		return e != NULL ? e : dry_run(cli, &in);
	if (in.serials.n > 0)
		send.fields = start_listed_fields;
	in.by = by;
	e = start(cli, &send, &out);
	return e != NULL ? e : say(cli, action, &out);
}

/* ---- certificates of a file */

static const struct option_row file_options[] = {
	{ "reason", "TEXT", "of RFC 5280: keyCompromise, superseded, ...",
	    true },
	{ "preemptive", NULL, "those as well that are not known here", false },
	{ "count", "N", "start it: so many were counted", false },
	OPTIONS_END,
};

/* What is not known stops it, unless that is wanted. */
static const struct err *
count_certificates(struct cli *cli, struct set_in *in, struct counted *out)
{
	struct api_shape send = { count_certificates_fields, in };
	struct api_shape receive = { counted_fields, out };
	const struct err *e =
	    admin_call(cli, "POST /v1/admin/sets/count", &send, &receive);
	size_t i;

	for (i = 0; e == NULL && i < out->unknown.n; i++)
		printf("%s is not known here\n",
		    print_safe(&cli->cx, out->unknown.v[i]));
	if (e == NULL && out->unknown.n > 0 && !in->preemptive)
		e = fail(&cli->cx, &ERR_REFUSED,
		    "%" PRId64 " of %zu are known here; take the others out, "
		    "or --preemptive",
		    out->units, in->certificates.n);
	return e;
}

static const struct err *
run_certificates(struct cli *cli)
{
	static const long range[3] = { 0, LONG_MAX, -1 };
	struct set_in in = { .action = "revoke",
		.reason = cli_option(cli, "reason"),
		.preemptive = cli_flag(cli, "preemptive") };
	struct api_shape send = { start_certificates_fields, &in };
	struct counted n = { 0 };
	struct set_out out;
	long count;
	const struct err *e = cli_number(cli, "count", range, &count);

	if (e == NULL)
		e = read_serials(cli, cli->arg[0], &in.certificates);
	if (e == NULL)
		e = count_certificates(cli, &in, &n);
	if (e != NULL)
		return e;
	if (count < 0) {
		printf("%" PRId64 " certificates, %" PRId64 " of them known; "
		       "nothing was changed\nto refuse them: the same with "
		       "--count %" PRId64 "\n",
		    n.units, n.units - (int64_t)n.unknown.n, n.units);
		return NULL;
	}
	in.count = count;
	e = start(cli, &send, &out);
	if (e == NULL && strcmp(out.state, "done") != 0)
		e = say(cli, "revoke", &out);
	else if (e == NULL)
		printf("set %s: %" PRId64 " certificates are refused\n", out.id,
		    out.swept);
	return e;
}

static const struct err *
run_revoke(struct cli *cli)
{
	return run(cli, "revoke", 0);
}

static const struct err *
run_quarantine(struct cli *cli)
{
	return run(cli, "quarantine", 0);
}

static const struct err *
run_lift(struct cli *cli)
{
	return run(cli, "lift", 0);
}

static const struct err *
run_reenroll(struct cli *cli)
{
	const char *by = cli_option(cli, "by");
	int64_t seconds;

	if (!cfg_duration(by, &seconds) || seconds == 0)
		return fail(
		    &cli->cx, &ERR_USAGE, "--by %s: not like 2h or 7d", by);
	return run(cli, "reenroll", cli->cx.now + seconds);
}

/* METHOD of the set that is named. */
static const char *
what_of(struct cli *cli, const char *method)
{
	return arena_printf(cli->cx.arena, "%s /v1/admin/sets/%s", method,
	    api_escape(&cli->cx, cli->arg[0]));
}

static const struct err *
run_show(struct cli *cli)
{
	struct set_out out;
	struct api_shape receive = { shown_fields, &out };

	return admin_show(cli, what_of(cli, "GET"), &receive);
}

static const struct err *
run_cancel(struct cli *cli)
{
	const struct err *e =
	    admin_call(cli, what_of(cli, "DELETE"), NULL, NULL);

	if (e == NULL)
		printf("set %s is cancelled; what was renewed stays\n",
		    cli->arg[0]);
	return e;
}

#define NOTES                                                              \
	"Without --count it only counts the units. With it, nothing is "   \
	"issued to them\nfrom the start on, and nothing is done if there " \
	"are not as many any more."

const struct command set_commands[] = {
	{ "revoke set", "", "refuses a set of units for good", set_options,
	    run_revoke, NOTES },
	{ "revoke certificates", "FILE", "refuses those of a file",
	    file_options, run_certificates,
	    "One serial number a line, in hex. Without --count it only counts "
	    "them, and names\nthose that are not known. With it, nothing is "
	    "issued to their units from the start\non, and nothing is done if "
	    "there are not as many any more. Their devices keep\ntheir other "
	    "certificates." },
	{ "quarantine set", "", "narrows a set to its quarantine topics",
	    set_options, run_quarantine, NOTES },
	{ "lift set", "", "ends the quarantine of a set", set_options, run_lift,
	    NOTES },
	{ "reenroll set", "", "wants new certificates of a set by a deadline",
	    reenroll_options, run_reenroll,
	    "Without --count it only counts the units. With it, devices may "
	    "renew at once, and\ncertificates from before are revoked at the "
	    "deadline. Their devices come back with\ntheir birth "
	    "certificates." },
	{ "reenroll show", "ID", "shows how many have renewed", show_options,
	    run_show, NULL },
	{ "reenroll cancel", "ID", "ends one before its deadline", NULL,
	    run_cancel, NULL },
	{ .name = NULL },
};
