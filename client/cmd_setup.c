#include "base/arena.h"
#include "client/commands.h"
#include "client/disk.h"
#include "pki/ca.h"
#include "pki/ca_rotate.h"

#define DNS_NAMES 16

static const struct option_row init_options[] = {
	{ "dir", "DIR", "for the issuing CA, server certificate and MAC key",
	    true },
	{ "root-dir", "DIR",
	    "for the root's key, which the service never reads", true },
	{ "dns", "NAME", "the server's name; may be repeated (localhost)",
	    false },
	{ "once", NULL, "nothing to do if --dir has a root already", false },
	OPTIONS_END,
};

/* The names of --dns, NULL after the last. */
static const struct err *
get_names(struct cli *cli, const char *dns[DNS_NAMES + 1])
{
	size_t n;

	for (n = 0; cli_option_n(cli, "dns", n) != NULL; n++) {
		if (n == DNS_NAMES)
			return fail(&cli->cx, &ERR_USAGE,
			    "at most %d names with --dns", DNS_NAMES);
		dns[n] = cli_option_n(cli, "dns", n);
	}
	return NULL;
}

static const struct err *
run_init(struct cli *cli)
{
	const char *dns[DNS_NAMES + 1] = { "localhost" };
	const char *dir = cli_option(cli, "dir");
	char why[256] = "";
	const struct err *e = get_names(cli, dns);

	if (e != NULL)
		return e;
	if (cli_flag(cli, "once") &&
	    disk_exists(arena_printf(cli->cx.arena, "%s/root.crt", dir))) {
		printf("%s has a root: nothing to do\n", dir);
		return NULL;
	}
	if (!ca_init(dir, cli_option(cli, "root-dir"), dns, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("made root and issuing CA, server certificate and MAC key in %s"
	       "\nthe root's key is in %s: keep it apart and offline\n",
	    dir, cli_option(cli, "root-dir"));
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

static const struct err *
run_rotate_issuing(struct cli *cli)
{
	const struct ca_places at = { cli_option(cli, "dir"),
		cli_option(cli, "root-dir"), cli_option(cli, "issuers-dir") };
	const char *name = cli->arg[0], *dir = at.issuers_dir;
	char why[256] = "";

	if (!ca_rotate_issuing(&at, name, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("made the issuing CA %s in %s, with the first one beside it\n"
	       "first, on each node, and restart it:\n"
	       "  issuers_dir = %s\n  issuing_also = %s\n"
	       "then, once all who verify know the new one:\n"
	       "  issuing_cert = %s/%s.crt\n  issuing_key = %s/%s.key\n"
	       "  issuing_also = (the one before)\n",
	    name, dir, dir, name, dir, name, dir, name);
	return NULL;
}

static const struct option_row server_options[] = {
	{ "dir", "DIR", "where server.crt and server.key are", true },
	{ "dns", "NAME", "the server's name; may be repeated", true },
	{ "issuer", "FILE",
	    "certificate of the issuing CA, its key beside it "
	    "(DIR/issuing.crt)",
	    false },
	OPTIONS_END,
};

static const struct err *
run_ca_server(struct cli *cli)
{
	const char *dns[DNS_NAMES + 1] = { NULL };
	const char *dir = cli_option(cli, "dir");
	char why[256] = "";
	const struct err *e = get_names(cli, dns);

	if (e != NULL)
		return e;
	if (!ca_server_cert(dir, cli_option(cli, "issuer"), dns, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("made server.crt and server.key in %s: latchkeyd reads them by "
	       "itself,\na broker has to be restarted\n",
	    dir);
	return NULL;
}

static const struct option_row rotate_root_options[] = {
	{ "dir", "DIR", "where root.crt is, which gets the new one", true },
	{ "root-dir", "DIR", "where the old root's key is", true },
	{ "new-root-dir", "DIR", "for the new root's key", true },
	OPTIONS_END,
};

static const struct err *
run_rotate_root(struct cli *cli)
{
	const char *dir = cli_option(cli, "dir");
	char why[256] = "";

	if (!ca_rotate_root(dir, cli_option(cli, "root-dir"),
		cli_option(cli, "new-root-dir"), why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("%s/root.crt has the new root, the old one, OldWithNew and "
	       "NewWithOld: give it\nto each node, and restart it\nthe new "
	       "root's key is in %s: keep it apart and offline\n",
	    dir, cli_option(cli, "new-root-dir"));
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
	{ "ca server", "", "makes the next certificate of the server",
	    server_options, run_ca_server,
	    "It lives for 90 days, and its key is a new one.  The files are "
	    "replaced, so each\nnode and broker that has copies needs both." },
	{ "ca rotate issuing", "NAME", "makes the next issuing CA",
	    issuing_options, run_rotate_issuing,
	    "The one before stays for verification, OCSP and its list, until "
	    "its last\ncertificate has died; see docs/rotation.md." },
	{ "ca rotate root", "", "makes the next root", rotate_root_options,
	    run_rotate_root,
	    "Both roots vouch for each other (OldWithNew, NewWithOld), so that "
	    "whoever\nknows one of them verifies what is below the other." },
	{ .name = NULL },
};
