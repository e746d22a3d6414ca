#include "tests/bench/load.h"

#include <getopt.h>

#include "base/mem.h"

static const struct {
	const char *name;
	void (*run)(struct options *);
} commands[] = {
	{ "request", run_request },
	{ "refresh", run_refresh },
	{ "compare", run_compare },
	{ "connect", run_connect },
	{ "idle", run_idle },
	{ "enroll", run_enroll },
	{ "tokens", run_tokens },
	{ "offer", run_offer },
	{ "poll", run_poll },
	{ "broker", run_broker },
	{ "open-codes", run_open_codes },
};

enum {
	OPT_PORT = 1,
	OPT_MQTT_PORT,
	OPT_CONNECTIONS,
	OPT_UNITS,
	OPT_CODES,
	OPT_PASSES,
	OPT_SECONDS,
	OPT_TLS,
	OPT_STATUS,
	OPT_MAKER,
	OPT_PREFIX,
	OPT_CLIENT_ID,
	OPT_PATH,
	OPT_BODY,
	OPT_BODIES,
	OPT_SHOWN,
	OPT_UNITS_FILE,
	OPT_ISSUED_FILE,
	OPT_MAC_KEY,
	OPT_TOKENS_FILE,
	OPT_TIMES_FILE,
	OPT_RATE,
	OPT_CPU,
	OPT_RESUME,
	OPT_FRESH,
};

static const struct option long_options[] = {
	{ "port", required_argument, NULL, OPT_PORT },
	{ "mqtt-port", required_argument, NULL, OPT_MQTT_PORT },
	{ "connections", required_argument, NULL, OPT_CONNECTIONS },
	{ "units", required_argument, NULL, OPT_UNITS },
	{ "codes", required_argument, NULL, OPT_CODES },
	{ "passes", required_argument, NULL, OPT_PASSES },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "tls", required_argument, NULL, OPT_TLS },
	{ "status", required_argument, NULL, OPT_STATUS },
	{ "maker", required_argument, NULL, OPT_MAKER },
	{ "prefix", required_argument, NULL, OPT_PREFIX },
	{ "client-id", required_argument, NULL, OPT_CLIENT_ID },
	{ "path", required_argument, NULL, OPT_PATH },
	{ "body", required_argument, NULL, OPT_BODY },
	{ "bodies", required_argument, NULL, OPT_BODIES },
	{ "shown", required_argument, NULL, OPT_SHOWN },
	{ "units-file", required_argument, NULL, OPT_UNITS_FILE },
	{ "issued-file", required_argument, NULL, OPT_ISSUED_FILE },
	{ "mac-key", required_argument, NULL, OPT_MAC_KEY },
	{ "tokens-file", required_argument, NULL, OPT_TOKENS_FILE },
	{ "times-file", required_argument, NULL, OPT_TIMES_FILE },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "cpu", required_argument, NULL, OPT_CPU },
	{ "resume", no_argument, NULL, OPT_RESUME },
	{ "fresh", no_argument, NULL, OPT_FRESH },
	{ NULL, 0, NULL, 0 },
};

static void
set_number(struct options *o, int opt, const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	switch (opt) {
	case OPT_PORT:
		o->port = (uint16_t)n;
		break;
	case OPT_MQTT_PORT:
		o->mqtt_port = (uint16_t)n;
		break;
	case OPT_CONNECTIONS:
		o->connections = n;
		break;
	case OPT_UNITS:
		o->units = n;
		break;
	case OPT_CODES:
		o->codes = n;
		break;
	case OPT_PASSES:
		o->passes = n;
		break;
	case OPT_RATE:
		o->rate = n;
		break;
	case OPT_SECONDS:
		o->seconds = (int64_t)n;
		break;
	case OPT_STATUS:
		o->status = (int)n;
		break;
	default:
		must(!"a number's option");
	}
}

static void
set_text(struct options *o, int opt, char *text)
{
	switch (opt) {
	case OPT_TLS:
		o->version =
		    strcmp(text, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
		break;
	case OPT_MAKER:
		o->maker = text;
		break;
	case OPT_PREFIX:
		o->prefix = text;
		break;
	case OPT_CLIENT_ID:
		o->client_id = text;
		break;
	case OPT_PATH:
		o->path = text;
		break;
	case OPT_BODY:
		o->body = text;
		break;
	case OPT_BODIES:
		o->bodies = text;
		break;
	case OPT_SHOWN:
		o->shown = text;
		break;
	case OPT_UNITS_FILE:
		o->units_file = text;
		break;
	case OPT_ISSUED_FILE:
		o->issued_file = text;
		break;
	case OPT_MAC_KEY:
		o->mac_key = text;
		break;
	case OPT_TOKENS_FILE:
		o->tokens_file = text;
		break;
	case OPT_TIMES_FILE:
		o->times_file = text;
		break;
	case OPT_CPU:
		tally_watch(&o->tally, text);
		break;
	case OPT_RESUME:
		o->resume = true;
		break;
	case OPT_FRESH:
		o->fresh = true;
		break;
	default:
		set_number(o, opt, text);
	}
}

void
wait_for_driver(size_t n)
{
	int c;

	printf("{\"ready\": %zu}\n", n);
	(void)fflush(stdout);
	do
		c = getchar();
	while (c != '\n' && c != EOF);
}

int
main(int argc, char **argv)
{
	struct options o = { .connections = 1,
		.units = 1,
		.codes = 1,
		.passes = 1,
		.seconds = 1,
		.status = 200,
		.prefix = "U",
		.path = "/healthz" };
	size_t i;
	int opt;

	tally_init(&o.tally, 1 << 16);
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (opt == '?')
			return 2;
		set_text(&o, opt, optarg);
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (optind == argc - 1 &&
		    strcmp(argv[optind], commands[i].name) == 0) {
			commands[i].run(&o);
			tally_release(&o.tally);
			return 0;
		}
	}
	fprintf(stderr, "load: which command?\n");
	return 2;
}
