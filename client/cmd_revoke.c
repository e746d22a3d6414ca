#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"

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

const struct command revoke_commands[] = {
	{ "revoke certificate", "SERIAL", "refuses one certificate",
	    certificate_options, run_certificate,
	    "The serial number is in hex. Its device keeps its other "
	    "certificates, and may\nrenew with those; \"latchkey device "
	    "revoke\" refuses the device." },
	{ .name = NULL },
};
