#include <inttypes.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/device_tpm.h"
#include "client/disk.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "pki/key.h"
#include "pki/maker.h"

#define CODE_LENGTH 10

#define OPTION_DIR                                              \
	{                                                       \
		"dir", "DIR", "all that the device keeps", true \
	}

#define OPTION_QR                                                          \
	{                                                                  \
		"qr", NULL, "show the code as a picture for a phone, too", \
		    false                                                  \
	}

static const struct option_row maker_options[] = {
	{ "dir", "DIR", "for the manufacturer's CA", true },
	{ "name", "TEXT", "the manufacturer (Demo Maker)", false },
	{ "intermediate", NULL, "put a second CA below the root", false },
	OPTIONS_END,
};

static const struct option_row birth_options[] = {
	OPTION_DIR,
	{ "maker", "DIR", "the manufacturer's CA", true },
	{ "serial", "TEXT", "serial number of the unit", true },
	{ "model", "ID", "its model, for the allowlist line", true },
	{ "client-id", "ID", "of the model in OAuth (the model's id)", false },
	{ "claim-code", NULL, "print a claim code on it", false },
	{ "est-only", NULL, "it does not speak the device grant", false },
	OPTIONS_END,
};

static const struct option_row tpm_options[] = {
	OPTION_DIR,
	{ "model", "ID", "its model, for the allowlist line", true },
	{ "client-id", "ID", "of the model in OAuth (the model's id)", false },
	{ "ek", "KIND", "its endorsement key: ecc, or rsa (rsa)", false },
	{ "ek-ca", "FILE", "who issued the endorsement certificate", false },
	{ "event-log", "FILE", "the firmware's log, for models that ask",
	    false },
	OPTIONS_END,
};

static const struct option_row step_options[] = {
	OPTION_DIR,
	OPTIONS_END,
};

static const struct option_row code_options[] = {
	OPTION_DIR,
	OPTION_QR,
	OPTIONS_END,
};

static const struct option_row enroll_options[] = {
	OPTION_DIR,
	{ "est-only", NULL, "without a token, waiting to be claimed", false },
	OPTIONS_END,
};

static const struct option_row connect_options[] = {
	OPTION_DIR,
	{ "send", "TEXT", "what to publish (hello)", false },
	{ "stay", "SECONDS", "wait so long for messages (5)", false },
	OPTIONS_END,
};

static const struct option_row renew_options[] = {
	OPTION_DIR,
	{ "same-key", NULL, "keep the key", false },
	OPTIONS_END,
};

static const struct option_row run_options[] = {
	OPTION_DIR,
	{ "est-only", NULL, "without the device grant, waiting to be claimed",
	    false },
	{ "renewals", "N", "renew so often before the end (0)", false },
	{ "stay", NULL, "stay connected, renewing when it is due", false },
	OPTION_QR,
	{ "patience", "SECONDS",
	    "give up after so long without progress (never)", false },
	OPTIONS_END,
};

/* ---- the factory */

static const struct err *
run_maker(struct cli *cli)
{
	AUTO_STRUCT(maker) *m = NULL;
	const char *dir = cli_option(cli, "dir");
	const char *name = cli_option(cli, "name");
	char why[256] = "";
	const struct err *e = disk_mkdir(&cli->cx, dir);

	if (e != NULL)
		return e;
	m = maker_new(name != NULL ? name : "Demo Maker",
	    cli_flag(cli, "intermediate"), cli->cx.now);
	if (!maker_save(m, dir, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("trust anchor: %s/maker-root.crt\n", dir);
	return NULL;
}

/* Ten characters without look-alikes, about 48 bits. */
static const char *
new_claim_code(struct cli *cli)
{
	static const char alphabet[] = "23456789BCDFGHJKLMNPQRSTVWXZ";
	char *code = arena_alloc(cli->cx.arena, CODE_LENGTH + 1);
	size_t i;

	for (i = 0; i < CODE_LENGTH; i++)
		code[i] = alphabet[rng_below(sizeof(alphabet) - 1)];
	return code;
}

/* The line of the maker's allowlist for this unit: by serial number and key,
 * and with the hash of the claim code alone (SECURITY.md A6). */
static const struct err *
write_allowlist(struct cli *cli, const struct device_birth *b)
{
	AUTO_STRUCT(keypair) *key = NULL;
	struct arena *a = cli->cx.arena;
	uint8_t key_sha[32], code_sha[32];
	const char *dir = cli_option(cli, "dir");
	const char *code = "";
	char why[256] = "";

	key = keypair_load(disk_in(&cli->cx, dir, "birth.key"), why);
	if (key == NULL)
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	digest_sha256(keypair_spki(&cli->cx, key), key_sha);
	if (b->claim_code != NULL) {
		digest_sha256(bytes_str(arena_printf(
				  a, "%s:%s", b->serial, b->claim_code)),
		    code_sha);
		code = bytes_hex(a, BYTES_OF(code_sha));
	}
	return disk_write(&cli->cx, disk_in(&cli->cx, dir, "birth.csv"),
	    bytes_str(arena_printf(a,
		"serial,model,key_sha256,claim_code_sha256\n%s,%s,%s,%s\n",
		b->serial, cli_option(cli, "model"),
		bytes_hex(a, BYTES_OF(key_sha)), code)),
	    0644);
}

static const struct err *
run_birth(struct cli *cli)
{
	const char *dir = cli_option(cli, "dir");
	struct device_birth b = {
		.maker_dir = cli_option(cli, "maker"),
		.serial = cli_option(cli, "serial"),
		.client_id = cli_option(cli, "client-id"),
		.est_only = cli_flag(cli, "est-only"),
	};
	const struct err *e;

	if (b.client_id == NULL)
		b.client_id = cli_option(cli, "model");
	if (cli_flag(cli, "claim-code"))
		b.claim_code = new_claim_code(cli);
	e = device_make(&cli->cx, dir, &b);
	if (e == NULL)
		e = write_allowlist(cli, &b);
	if (e != NULL)
		return e;
	printf("unit %s in %s\nfor the allowlist: %s/birth.csv\n", b.serial,
	    dir, dir);
	if (b.claim_code != NULL)
		printf("claim code on its sticker: %s\n", b.claim_code);
	return NULL;
}

static const struct err *
run_tpm(struct cli *cli)
{
	const char *dir = cli_option(cli, "dir");
	const char *model = cli_option(cli, "model"), *ek;
	struct device_birth unit = { .serial = "",
		.client_id = cli_option(cli, "client-id"),
		.ek = cli_option(cli, "ek"),
		.event_log = cli_option(cli, "event-log") };
	const struct err *e;

	if (unit.client_id == NULL)
		unit.client_id = model;
	if (unit.ek == NULL)
		unit.ek = "rsa";
	e = device_tpm_make(
	    &cli->cx, dir, &unit, cli_option(cli, "ek-ca"), &ek);
	if (e == NULL)
		e = disk_write(&cli->cx, disk_in(&cli->cx, dir, "birth.csv"),
		    bytes_str(arena_printf(
			cli->cx.arena, "model,ek_sha256\n%s,%s\n", model, ek)),
		    0644);
	if (e == NULL)
		printf("unit with the endorsement key %s\n"
		       "for the allowlist: %s/birth.csv\n",
		    ek, dir);
	return e;
}

/* ---- the device's steps */

static const struct err *
open_device(struct cli *cli, struct device *dev)
{
	struct api api;
	const struct err *e = api_from_env(cli, &api);

	*dev = (struct device){
		.dir = cli_option(cli, "dir"), .url = api.url, .ca = api.ca
	};
	return e != NULL ? e : device_open(&cli->cx, dev);
}

static void
say(void *arg, const char *text)
{
	(void)arg;
	printf("%s\n", text);
	(void)fflush(stdout);
}

static const struct err *
print_identity(struct cli *cli, const struct device *dev)
{
	struct device_identity who;
	char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
	const struct err *e = device_identity(&cli->cx, dev, &who);

	if (e != NULL)
		return e;
	clock_text(who.not_before, from);
	clock_text(who.not_after, to);
	printf("certificate %s\n  subject  %s\n  SAN      %s\n  valid    %s to "
	       "%s\n",
	    who.serial, who.subject, who.uri, from, to);
	return NULL;
}

static const struct err *
say_busy(struct cli *cli, const struct device_result *r)
{
	return fail(&cli->cx, &ERR_UNREACHABLE,
	    "the service is busy; try again in %d s", r->wait);
}

static const struct err *
run_attest(struct cli *cli)
{
	const char *grade;
	struct device dev;
	const struct err *e = open_device(cli, &dev);

	if (e == NULL)
		e = device_tpm_attest(&cli->cx, &dev, false, &grade);
	if (e == NULL)
		printf("accepted: %s; good for ten minutes\n", grade);
	device_close(&dev);
	return e;
}

static const struct err *
show_code(struct cli *cli, const struct device *dev)
{
	const char *text;
	const struct err *e =
	    device_code_text(&cli->cx, &dev->state, cli_flag(cli, "qr"), &text);

	if (e != NULL)
		return e;
	puts(text);
	(void)fflush(stdout);
	return NULL;
}

static const struct err *
run_authorize(struct cli *cli)
{
	struct device dev;
	struct device_result r;
	const struct err *e = open_device(cli, &dev);

	if (e == NULL)
		e = device_authorize(&cli->cx, &dev, &r);
	if (e == NULL && r.busy)
		e = say_busy(cli, &r);
	if (e == NULL)
		e = show_code(cli, &dev);
	device_close(&dev);
	return e;
}

static const struct err *
poll_until_decided(struct cli *cli, struct device *dev)
{
	struct device_result r = { .next = DEVICE_WAIT };
	const struct err *e;

	e = show_code(cli, dev);
	while (e == NULL && r.next == DEVICE_WAIT) {
		cli->cx.now = clock_now();
		if (dev->state.poll_at > cli->cx.now)
			api_wait_ms(
			    (int)(dev->state.poll_at - cli->cx.now) * 1000);
		cli->cx.now = clock_now();
		e = device_poll(&cli->cx, dev, &r);
		if (e == NULL && r.busy)
			api_wait_ms((r.wait > 0 ? r.wait : 1) * 1000);
	}
	if (e == NULL && r.next == DEVICE_AGAIN)
		e = fail(&cli->cx, &ERR_REFUSED,
		    "the code is over; authorize again");
	return e;
}

static const struct err *
run_poll(struct cli *cli)
{
	struct device dev;
	const struct err *e = open_device(cli, &dev);

	if (e == NULL && *dev.state.device_code == '\0')
		e = fail(&cli->cx, &ERR_LOCAL,
		    "there is no device code; authorize first");
	if (e == NULL)
		e = poll_until_decided(cli, &dev);
	if (e == NULL)
		printf("approved: token received\n");
	device_close(&dev);
	return e;
}

static const struct err *
run_enroll(struct cli *cli)
{
	struct device dev;
	struct device_result r = { .next = DEVICE_WAIT };
	const struct err *e = open_device(cli, &dev);

	if (e == NULL)
		dev.state.est_only =
		    dev.state.est_only || cli_flag(cli, "est-only");
	while (e == NULL && r.next == DEVICE_WAIT) {
		cli->cx.now = clock_now();
		e = device_enroll(&cli->cx, &dev, &r);
		if (e != NULL || r.next != DEVICE_WAIT)
			break;
		printf("not yet: again in %d s\n", r.wait);
		(void)fflush(stdout);
		api_wait_ms((r.wait > 0 ? r.wait : 1) * 1000);
	}
	if (e == NULL && r.next == DEVICE_AGAIN)
		e = fail(&cli->cx, &ERR_REFUSED,
		    "this key is not approved; authorize again");
	if (e == NULL)
		e = print_identity(cli, &dev);
	device_close(&dev);
	return e;
}

static const struct err *
talk(struct cli *cli, struct device *dev, long seconds)
{
	AUTO_STRUCT(mqtt) *m = NULL;
	const char *text = cli_option(cli, "send");
	struct device_identity who;
	struct mqtt_message msg;
	int64_t end = clock_mono_us() + seconds * 1000000, at;
	const struct err *e = device_identity(&cli->cx, dev, &who);

	if (e == NULL)
		e = device_connect(&cli->cx, dev, &m);
	if (e != NULL)
		return e;
	printf("connected as %s\n", who.id);
	e = mqtt_publish(&cli->cx, m,
	    arena_printf(cli->cx.arena, "devices/%s/up/hello", who.id),
	    bytes_str(text != NULL ? text : "hello"));
	(void)fflush(stdout);
	while (e == NULL && clock_mono_us() < end) {
		int ms = (int)((end - clock_mono_us()) / 1000);

		if (mqtt_receive(m, ms, &msg)) {
			printf("%s: %.*s\n", msg.topic, (int)msg.n,
			    (const char *)msg.payload);
			(void)fflush(stdout);
		} else if (mqtt_ended(m, 0, &at)) {
			e = fail(&cli->cx, &ERR_MQTT_LOST,
			    "the broker ended the session");
		}
	}
	return e;
}

static const struct err *
run_connect(struct cli *cli)
{
	const long range[3] = { 0, 86400, 5 };
	struct device dev;
	long seconds;
	const struct err *e = open_device(cli, &dev);

	if (e == NULL)
		e = cli_env(cli, "MQTT_URL", &dev.mqtt_url);
	if (e == NULL)
		e = cli_number(cli, "stay", range, &seconds);
	if (e == NULL)
		e = talk(cli, &dev, seconds);
	device_close(&dev);
	return e;
}

static const struct err *
run_renew(struct cli *cli)
{
	struct device dev;
	struct device_result r;
	const struct err *e = open_device(cli, &dev);

	if (e == NULL && !disk_exists(device_path(&cli->cx, &dev, "op.crt")))
		e = fail(&cli->cx, &ERR_LOCAL,
		    "there is no certificate yet; enroll first");
	if (e == NULL)
		e = device_renew(&cli->cx, &dev, cli_flag(cli, "same-key"), &r);
	if (e == NULL && r.busy)
		e = say_busy(cli, &r);
	if (e == NULL)
		e = print_identity(cli, &dev);
	device_close(&dev);
	return e;
}

static const struct err *
run_life(struct cli *cli)
{
	const long renewals[3] = { 0, 1000000, 0 };
	const long patience[3] = { 0, 86400, 0 };
	struct device_run run = { .say = say };
	struct device dev;
	long n = 0, seconds = 0;
	const struct err *e = open_device(cli, &dev);

	if (e == NULL)
		e = cli_env(cli, "MQTT_URL", &dev.mqtt_url);
	if (e == NULL)
		e = cli_number(cli, "renewals", renewals, &n);
	if (e == NULL)
		e = cli_number(cli, "patience", patience, &seconds);
	run.renewals = (int)n;
	run.stay = cli_flag(cli, "stay");
	run.qr = cli_flag(cli, "qr");
	run.patience = (int)seconds;
	if (e == NULL && cli_flag(cli, "est-only"))
		dev.state.est_only = true;
	if (e == NULL)
		e = device_run(&cli->cx, &dev, &run);
	if (e == NULL)
		e = print_identity(cli, &dev);
	device_close(&dev);
	return e;
}

const struct command simulate_commands[] = {
	{ "simulate maker", "", "makes a demo manufacturer's CA", maker_options,
	    run_maker, NULL },
	{ "simulate birth", "", "makes a unit with its birth certificate",
	    birth_options, run_birth,
	    "Writes birth.key, birth.crt and birth.csv, the unit's line of "
	    "the allowlist." },
	{ "simulate tpm", "", "makes a unit whose identity is its TPM",
	    tpm_options, run_tpm,
	    "Of the TPM that tpm2-tools find (TPM2TOOLS_TCTI). Writes "
	    "birth.csv, the unit's\nline of the allowlist: the maker of the "
	    "TPM needs an anchor." },
	{ "simulate attest", "", "proves that TPM and what it started",
	    step_options, run_attest,
	    "Before authorize, poll and enroll; renew does it by itself. "
	    "The certificate is\nfor a key in the TPM, which signs each "
	    "handshake; other programs load it by op.key\n(TSS2 PRIVATE "
	    "KEY)." },
	{ "simulate authorize", "", "asks for a user code", code_options,
	    run_authorize, NULL },
	{ "simulate poll", "", "waits until the owner has decided",
	    code_options, run_poll, NULL },
	{ "simulate enroll", "", "gets the operational certificate",
	    enroll_options, run_enroll, NULL },
	{ "simulate connect", "", "connects to the broker and says hello",
	    connect_options, run_connect, NULL },
	{ "simulate renew", "", "gets the next certificate", renew_options,
	    run_renew, NULL },
	{ "simulate run", "", "the whole life, from wherever it stands",
	    run_options, run_life,
	    "Cut off at any point it goes on where it was, with jittered "
	    "backoff while the\nnetwork or the service is away." },
	{ .name = NULL },
};
