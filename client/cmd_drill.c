#include <inttypes.h>

#include "base/arena.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/drill.h"
#include "client/token.h"

#define DEFAULT_COUNT 100
#define TOKEN_SECONDS 14400
#define DAY_MS 86400000

static const struct option_row revoke_options[] = {
	{ "count", "N", "devices, at most 10000 (100)", false },
	{ "within", "MS", "fail if one of them takes longer", false },
	{ "dir", "DIR", "keeps the drill's CA (drill below VAR, or var)",
	    false },
	{ "json", NULL, "print the times as JSON, in microseconds", false },
	OPTIONS_END,
};

static const char *
default_dir(struct cli *cli)
{
	const char *var = getenv("VAR");

	return arena_printf(cli->cx.arena, "%s/drill",
	    var != NULL && *var != '\0' ? var : "var");
}

/* With a token of its own, which ends with it, where none was given. */
static const struct err *
play(struct cli *cli, struct drill_order *order, struct drill_report *report)
{
	struct token_order wanted = { "drill", "read registry revoke",
		TOKEN_SECONDS, NULL };
	const struct err *e, *ended;
	const char *id;

	if (getenv("LATCHKEY_ADMIN_TOKEN") != NULL) {
		e = admin_api(cli, &order->admin);
		return e != NULL ? e : drill_play(&cli->cx, order, report);
	}
	e = operator_from_env(cli, &order->admin);
	if (e == NULL)
		e = token_own(cli, &wanted, order->dir, &order->admin, &id);
	if (e != NULL)
		return e;
	e = drill_play(&cli->cx, order, report);
	ended = token_end(cli, id);
	return e != NULL ? e : ended;
}

static void
print_times(const struct drill_report *r)
{
	size_t i;

	printf("%-24s %9s %9s %9s %9s\n", "ms from the call until", "p50",
	    "p90", "p99", "max");
	for (i = 0; i < r->times.n; i++) {
		const struct drill_times *t = &r->marks[i];

		printf("%-24s %9.1f %9.1f %9.1f %9.1f\n", t->until,
		    (double)t->p50_us / 1e3, (double)t->p90_us / 1e3,
		    (double)t->p99_us / 1e3, (double)t->max_us / 1e3);
	}
	if (r->unfollowed > 0)
		printf("%" PRId64 " answers did not wait for a broker or node "
		       "any longer; %" PRId64 " times the\nbroker admitted one "
		       "before it had read of it\n",
		    r->unfollowed, r->admitted);
	printf("%s: %" PRId64 " devices revoked, tried and decommissioned\n",
	    r->run, r->devices);
}

static const struct err *
print_report(struct cli *cli, const struct drill_report *r)
{
	struct bytes json;
	const struct err *e;

	if (!cli_flag(cli, "json")) {
		print_times(r);
		return NULL;
	}
	e = json_write(&cli->cx, drill_report_fields, r, &json);
	if (e == NULL)
		printf("%.*s\n", (int)json.n, (const char *)json.p);
	return e;
}

static const struct err *
judge(struct cli *cli, const struct drill_report *r)
{
	if (r->let_in > 0)
		return fail(&cli->cx, &ERR_REFUSED,
		    "%" PRId64 " times a device was taken for good after its "
		    "revocation was acknowledged",
		    r->let_in);
	if (r->late > 0)
		return fail(&cli->cx, &ERR_REFUSED,
		    "%" PRId64 " of %" PRId64 " devices took longer than "
		    "%" PRId64 " ms",
		    r->late, r->devices, r->within_ms);
	return NULL;
}

static const struct err *
run_revoke(struct cli *cli)
{
	static const long counts[3] = { 1, DRILL_MOST, DEFAULT_COUNT };
	static const long bars[3] = { 1, DAY_MS, 0 };
	struct drill_order order = { .dir = cli_option(cli, "dir") };
	struct drill_report report;
	long count = 0, within = 0;
	const struct err *e = cli_number(cli, "count", counts, &count);

	if (e == NULL)
		e = cli_number(cli, "within", bars, &within);
	if (e == NULL)
		e = cli_env(cli, "MQTT_URL", &order.mqtt_url);
	if (e == NULL)
		e = api_from_env(cli, &order.service);
	if (e != NULL)
		return e;
	if (order.dir == NULL)
		order.dir = default_dir(cli);
	order.count = (size_t)count;
	order.within_ms = within;
	e = play(cli, &order, &report);
	if (e == NULL)
		e = print_report(cli, &report);
	return e != NULL ? e : judge(cli, &report);
}

const struct command drill_commands[] = {
	{ "drill revoke", "", "rehearses revocations, and measures them",
	    revoke_options, run_revoke,
	    "Makes devices of its own (manufacturer, model and label "
	    "latchkey-drill), which enroll\nand connect as real ones do; "
	    "revokes one after another, tries each at every door\nuntil it is "
	    "refused, and says how long that took. No other device is "
	    "touched. They\nare decommissioned at the end, also after a "
	    "failure. Exit status 1 if one was still\ntaken for good "
	    "once the call was answered, or one took longer\nthan "
	    "--within. See docs/revocation.md.\nWithout LATCHKEY_ADMIN_TOKEN "
	    "it makes a "
	    "token for itself, with LATCHKEY_DB and\nLATCHKEY_MAC_KEY, and "
	    "withdraws it." },
	{ .name = NULL },
};
