#include <inttypes.h>
#include <limits.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/print.h"

static const struct option_row certificate_options[] = {
	{ "reason", "TEXT", "of RFC 5280: keyCompromise, superseded, ...",
	    true },
	{ "preemptive", NULL, "even if no such certificate is known", false },
	OPTIONS_END,
};

struct certificate_in {
	const char *reason;
	bool preemptive;
};

static const struct json_field certificate_in_fields[] = {
	JSON_F_STR(certificate_in, reason, LIMIT_NAME, true),
	JSON_F_BOOL(certificate_in, preemptive, false),
	JSON_END,
};

struct certificate_out {
	const char *serial, *device;
	int64_t not_after;
};

static const struct json_field certificate_out_fields[] = {
	JSON_F_STR(certificate_out, serial, LIMIT_NAME, true),
	JSON_F_STR(certificate_out, device, LIMIT_NAME, false),
	JSON_F_TIME(certificate_out, not_after, false),
	JSON_END,
};

static const struct err *
run_certificate(struct cli *cli)
{
	struct certificate_in in = { cli_option(cli, "reason"),
		cli_flag(cli, "preemptive") };
	struct certificate_out out = { .device = NULL };
	struct api_shape send = { certificate_in_fields, &in };
	struct api_shape receive = { certificate_out_fields, &out };
	const struct err *e = admin_call(cli,
	    arena_printf(cli->cx.arena, "POST /v1/admin/certificates/%s/revoke",
		api_escape(&cli->cx, cli->arg[0])),
	    &send, &receive);

	if (e == NULL)
		printf("certificate %s of %s is refused\n", out.serial,
		    out.device == NULL ? "nobody known here" : out.device);
	return e;
}

/* ---- a file of them */

#define SERIALS_MOST 10000
#define SERIALS_BYTES (SERIALS_MOST * 48)
#define PROGRESS_STEP 100
#define ONE_ARENA (1 * (size_t)MIB)

static const struct err *
read_lines(struct cli *cli, const char *path, struct json_strs *out)
{
	char why[FILE_WHY_BYTES];
	struct bytes text;
	char *line, *rest;

	if (!file_slurp(cli->cx.arena, path, SERIALS_BYTES, &text, why))
		return fail(&cli->cx, &ERR_USAGE, "%s", why);
	out->v = arena_alloc(cli->cx.arena, SERIALS_MOST * sizeof(*out->v));
	rest = arena_printf(
	    cli->cx.arena, "%.*s", (int)text.n, (const char *)text.p);
	while ((line = strsep(&rest, "\r\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (out->n == SERIALS_MOST)
			return fail(&cli->cx, &ERR_USAGE,
			    "%s: more than %d serial numbers", path,
			    SERIALS_MOST);
		out->v[out->n++] = line;
	}
	return out->n > 0
		   ? NULL
		   : fail(&cli->cx, &ERR_USAGE, "%s: no serial numbers", path);
}

static const struct option_row file_options[] = {
	{ "reason", "TEXT", "of RFC 5280: keyCompromise, superseded, ...",
	    true },
	{ "preemptive", NULL, "those as well that are not known here", false },
	{ "count", "N", "start it: so many were counted", false },
	OPTIONS_END,
};

/* Adds what the service knows to *known; what it does not is named. */
static const struct err *
count_one(struct cli *cli, const char *serial, int64_t *known)
{
	struct api_request rq = { .path = arena_printf(cli->cx.arena,
				      "/v1/admin/certificates/%s",
				      api_escape(&cli->cx, serial)) };
	struct api_reply reply = { .status = 0 };
	struct api api;
	const struct err *e = admin_api(cli, &api);

	if (e == NULL)
		e = api_send(&cli->cx, &api, &rq, &reply);
	if (e == NULL && reply.status == 404) {
		printf("%s is not known here\n", print_safe(&cli->cx, serial));
		return NULL;
	}
	if (e == NULL)
		e = api_check(&cli->cx, &reply);
	if (e == NULL)
		++*known;
	return e;
}

static const struct err *
refuse_one(struct cli *cli, const char *serial, int64_t *refused)
{
	struct certificate_in in = { cli_option(cli, "reason"),
		cli_flag(cli, "preemptive") };
	struct api_shape send = { certificate_in_fields, &in };
	const struct err *e = admin_call(cli,
	    arena_printf(cli->cx.arena, "POST /v1/admin/certificates/%s/revoke",
		api_escape(&cli->cx, serial)),
	    &send, NULL);

	if (e == NULL)
		++*refused;
	return e;
}

/* Each with memory of its own. */
static const struct err *
each(struct cli *cli, const struct json_strs *serials,
    const struct err *(*one)(struct cli *, const char *, int64_t *),
    int64_t *done)
{
	const struct err *e = NULL;
	size_t i;

	for (i = 0, *done = 0; e == NULL && i < serials->n; i++) {
		AUTO_STRUCT(arena) *a = arena_new(ONE_ARENA);
		struct cli own = *cli;

		own.cx.arena = a;
		e = one(&own, serials->v[i], done);
		if (e != NULL)
			return fail(&cli->cx, e, "%s: %s", serials->v[i],
			    own.cx.reason != NULL ? own.cx.reason : e->title);
		if ((i + 1) % PROGRESS_STEP == 0)
			print_progress(
			    arena_printf(a, "%zu of %zu", i + 1, serials->n));
	}
	return e;
}

static const struct err *
run_certificates(struct cli *cli)
{
	static const long range[3] = { 0, LONG_MAX, -1 };
	struct json_strs serials = { NULL, 0 };
	int64_t known = 0, n;
	long count = -1;
	const struct err *e = cli_number(cli, "count", range, &count);

	if (e == NULL)
		e = read_lines(cli, cli->arg[0], &serials);
	if (e == NULL)
		e = each(cli, &serials, count_one, &known);
	if (e != NULL)
		return e;
	n = cli_flag(cli, "preemptive") ? (int64_t)serials.n : known;
	if (n < (int64_t)serials.n)
		return fail(&cli->cx, &ERR_REFUSED,
		    "%" PRId64 " of %zu are known here; take the others out, "
		    "or --preemptive",
		    known, serials.n);
	if (count < 0) {
		printf("%" PRId64 " certificates, %" PRId64 " of them known; "
		       "nothing was changed\nto refuse them: the same with "
		       "--count %" PRId64 "\n",
		    n, known, n);
		return NULL;
	}
	if (count != n)
		return fail(&cli->cx, &ERR_REFUSED,
		    "%ld were counted and there are %" PRId64
		    ": nothing was changed; count again",
		    count, n);
	e = each(cli, &serials, refuse_one, &n);
	print_progress_end();
	if (e == NULL)
		printf("%" PRId64 " certificates are refused\n", n);
	return e;
}

const struct command revoke_commands[] = {
	{ "revoke certificate", "SERIAL", "refuses one certificate",
	    certificate_options, run_certificate,
	    "The serial number is in hex. Its device keeps its other "
	    "certificates, and may\nrenew with those; \"latchkey device "
	    "revoke\" refuses the device." },
	{ "revoke certificates", "FILE", "refuses those of a file",
	    file_options, run_certificates,
	    "One serial number a line, in hex. Without --count it only counts "
	    "them, and names\nthose that are not known. What was begun and "
	    "cut off is begun again: a repeat\nchanges nothing." },
	{ .name = NULL },
};
