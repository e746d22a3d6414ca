#include "base/cfg.h"
#include "base/clock.h"
#include "client/commands.h"
#include "client/disk.h"
#include "pki/keydir.h"

/* Caches of the published keys know the next one by then, twice over. */
#define AHEAD (2 * (int64_t)KEYDIR_CACHED)

static const struct option_row rotate_options[] = {
	{ "dir", "DIR", "the directory, as in the setting token_keys", true },
	{ "after", "TIME", "when the next key starts to sign (10m)", false },
	OPTIONS_END,
};

static const struct option_row list_options[] = {
	{ "dir", "DIR", "the directory, as in the setting token_keys", true },
	OPTIONS_END,
};

/* Whether the last token of a key is dead. */
static bool
is_over(const struct keydir *kd, size_t i, int64_t now)
{
	return i + 1 < kd->n && kd->v[i + 1].from + KEYDIR_LINGERS <= now;
}

static bool
remove_over(const struct keydir *kd, const char *dir, int64_t now, char *why)
{
	char text[CLOCK_TEXT_BYTES];
	size_t i;

	for (i = 0; i < kd->n; i++) {
		if (!is_over(kd, i, now))
			continue;
		if (!keydir_remove(dir, kd->v[i].from, why))
			return false;
		clock_text(kd->v[i].from, text);
		printf("removed the key of %s: its tokens have died\n", text);
	}
	return true;
}

static const struct err *
run_rotate(struct cli *cli)
{
	const char *dir = cli_option(cli, "dir");
	const char *after = cli_option(cli, "after");
	int64_t from = cli->cx.now, ahead = AHEAD;
	AUTO_STRUCT(keydir) *kd = NULL;
	char text[CLOCK_TEXT_BYTES], why[256] = "";

	if (after != NULL && !cfg_duration(after, &ahead))
		return fail(&cli->cx, &ERR_USAGE,
		    "--after takes a time like 10m or 0s, not \"%s\"", after);
	if (disk_exists(dir)) {
		kd = keydir_load(dir, why);
		if (kd == NULL)
			return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	}
	/* There is nobody to warn of the first one. */
	if (kd != NULL && kd->n > 0)
		from += ahead;
	if ((kd != NULL && !remove_over(kd, dir, cli->cx.now, why)) ||
	    !keydir_add(dir, from, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	clock_text(from, text);
	printf("made the key that signs from %s\n", text);
	return NULL;
}

static const struct err *
run_list(struct cli *cli)
{
	char text[CLOCK_TEXT_BYTES], why[256] = "";
	AUTO_STRUCT(keydir) *kd = keydir_load(cli_option(cli, "dir"), why);
	size_t i;

	if (kd == NULL)
		return fail(&cli->cx, &ERR_LOCAL, "%s", why);
	printf("FROM                  STATE\n");
	for (i = 0; i < kd->n; i++) {
		const char *state = "retired, still published";

		if (kd->v[i].from > cli->cx.now)
			state = "next, published";
		else if (i + 1 == kd->n || kd->v[i + 1].from > cli->cx.now)
			state = "signs";
		else if (is_over(kd, i, cli->cx.now))
			state = "over";
		clock_text(kd->v[i].from, text);
		printf("%s  %s\n", text, state);
	}
	return NULL;
}

const struct command keys_commands[] = {
	{ "keys rotate", "",
	    "makes the next key that signs tokens, removes what is over",
	    rotate_options, run_rotate,
	    "Nodes read the directory again when it changes: copy it to each "
	    "of them before\nthe key starts to sign.  An old key is published "
	    "until its last token has died." },
	{ "keys list", "", "shows the keys that sign tokens", list_options,
	    run_list, NULL },
	{ .name = NULL },
};
