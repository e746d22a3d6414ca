#include "client/token.h"

#include "base/arena.h"
#include "base/cfg.h"
#include "base/clock.h"
#include "base/limits.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/store_env.h"
#include "pki/admin_token.h"
#include "pki/cert.h"
#include "pki/mac.h"
#include "store/admin_token.h"

#define CERT_BYTES (64 * KIB)
#define CHAIN_MAX 8
#define TOKEN_SECONDS (30 * (int64_t)86400)

static const struct stmt *const *const token_lists[] = { admin_token_tool_stmts,
	NULL };

static const struct option_row token_options[] = {
	{ "scopes", "S[,S]...", "what it may do", true },
	{ "cert", "FILE", "the certificate that must be shown with it", false },
	{ "expires", "TIME", "how long it is valid, like 12h or 90d (30d)",
	    false },
	{ "out", "FILE", "write it there (mode 0600) and print its id alone",
	    false },
	{ "once", NULL, "nothing to do if --out is there already", false },
	OPTIONS_END,
};

/* "a,b" as "a b", which is how scopes are stored. */
static const struct err *
get_scopes(struct cli *cli, const char **out)
{
	char *s = arena_strdup(cli->cx.arena, cli_option(cli, "scopes"));
	char *p;

	for (p = s; *p != '\0'; p++)
		if (*p == ',')
			*p = ' ';
	if (!admin_token_scopes_valid(s))
		return fail(&cli->cx, &ERR_USAGE,
		    "--scopes takes metrics, read, registry, revoke, lift, "
		    "keys, tokens in any number, or manufacturer:ID alone");
	*out = s;
	return NULL;
}

static const struct err *
make_token(struct cli *cli, struct admin_token *t, char *text)
{
	struct admin_token_key key;
	struct mac_key *mac;
	const struct err *e = store_env_mac(cli, &mac);

	if (e != NULL)
		return e;
	admin_token_make(mac, text, &key);
	mac_key_free(mac);
	t->id = arena_strdup(cli->cx.arena, key.id);
	memcpy(t->mac, key.mac, sizeof(t->mac));
	return NULL;
}

/* Binds the token to the certificate, which is to outlive it. */
static const struct err *
bind(struct cli *cli, const char *path, struct admin_token *t)
{
	struct ctx *cx = &cli->cx;
	struct bytes pem, der[CHAIN_MAX];
	struct cert c;
	size_t n;
	const struct err *e = disk_read(cx, path, CERT_BYTES, &pem);

	if (e == NULL)
		e = cert_read_pem(cx, pem, der, CHAIN_MAX, &n);
	if (e == NULL)
		e = cert_parse(cx, der[0], &c);
	if (e != NULL)
		return fail(cx, &ERR_LOCAL, "%s: %s", path, cx->reason);
	if (c.not_after < t->expires_at)
		return fail(cx, &ERR_USAGE,
		    "the certificate would end before the token: see "
		    "--expires");
	t->cert_sha256 = bytes_dup(cx->arena, BYTES_OF(c.sha256));
	return NULL;
}

const struct err *
token_new(struct cli *cli, const struct token_order *order, struct token *out)
{
	struct admin_token t = { .name = order->name, .scopes = order->scopes };
	char text[ADMIN_TOKEN_BYTES];
	const struct err *e = NULL;

	t.created_at = cli->cx.now;
	t.expires_at = cli->cx.now + order->seconds;
	if (order->cert != NULL)
		e = bind(cli, order->cert, &t);
	if (e == NULL)
		e = make_token(cli, &t, text);
	if (e == NULL)
		e = store_env_db(cli, token_lists);
	if (e != NULL)
		return e;
	e = admin_token_add(&cli->cx, &t);
	db_free(cli->cx.db);
	out->id = t.id;
	out->text = arena_strdup(cli->cx.arena, text);
	return e;
}

const struct err *
token_end(struct cli *cli, const char *id)
{
	const struct err *e = store_env_db(cli, token_lists);

	if (e != NULL)
		return e;
	e = admin_token_withdraw(&cli->cx, id);
	db_free(cli->cx.db);
	if (e == &ERR_NOT_FOUND)
		return fail(&cli->cx, e, "there is no token %s", id);
	return e;
}

/* Prints it, or writes it to a file as others read a secret: a line. */
static const struct err *
hand_out(struct cli *cli, const struct token *made)
{
	const char *path = cli_option(cli, "out");
	const struct err *e;

	if (path == NULL) {
		printf("%s\n", made->text);
		return NULL;
	}
	e = disk_write(&cli->cx, path,
	    bytes_str(arena_printf(cli->cx.arena, "%s\n", made->text)), 0600);
	if (e == NULL)
		printf("token %s is in %s\n", made->id, path);
	return e;
}

static const struct err *
run_token_add(struct cli *cli)
{
	struct token_order order = { cli->arg[0], NULL, TOKEN_SECONDS,
		cli_option(cli, "cert") };
	const char *expires = cli_option(cli, "expires");
	const char *path = cli_option(cli, "out");
	struct token made;
	const struct err *e;

	if (cli_flag(cli, "once") && path == NULL)
		return fail(&cli->cx, &ERR_USAGE, "--once needs --out FILE");
	if (cli_flag(cli, "once") && disk_exists(path)) {
		printf("%s is there: nothing to do\n", path);
		return NULL;
	}
	if (expires != NULL &&
	    (!cfg_duration(expires, &order.seconds) || order.seconds == 0 ||
		order.seconds > ADMIN_TOKEN_SECONDS))
		return fail(&cli->cx, &ERR_USAGE,
		    "--expires takes a time like 12h or 90d, 365d at most, "
		    "not \"%s\"",
		    expires);
	e = get_scopes(cli, &order.scopes);
	if (e == NULL)
		e = token_new(cli, &order, &made);
	return e != NULL ? e : hand_out(cli, &made);
}

static void
print_time(int64_t t)
{
	char text[CLOCK_TEXT_BYTES];

	clock_text(t, text);
	printf("  %s", text);
}

static const struct err *
run_token_list(struct cli *cli)
{
	struct admin_token *t = NULL;
	size_t i, n = 0;
	const struct err *e = store_env_db(cli, token_lists);

	if (e != NULL)
		return e;
	e = admin_token_list(&cli->cx, &t, &n);
	db_free(cli->cx.db);
	if (e != NULL)
		return e;
	printf("ID        MADE                  EXPIRES               STATE    "
	       "  CERTIFICATE       NAME, SCOPES\n");
	for (i = 0; i < n; i++) {
		const char *state = t[i].withdrawn_at != 0 ? "withdrawn"
				    : t[i].expires_at <= cli->cx.now ? "expired"
								     : "valid";

		printf("%s", t[i].id);
		print_time(t[i].created_at);
		print_time(t[i].expires_at);
		printf("  %-9s  %-16.16s  %s: %s\n", state,
		    t[i].cert_sha256.n == 0
			? "-"
			: bytes_hex(cli->cx.arena, t[i].cert_sha256),
		    t[i].name, t[i].scopes);
	}
	return NULL;
}

static const struct err *
run_token_withdraw(struct cli *cli)
{
	const struct err *e = token_end(cli, cli->arg[0]);

	if (e == NULL)
		printf("token %s is withdrawn\n", cli->arg[0]);
	return e;
}

const struct command token_commands[] = {
	{ "token add", "NAME", "makes an operator's token and prints it, once",
	    token_options, run_token_add,
	    "Scopes: metrics, read, registry, revoke, lift, keys, tokens, or "
	    "manufacturer:ID alone,\nto import that maker's births.  With "
	    "--cert the token is of use only over TLS with\nthat certificate "
	    "(latchkey operator cert), which the service asks for unless "
	    "the\nsetting unbound_tokens is yes." },
	{ "token list", "", "shows operators' tokens", NULL, run_token_list,
	    NULL },
	{ "token withdraw", "ID", "ends a token", NULL, run_token_withdraw,
	    NULL },
	{ .name = NULL },
};
