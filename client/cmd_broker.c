#include "base/arena.h"
#include "base/file.h"
#include "client/commands.h"
#include "codec/topic_rules.h"

static const struct option_row check_options[] = {
	{ "device", "ID", "as this device would have them", false },
	{ "model", "NAME", "with this model", false },
	OPTIONS_END,
};

/* The pattern for the names that were given; others stand as they are. */
static const char *
filled(struct cli *cli, const char *pattern, const struct topic_names *names)
{
	char topic[LIMIT_TOPIC + 1];

	return topic_rule_expand(pattern, names, topic)
		   ? arena_strdup(cli->cx.arena, topic)
		   : NULL;
}

static const struct err *
print_profile(struct cli *cli, const struct topic_profile *p)
{
	static const char *const words[] = { [TOPIC_PUBLISH] = "publish",
		[TOPIC_RETAIN] = "retain",
		[TOPIC_SUBSCRIBE] = "subscribe" };
	const char *device = cli_option(cli, "device");
	const char *model = cli_option(cli, "model");
	const struct topic_names names = { device != NULL ? device : "%d",
		model != NULL ? model : "%m",
		strcmp(p->name, "*") == 0 ? "%p" : p->name };
	const char *topic;
	size_t i;

	printf("%s\n", p->name);
	for (i = 0; i < p->n; i++) {
		topic = filled(cli, p->rule[i].pattern, &names);
		if (topic == NULL)
			return fail(&cli->cx, &ERR_LOCAL,
			    "%s is too long with these names",
			    p->rule[i].pattern);
		printf("\t%-9s %s\n", words[p->rule[i].may], topic);
	}
	if (p->n == 0)
		printf("\tnothing\n");
	return NULL;
}

static const struct err *
run_check(struct cli *cli)
{
	const char *path = cli->arg[0], *model = cli_option(cli, "model");
	const struct err *e = NULL;
	struct topic_rules rules;
	char why[TOPIC_RULES_WHY], why_not[FILE_WHY_BYTES];
	struct bytes text;
	size_t i;

	if (model != NULL && !topic_name_ok(model))
		return fail(&cli->cx, &ERR_USAGE,
		    "--model: no name that may stand in a topic");
	if (!file_slurp(cli->cx.arena, path, LIMIT_TOPIC_FILE, &text, why_not))
		return fail(&cli->cx, &ERR_LOCAL, "%s", why_not);
	if (!topic_rules_read(cli->cx.arena, text, &rules, why))
		return fail(&cli->cx, &ERR_LOCAL, "%s, %s", path, why);
	for (i = 0; i < rules.n && e == NULL; i++)
		e = print_profile(cli, &rules.v[i]);
	if (e == NULL && topic_rules_of(&rules, NULL) == NULL)
		printf("Any other profile has nothing: no rules are of *.\n");
	return e;
}

#define NOTES                                                                  \
	"Reads the file that plugin_opt_topics names, as the broker does at\n" \
	"its start and on SIGHUP, and prints for each profile what a device\n" \
	"of it may publish, publish retained, and subscribe: at or below\n"    \
	"these.  Exit status 1 if the file would be refused.  A device in\n"   \
	"quarantine has devices/ID/quarantine/# in place of all.\n"

const struct command broker_commands[] = {
	{ "broker check", "FILE", "what devices may do at the broker",
	    check_options, run_check, NOTES },
	{ .name = NULL },
};
