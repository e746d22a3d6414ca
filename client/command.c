#include "client/command.h"

#include "base/arena.h"
#include "base/text.h"

const struct err ERR_USAGE = { KIND_INVALID, "usage",
	"The command line is wrong." };
const struct err ERR_LOCAL = { KIND_INTERNAL, "local",
	"Something on this machine is not as it must be." };

const char *
cli_option_n(const struct cli *cli, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < cli->ngiven; i++)
		if (strcmp(cli->given[i].row->name, name) == 0 && n-- == 0)
			return cli->given[i].value;
	return NULL;
}

const char *
cli_option(const struct cli *cli, const char *name)
{
	return cli_option_n(cli, name, 0);
}

bool
cli_flag(const struct cli *cli, const char *name)
{
	return cli_option(cli, name) != NULL;
}

const struct err *
cli_number(struct cli *cli, const char *name, const long range[3], long *out)
{
	const char *text = cli_option(cli, name);
	char *end;

	*out = range[2];
	if (text == NULL)
		return NULL;
	*out = strtol(text, &end, 10);
	if (end == text || *end != '\0' || *out < range[0] || *out > range[1])
		return fail(&cli->cx, &ERR_USAGE,
		    "--%s takes a number from %ld to %ld, not \"%s\"", name,
		    range[0], range[1], text);
	return NULL;
}

const struct err *
cli_env(struct cli *cli, const char *name, const char **out)
{
	*out = getenv(name);
	if (*out == NULL || **out == '\0')
		return fail(&cli->cx, &ERR_LOCAL,
		    "%s is not set; `make up` writes all settings to "
		    "var/latchkey.env, so try: . var/latchkey.env",
		    name);
	return NULL;
}

static const struct option_row *
find_option(const struct command *c, const char *name, size_t n)
{
	const struct option_row *o;

	for (o = c->options; o != NULL && o->name != NULL; o++)
		if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

/* Of a short word most of it has to be right, or any would be like it. */
static size_t
hint_limit(const char *word)
{
	size_t half = strlen(word) / 2 + 1;

	return half < 4 ? half : 4;
}

/* Says no to an option, and which one may have been meant. */
static const struct err *
unknown_option(struct cli *cli, const char *name)
{
	const struct option_row *o, *near = NULL;
	size_t best = hint_limit(name);

	for (o = cli->command->options; o != NULL && o->name != NULL; o++)
		if (text_distance(o->name, name) < best) {
			best = text_distance(o->name, name);
			near = o;
		}
	if (near != NULL)
		return fail(&cli->cx, &ERR_USAGE,
		    "unknown option --%s; did you mean --%s?", name,
		    near->name);
	return fail(&cli->cx, &ERR_USAGE,
	    "unknown option --%s; see: latchkey help %s", name,
	    cli->command->name);
}

/* Takes "--name value", "--name=value" or a flag; *i stands on it. */
static const struct err *
take_option(struct cli *cli, int argc, char *const *argv, int *i)
{
	const char *text = argv[*i] + 2, *eq = strchr(text, '=');
	size_t n = eq != NULL ? (size_t)(eq - text) : strlen(text);
	const struct option_row *o = find_option(cli->command, text, n);
	const char *value = eq != NULL ? eq + 1 : NULL;

	if (o == NULL)
		return unknown_option(
		    cli, arena_printf(cli->cx.arena, "%.*s", (int)n, text));
	if (o->arg == NULL && value != NULL)
		return fail(
		    &cli->cx, &ERR_USAGE, "--%s takes no value", o->name);
	if (o->arg != NULL && value == NULL) {
		if (*i + 1 >= argc)
			return fail(&cli->cx, &ERR_USAGE, "--%s needs %s",
			    o->name, o->arg);
		value = argv[++*i];
	}
	if (cli->ngiven == COMMAND_GIVEN)
		return fail(&cli->cx, &ERR_USAGE, "too many options");
	cli->given[cli->ngiven].row = o;
	cli->given[cli->ngiven++].value = value != NULL ? value : "";
	return NULL;
}

/* The words of an argument text like "ID [FILE]", and how many must be. */
static size_t
count_args(const char *args, size_t *needed)
{
	size_t n = 0;
	const char *p;

	*needed = 0;
	for (p = args; *p != '\0'; p++)
		if (p == args || p[-1] == ' ') {
			n++;
			if (*p != '[')
				++*needed;
		}
	return n;
}

static const struct err *
check_complete(struct cli *cli, size_t nargs)
{
	const struct command *c = cli->command;
	const struct option_row *o;
	size_t needed, most = count_args(c->args, &needed);

	if (nargs < needed || nargs > most)
		return fail(&cli->cx, &ERR_USAGE, "usage: latchkey %s%s%s",
		    c->name, *c->args != '\0' ? " " : "", c->args);
	for (o = c->options; o != NULL && o->name != NULL; o++)
		if (o->required && cli_option(cli, o->name) == NULL)
			return fail(&cli->cx, &ERR_USAGE,
			    "--%s %s must be given; see: latchkey help %s",
			    o->name, o->arg, c->name);
	return NULL;
}

/* How many words of the name argv begins with; *whole if with all. */
static int
words_of(const char *name, int argc, char *const *argv, bool *whole)
{
	size_t n;
	int i;

	for (i = 1; i < argc && *name != '\0'; i++) {
		n = strcspn(name, " ");
		if (strlen(argv[i]) != n || strncmp(name, argv[i], n) != 0)
			break;
		name += n + strspn(name + n, " ");
	}
	*whole = *name == '\0';
	return i - 1;
}

/* The command with most words that argv begins with; *words is where its
 * arguments are, or else how many words of some command argv begins with. */
static const struct command *
find_command(
    const struct command_group *g, int argc, char *const *argv, int *words)
{
	const struct command *c, *found = NULL;
	bool whole;
	int n, most = 0;

	*words = 0;
	for (; g->title != NULL; g++)
		for (c = g->commands; c->name != NULL; c++) {
			n = words_of(c->name, argc, argv, &whole);
			if (n > *words)
				*words = n;
			if (!whole || n <= most)
				continue;
			found = c;
			most = n;
		}
	if (found != NULL)
		*words = most + 1;
	return found;
}

/* Says no to a command, and which one may have been meant. */
static const struct err *
unknown_command(
    struct cli *cli, const struct command_group *g, const char *word)
{
	const struct command *c;
	const char *near = NULL;
	size_t best = hint_limit(word);

	for (; g->title != NULL; g++)
		for (c = g->commands; c->name != NULL; c++) {
			const char *noun = arena_printf(cli->cx.arena, "%.*s",
			    (int)strcspn(c->name, " "), c->name);

			if (text_distance(noun, word) < best) {
				best = text_distance(noun, word);
				near = noun;
			}
		}
	if (near != NULL)
		return fail(&cli->cx, &ERR_USAGE,
		    "unknown command \"%s\"; did you mean \"%s\"?", word, near);
	return fail(&cli->cx, &ERR_USAGE,
	    "unknown command \"%s\"; see: latchkey --help", word);
}

const struct err *
command_parse(struct cli *cli, const struct command_group *groups, int argc,
    char *const *argv)
{
	const struct err *e;
	size_t nargs = 0;
	bool only_args = false;
	int i, words;

	cli->command = find_command(groups, argc, argv, &words);
	if (cli->command == NULL && words > 0)
		return fail(&cli->cx, &ERR_USAGE,
		    "\"%s\" needs one of its verbs; see: latchkey help %s",
		    argv[1], argv[1]);
	if (cli->command == NULL)
		return unknown_command(cli, groups, argv[1]);
	for (i = words; i < argc; i++) {
		if (!only_args && strcmp(argv[i], "--") == 0) {
			only_args = true;
		} else if (!only_args && strncmp(argv[i], "--", 2) == 0) {
			e = take_option(cli, argc, argv, &i);
			if (e != NULL)
				return e;
		} else if (!only_args && argv[i][0] == '-' && argv[i][1]) {
			return fail(&cli->cx, &ERR_USAGE,
			    "unknown option %s; options are words, like "
			    "--help",
			    argv[i]);
		} else if (nargs < COMMAND_ARGS) {
			cli->arg[nargs++] = argv[i];
		} else {
			nargs = COMMAND_ARGS + 1;
			break;
		}
	}
	return check_complete(cli, nargs);
}

/* One line per command of the group. */
static void
print_group(const struct command_group *g)
{
	const struct command *c;

	printf("\n%s:\n", g->title);
	for (c = g->commands; c->name != NULL; c++) {
		int n = printf(
		    "  %s%s%s", c->name, *c->args != '\0' ? " " : "", c->args);

		printf("%*s%s\n", n < 34 ? 34 - n : 2, "", c->summary);
	}
}

void
command_help(const struct command_group *groups)
{
	printf("latchkey: enrollment and identity of devices\n\n"
	       "usage: latchkey COMMAND [ARGUMENTS] [--OPTION [VALUE]]...\n"
	       "       latchkey help COMMAND\n"
	       "       latchkey --version\n");
	for (; groups->title != NULL; groups++)
		print_group(groups);
	printf(
	    "\nEnvironment (`make up` writes it to var/latchkey.env):\n"
	    "  LATCHKEY_URL          the service, https://host[:port]\n"
	    "  LATCHKEY_OPERATOR_URL the same for operators, where they have "
	    "a listener\n"
	    "                        of their own\n"
	    "  LATCHKEY_CA           root certificate it must chain to\n"
	    "  LATCHKEY_ADMIN_TOKEN  operator's token\n"
	    "  LATCHKEY_CERT         certificate that the token is bound to\n"
	    "  LATCHKEY_KEY          its key\n"
	    "  MQTT_URL              the broker, mqtts://host[:port]\n"
	    "  LATCHKEY_DB           database of migrate, maintain, token\n"
	    "  LATCHKEY_MAC_KEY      key file that token needs\n"
	    "\nExit status: 0 done, 1 refused or failed, 2 wrong command "
	    "line, 3 proposed:\nanother operator has to confirm it.\n");
}

static void
print_command(const struct command *c)
{
	const struct option_row *o;

	printf("usage: latchkey %s%s%s%s\n\n%s.\n", c->name,
	    *c->args != '\0' ? " " : "", c->args,
	    c->options != NULL ? " [OPTIONS]" : "", c->summary);
	if (c->options != NULL)
		printf("\n");
	for (o = c->options; o != NULL && o->name != NULL; o++) {
		int n = printf("  --%s%s%s", o->name, o->arg ? " " : "",
		    o->arg ? o->arg : "");

		printf("%*s%s%s\n", n < 26 ? 26 - n : 2, "", o->help,
		    o->required ? " (must be given)" : "");
	}
	if (c->notes != NULL)
		printf("\n%s\n", c->notes);
}

bool
command_help_of(const struct command_group *groups, const char *words)
{
	const struct command *c;
	size_t n = strlen(words), found = 0;

	for (; groups->title != NULL; groups++)
		for (c = groups->commands; c->name != NULL; c++)
			if (strncmp(c->name, words, n) == 0 &&
			    (c->name[n] == '\0' || c->name[n] == ' ')) {
				if (found++ > 0)
					printf("\n");
				print_command(c);
			}
	return found > 0;
}
