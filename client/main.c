#include <locale.h>
#include <signal.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/trace.h"
#include "base/version.h"
#include "client/api.h"
#include "client/commands.h"

/* Memory of one command: a page of 100 devices is far below. */
#define ARENA_BYTES (64 * (size_t)MIB)

static const struct command_group groups[] = {
	{ "Setting up", setup_commands },
	{ "The running service", health_commands },
	{ "Database", store_commands },
	{ "Operators' certificates", operator_commands },
	{ "Operators' tokens", token_commands },
	{ "The second operator", proposal_commands },
	{ "Keys of tokens", keys_commands },
	{ "Registry", registry_commands },
	{ "Policies of models", policy_commands },
	{ "Trust", trust_commands },
	{ "Attestation", attest_commands },
	{ "Labels", label_commands },
	{ "Devices", device_commands },
	{ "Enrollments", enrollment_commands },
	{ "What happened", audit_commands },
	{ "Whether it is what was written", verify_commands },
	{ "Why", explain_commands },
	{ "Taking trust away", revoke_commands },
	{ "Sets of units", set_commands },
	{ "Brokers", broker_commands },
	{ "The revocation plane", status_commands },
	{ "Rehearsals", drill_commands },
	{ "After a restore", recover_commands },
	{ "Allowlists", import_commands },
	{ "Bootstrap tokens", bootstrap_commands },
	{ "Evidence", inspect_commands },
	{ "Owners", owner_commands },
	{ "Apps", client_commands },
	{ "Platform clients", service_commands },
	{ "The reference device", simulate_commands },
	{ "Demonstration", demo_commands },
	{ NULL, NULL },
};

/* `latchkey help [WORDS]`; what follows the command's words is ignored. */
static int
help(int argc, char **argv)
{
	AUTO_STRUCT(arena) *a = arena_new(ARENA_BYTES);
	const char *words[] = { NULL, NULL, NULL };
	int i, n = argc < 3 ? argc : 3;

	if (argc < 1) {
		command_help(groups);
		return EXIT_DONE;
	}
	for (i = 0; i < n; i++)
		words[i] =
		    i == 0 ? argv[0]
			   : arena_printf(a, "%s %s", words[i - 1], argv[i]);
	for (i = n; i-- > 0;)
		if (command_help_of(groups, words[i]))
			return EXIT_DONE;
	fprintf(stderr, "latchkey: no command \"%s\"; see: latchkey --help\n",
	    argv[0]);
	return EXIT_USAGE;
}

/* Whether the command line asks for help of its command. */
static bool
asks_for_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int
run(int argc, char **argv)
{
	AUTO_STRUCT(arena) *a = arena_new(ARENA_BYTES);
	struct cli cli = { .cx = { .arena = a, .now = clock_now() } };
	char uuid[UUID_TEXT_BYTES];
	struct trace trace;
	const struct err *e;

	/* Of whoever runs us, as other tools have it, too. */
	rng_uuid(uuid);
	trace_begin(&trace, uuid, getenv("TRACEPARENT"), getenv("TRACESTATE"));
	cli.cx.trace = &trace;
	e = command_parse(&cli, groups, argc, argv);
	if (e == NULL)
		e = cli.command->run(&cli);
	if (e == NULL)
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_REFUSED;
	(void)fflush(stdout);
	fprintf(stderr, "latchkey: %s\n",
	    cli.cx.reason != NULL ? cli.cx.reason : e->title);
	return e == &ERR_USAGE      ? EXIT_USAGE
	       : e == &ERR_PROPOSED ? EXIT_PROPOSED
				    : EXIT_REFUSED;
}

int
main(int argc, char **argv)
{
	/* Reasons are printed for people: no log lines beside them. */
	log_mute();
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		command_help(groups);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0) {
		printf("latchkey %s\n", LATCHKEY_VERSION);
		return EXIT_DONE;
	}
	if (argv[1][0] == '-' && !asks_for_help(2, argv)) {
		fprintf(stderr,
		    "latchkey: unknown option %s; see: latchkey --help\n",
		    argv[1]);
		return EXIT_USAGE;
	}
	if (asks_for_help(argc, argv))
		return argv[1][0] == '-' ? help(0, argv)
					 : help(argc - 1, argv + 1);
	return run(argc, argv);
}
