#include "base/arena.h"
#include "client/commands.h"
#include "pki/ca.h"

#define DNS_NAMES 16

static const struct option_row init_options[] = {
	{ "dir", "DIR", "for the issuing CA, server certificate and MAC key",
	    true },
	{ "root-dir", "DIR",
	    "for the root's key, which the service never reads", true },
	{ "dns", "NAME", "the server's name; may be repeated (localhost)",
	    false },
	OPTIONS_END,
};

static const struct err *
run_init(struct cli *cli)
{
	const char *dns[DNS_NAMES + 1] = { "localhost" };
	char why[256] = "";
	size_t n;

	for (n = 0; cli_option_n(cli, "dns", n) != NULL; n++) {
		if (n == DNS_NAMES)
			return fail(&cli->cx, &ERR_USAGE,
			    "at most %d names with --dns", DNS_NAMES);
		dns[n] = cli_option_n(cli, "dns", n);
	}
	if (!ca_init(
		cli_option(cli, "dir"), cli_option(cli, "root-dir"), dns, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("made root and issuing CA, server certificate and MAC key in %s"
	       "\nthe root's key is in %s: keep it apart and offline\n",
	    cli_option(cli, "dir"), cli_option(cli, "root-dir"));
	return NULL;
}

static const struct option_row issuing_options[] = {
	{ "dir", "DIR", "where root.crt is", true },
	{ "root-dir", "DIR", "where the root's key is", true },
	{ "issuers-dir", "DIR", "for the new CA, as in the setting issuers_dir",
	    true },
	OPTIONS_END,
};

static const struct err *
run_ca_issuing(struct cli *cli)
{
	const struct ca_places at = { cli_option(cli, "dir"),
		cli_option(cli, "root-dir"), cli_option(cli, "issuers-dir") };
	char why[256] = "";

	if (!ca_issuing(&at, cli->arg[0], why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("made the issuing CA %s in %s; restart latchkeyd to use it\n",
	    cli->arg[0], at.issuers_dir);
	return NULL;
}

const struct command setup_commands[] = {
	{ "init", "",
	    "makes the root, the issuing CA and the server's "
	    "certificate",
	    init_options, run_init,
	    "Refuses to overwrite anything.  Files: root.crt, issuing.crt, "
	    "issuing.key,\nserver.crt, server.key, mac.key, tokens/ in --dir; "
	    "root.key in --root-dir." },
	{ "ca issuing", "NAME", "makes a further issuing CA, for labels",
	    issuing_options, run_ca_issuing,
	    "Refuses to overwrite.  Each node needs both files in its "
	    "issuers_dir." },
	{ .name = NULL },
};
