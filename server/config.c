#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cfg_print.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "codec/json.h"

#define ORIGIN_BYTES 512

static const char reference_head[] =
    "# Configuration\n"
    "\n"
    "<!-- Made by `latchkeyd config --reference` from the table in\n"
    "server/domain/settings.c: change that, then `make settings`. -->\n"
    "\n"
    "`latchkeyd --config FILE` reads `FILE`: lines of `key = value`, and "
    "comments\n"
    "that begin with `#`. [deploy/latchkeyd.conf](../deploy/latchkeyd.conf) "
    "has every\n"
    "key (`latchkeyd config --example` prints it); what must be set is not "
    "commented\n"
    "out there. Times have a unit: `90s`, `5m`, `24h`, `7d`.\n"
    "\n"
    "An environment variable `LATCHKEYD_KEY`, the key in capital letters, "
    "beats the\n"
    "file, and the file beats the default. With `--config /dev/null` the "
    "environment\n"
    "says all. A variable that begins so and is no setting is an error, as an\n"
    "unknown key is; Kubernetes makes such variables for a service named\n"
    "`latchkeyd`, unless the pod has `enableServiceLinks: false`. (The "
    "`latchkey`\n"
    "command reads variables of its own, such as `LATCHKEY_URL`, which have "
    "nothing\n"
    "to do with these.)\n"
    "\n"
    "Secrets are files: settings name their paths, and the one that may be "
    "secret\n"
    "itself, `db`, takes `@FILE`, in the environment as well.\n"
    "\n"
    "Whatever is wrong stops the start; all of it is said at once, with its "
    "line,\n"
    "what is allowed, and what was probably meant:\n"
    "\n"
    "```text\n"
    "latchkeyd: latchkeyd.conf:7: unknown key \"prot\"; did you mean "
    "\"port\"?\n"
    "latchkeyd: latchkeyd.conf:9: workers: \"0\" is not a number from 1 to "
    "256\n"
    "```\n"
    "\n"
    "| without starting anything | |\n"
    "|---|---|\n"
    "| `latchkeyd config --config FILE` | each setting, its value, and where "
    "that is from: `default`, the file's line, or the variable; secrets hidden "
    "|\n"
    "| `latchkeyd config --json --config FILE` | the same for programs |\n"
    "| `latchkeyd config --check --config FILE` | exit status 0, or 1 and what "
    "is wrong; it opens none of the files that are named |\n"
    "\n"
    "On the development stack, for instance:\n"
    "\n"
    "```sh\n"
    "latchkeyd config --check --config var/latchkeyd.conf\n"
    "LATCHKEYD_WORKERS=16 latchkeyd config --config var/latchkeyd.conf | grep "
    "workers\n"
    "! env LATCHKEYD_WROKERS=16 latchkeyd config --check --config "
    "var/latchkeyd.conf\n"
    "```\n"
    "\n"
    "Settings are read at the start alone: restart to change one, a node after "
    "the\n"
    "other where there are several. SIGHUP changes nothing. By themselves, "
    "within\n"
    "seconds, are read again: `tls_cert` and `tls_key`, `token_keys`, and in "
    "the\n"
    "database labels, anchors, policies and operators' tokens. The broker and "
    "its\n"
    "plugin have settings of their own ([broker.md](broker.md)).\n";

static void
say_fault(void *arg, const char *why)
{
	(void)arg;
	fprintf(stderr, "latchkeyd: %s\n", why);
}

bool
config_load(const char *path, struct settings *set, int from[CFG_KEYS_MAX])
{
	const struct cfg_source source = { .path = path,
		.prefix = SETTINGS_PREFIX,
		.environment = environ,
		.wrong = say_fault };
	const char *fault;

	if (!cfg_load(&source, settings_keys, settings_n, set, from))
		return false;
	fault = settings_fault(set);
	if (fault != NULL)
		say_fault(NULL, fault);
	return fault == NULL;
}

void
config_release(struct settings *set)
{
	cfg_release(settings_keys, settings_n, set);
}

int
config_help(void)
{
	printf("\n"
	       "FILE has a line \"key = value\" for each of these that is not "
	       "to be as shown;\nan environment variable " SETTINGS_PREFIX
	       "KEY (as in " SETTINGS_PREFIX "PORT=443) beats it.\n"
	       "docs/configuration.md says more of each.\n");
	cfg_print_help(stdout, settings_keys, settings_n);
	return 0;
}

/* What is effective. */
struct shown {
	const char *path;
	struct settings set;
	int from[CFG_KEYS_MAX];
};

static const char *
text_at(const struct shown *s, const struct cfg_key *k)
{
	return *(char *const *)((const char *)&s->set + k->offset);
}

/* Files that hold secrets are named; a secret itself is never shown. */
static bool
is_hidden(const struct shown *s, const struct cfg_key *k)
{
	return k->type == CFG_SECRET && *text_at(s, k) != '@';
}

static const char *
value_of(const struct shown *s, const struct cfg_key *k, char out[32])
{
	const void *at = (const char *)&s->set + k->offset;

	if (is_hidden(s, k))
		return "(hidden)";
	if (cfg_is_text(k))
		return text_at(s, k);
	if (k->type == CFG_BOOL)
		return *(const bool *)at ? "yes" : "no";
	if (k->type == CFG_DURATION)
		return cfg_duration_text(*(const int64_t *)at, out);
	(void)snprintf(out, 32, "%" PRId64, *(const int64_t *)at);
	return out;
}

static const char *
origin_of(const struct shown *s, size_t i, char out[ORIGIN_BYTES])
{
	char name[CFG_NAME_BYTES];

	if (s->from[i] == CFG_FROM_DEFAULT)
		return "default";
	if (s->from[i] == CFG_FROM_ENVIRONMENT)
		(void)snprintf(out, ORIGIN_BYTES, "%s",
		    cfg_variable(SETTINGS_PREFIX, settings_keys[i].name, name));
	else
		(void)snprintf(out, ORIGIN_BYTES, "%s:%d", s->path, s->from[i]);
	return out;
}

static int
show_text(const struct shown *s)
{
	char origin[ORIGIN_BYTES], number[32];
	size_t i, n, width = 0;

	for (i = 0; i < settings_n; i++) {
		n = strlen(origin_of(s, i, origin));
		width = n > width ? n : width;
	}
	for (i = 0; i < settings_n; i++)
		printf("%-*s  %s = %s\n", (int)width, origin_of(s, i, origin),
		    settings_keys[i].name,
		    value_of(s, &settings_keys[i], number));
	return 0;
}

static const char *
value_json(struct ctx *cx, const struct shown *s, const struct cfg_key *k)
{
	char number[32];
	const char *text = value_of(s, k, number);

	if (is_hidden(s, k))
		return "null";
	if (k->type == CFG_INT)
		return arena_strdup(cx->arena, text);
	if (k->type == CFG_BOOL)
		return *text == 'y' ? "true" : "false";
	return json_quote(cx, text);
}

static int
show_json(const struct shown *s)
{
	AUTO_STRUCT(arena) *arena = arena_new(LIMIT_ARENA);
	struct ctx cx = { .arena = arena };
	char origin[ORIGIN_BYTES];
	size_t i;

	printf("[\n");
	for (i = 0; i < settings_n; i++)
		printf("{\"key\": \"%s\", \"value\": %s, \"origin\": %s}%s\n",
		    settings_keys[i].name,
		    value_json(&cx, s, &settings_keys[i]),
		    json_quote(&cx, origin_of(s, i, origin)),
		    i + 1 < settings_n ? "," : "");
	printf("]\n");
	return 0;
}

static int
show_check(const struct shown *s)
{
	printf("%s is right\n", s->path);
	return 0;
}

static int
show_of(const char *path, int (*show)(const struct shown *))
{
	struct shown s = { .path = path };
	int status = 1;

	if (config_load(path, &s.set, s.from))
		status = show(&s);
	config_release(&s.set);
	return status;
}

static int
print_example(void)
{
	printf("# Settings of latchkeyd, with every key.  Those with a comment "
	       "sign show their\n"
	       "# defaults; docs/configuration.md says more of each.\n"
	       "# Keys and other secrets are files (mode 0600), never "
	       "values.\n");
	cfg_print_example(stdout, settings_keys, settings_n);
	return 0;
}

static int
print_reference(void)
{
	printf("%s", reference_head);
	cfg_print_reference(stdout, settings_keys, settings_n, SETTINGS_PREFIX);
	return 0;
}

int
config_command(int argc, char **argv)
{
	int (*show)(const struct shown *) = show_text;

	if (argc == 1 && strcmp(argv[0], "--example") == 0)
		return print_example();
	if (argc == 1 && strcmp(argv[0], "--reference") == 0)
		return print_reference();
	if (argc == 3 && strcmp(argv[0], "--json") == 0)
		show = show_json;
	else if (argc == 3 && strcmp(argv[0], "--check") == 0)
		show = show_check;
	else if (argc != 2)
		return -1;
	if (strcmp(argv[argc - 2], "--config") != 0)
		return -1;
	return show_of(argv[argc - 1], show);
}
