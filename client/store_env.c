#include "client/store_env.h"

#include "base/arena.h"
#include "client/disk.h"

#define CONNINFO_BYTES 4096

/* LATCHKEY_DB, or what the file says that it names as @FILE. */
static const struct err *
get_conninfo(struct cli *cli, const char **out)
{
	struct bytes text;
	const struct err *e = cli_env(cli, "LATCHKEY_DB", out);

	if (e != NULL || **out != '@')
		return e;
	e = disk_read(&cli->cx, *out + 1, CONNINFO_BYTES, &text);
	if (e != NULL)
		return e;
	*out = arena_printf(cli->cx.arena, "%.*s",
	    (int)strcspn((const char *)text.p, "\n"), (const char *)text.p);
	return NULL;
}

const struct err *
store_env_db(struct cli *cli, const struct stmt *const *const *lists)
{
	const char *conninfo;
	const struct err *e = get_conninfo(cli, &conninfo);

	if (e == NULL)
		cli->cx.db = db_new(conninfo, lists);
	return e;
}

const struct err *
store_env_mac(struct cli *cli, struct mac_key **out)
{
	const char *path;
	char why[256] = "";
	const struct err *e = cli_env(cli, "LATCHKEY_MAC_KEY", &path);

	if (e != NULL)
		return e;
	*out = mac_key_load(path, why);
	return *out != NULL ? NULL : fail(&cli->cx, &ERR_LOCAL, "%s", why);
}
