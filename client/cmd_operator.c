#include "base/arena.h"
#include "base/cfg.h"
#include "base/text.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/token.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/self_signed.h"
#include "store/admin_token.h"

static const struct option_row cert_options[] = {
	{ "dir", "DIR", "for NAME.key and NAME.crt", true },
	{ "expires", "TIME", "how long it is valid, like 90d (365d)", false },
	OPTIONS_END,
};

const struct err *
operator_make(struct cli *cli, const char *name, const char *dir,
    int64_t seconds, struct operator_files *out)
{
	AUTO_STRUCT(keypair) *kp = keypair_new();
	struct ctx *cx = &cli->cx;
	char why[256] = "";
	const struct err *e = disk_mkdir(cx, dir);

	out->key = arena_printf(cx->arena, "%s/%s.key", dir, name);
	out->cert = arena_printf(cx->arena, "%s/%s.crt", dir, name);
	if (e != NULL)
		return e;
	if (disk_exists(out->key) || disk_exists(out->cert))
		return fail(cx, &ERR_LOCAL, "%s is there already", out->key);
	if (!keypair_save(kp, out->key, why))
		return fail(cx, &ERR_LOCAL, "%s", why);
	return disk_write(cx, out->cert,
	    bytes_str(
		cert_pem(cx, self_signed(cx, kp, name, cx->now + seconds))),
	    0644);
}

const struct err *
token_own(struct cli *cli, struct token_order *order, const char *dir,
    struct api *api, const char **id)
{
	struct operator_files files;
	struct token token;
	struct ctx *cx = &cli->cx;
	const struct err *e;

	e = disk_remove(cx, disk_in(cx, dir, "operator.key"));
	if (e == NULL)
		e = disk_remove(cx, disk_in(cx, dir, "operator.crt"));
	if (e == NULL)
		e = operator_make(cli, "operator", dir, order->seconds, &files);
	if (e != NULL)
		return e;
	order->cert = files.cert;
	e = token_new(cli, order, &token);
	if (e != NULL)
		return e;
	api->cert = files.cert;
	api->key = files.key;
	api->bearer = token.text;
	*id = token.id;
	return NULL;
}

static const struct err *
run_operator_cert(struct cli *cli)
{
	const char *expires = cli_option(cli, "expires"), *name = cli->arg[0];
	int64_t seconds = ADMIN_TOKEN_SECONDS;
	struct operator_files files;
	const struct err *e;

	if (!text_is_slug(bytes_str(name)))
		return fail(&cli->cx, &ERR_USAGE,
		    "NAME is of lower-case letters, digits and hyphens");
	if (expires != NULL &&
	    (!cfg_duration(expires, &seconds) || seconds == 0))
		return fail(&cli->cx, &ERR_USAGE,
		    "--expires takes a time like 90d, not \"%s\"", expires);
	e = operator_make(cli, name, cli_option(cli, "dir"), seconds, &files);
	if (e != NULL)
		return e;
	printf("made %s and its key %s\n"
	       "whoever makes tokens needs the first alone:\n"
	       "  latchkey token add %s --scopes ... --cert %s\n"
	       "and with the token go:\n"
	       "  export LATCHKEY_CERT=%s LATCHKEY_KEY=%s\n",
	    files.cert, files.key, name, files.cert, files.cert, files.key);
	return NULL;
}

const struct command operator_commands[] = {
	{ "operator cert", "NAME",
	    "makes a key and a certificate to bind a token to", cert_options,
	    run_operator_cert,
	    "Any other certificate serves as well, of a smart card for "
	    "instance: tokens are\nbound to its SHA-256, and who signed it is "
	    "of no matter." },
	{ .name = NULL },
};
