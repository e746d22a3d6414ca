#include <ctype.h>

#include "base/arena.h"
#include "base/limits.h"
#include "client/admin.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/service.h"

#define TOPICS_BYTES (64 * KIB)

struct service_row {
	const char *name;
	struct json_strs publish, subscribe, ra_labels;
	bool withdrawn;
	int64_t created_at;
};

static const struct json_field service_fields[] = {
	JSON_F_STR(service_row, name, LIMIT_SLUG, true),
	JSON_F_STRS(service_row, publish, LIMIT_TOPICS, LIMIT_TOPIC, true),
	JSON_F_STRS(service_row, subscribe, LIMIT_TOPICS, LIMIT_TOPIC, true),
	JSON_F_STRS(service_row, ra_labels, LIMIT_TOPICS, LIMIT_SLUG, false),
	JSON_F_BOOL(service_row, withdrawn, false),
	JSON_F_TIME(service_row, created_at, false),
	JSON_END,
};

struct service_list {
	struct json_list services;
	const char *next;
};

static const struct json_field service_list_fields[] = {
	JSON_F_LIST(
	    service_list, services, LIMIT_PAGE, service_row, service_fields),
	JSON_F_STR(service_list, next, 256, false),
	JSON_END,
};

static const struct option_row add_options[] = {
	{ "topics", "FILE", "what it may do", true },
	{ "out", "DIR", "where NAME.key and NAME.crt go (.)", false },
	OPTIONS_END,
};

static const struct option_row list_options[] = {
	OPTIONS_PAGE,
	OPTION_JSON,
	OPTIONS_END,
};

/* One line "publish PATTERN", "subscribe PATTERN" or "renew LABEL". */
static const struct err *
take_line(struct cli *cli, char *line, struct service_topics *t, int number)
{
	struct json_strs *l = NULL;
	char *pattern = line + strcspn(line, " \t");

	if (*pattern != '\0')
		*pattern++ = '\0';
	while (isspace((unsigned char)*pattern))
		pattern++;
	if (strcmp(line, "publish") == 0)
		l = &t->publish;
	else if (strcmp(line, "subscribe") == 0)
		l = &t->subscribe;
	else if (strcmp(line, "renew") == 0)
		l = &t->ra_labels;
	if (l == NULL || *pattern == '\0')
		return fail(&cli->cx, &ERR_LOCAL,
		    "line %d of the topics is not \"publish PATTERN\", "
		    "\"subscribe PATTERN\" or \"renew LABEL\"",
		    number);
	if (l->n == LIMIT_TOPICS)
		return fail(&cli->cx, &ERR_LOCAL, "more than %d lines of %s",
		    LIMIT_TOPICS, line);
	l->v[l->n++] = pattern;
	return NULL;
}

/* Reads the topics file; empty lines and # comments are skipped. */
static const struct err *
read_topics(struct cli *cli, struct service_topics *t)
{
	struct bytes text;
	char *p, *next;
	int number = 0;
	const struct err *e;

	e = disk_read(&cli->cx, cli_option(cli, "topics"), TOPICS_BYTES, &text);
	if (e != NULL)
		return e;
	t->publish.v =
	    arena_alloc(cli->cx.arena, LIMIT_TOPICS * sizeof(*t->publish.v));
	t->subscribe.v =
	    arena_alloc(cli->cx.arena, LIMIT_TOPICS * sizeof(*t->subscribe.v));
	t->ra_labels.v =
	    arena_alloc(cli->cx.arena, LIMIT_TOPICS * sizeof(*t->ra_labels.v));
	p = arena_printf(
	    cli->cx.arena, "%.*s", (int)text.n, (const char *)text.p);
	for (; p != NULL; p = next) {
		size_t n;

		number++;
		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = '\0';
		for (n = strlen(p); n > 0 && isspace((unsigned char)p[n - 1]);)
			p[--n] = '\0';
		if (*p == '\0' || *p == '#')
			continue;
		e = take_line(cli, p, t, number);
		if (e != NULL)
			return e;
	}
	return NULL;
}

static const struct err *
run_add(struct cli *cli)
{
	struct service_topics t = { .name = cli->arg[0] };
	const char *out = cli_option(cli, "out");
	struct service_files files;
	struct api api;
	const struct err *e = admin_api(cli, &api);

	if (e == NULL)
		e = read_topics(cli, &t);
	if (e == NULL)
		e = service_register(
		    &cli->cx, &api, &t, out != NULL ? out : ".", &files);
	if (e == NULL)
		printf("service %s: %s, %s\n", t.name, files.cert, files.key);
	return e;
}

static const struct err *
run_list(struct cli *cli)
{
	struct service_list list = { .next = NULL };
	struct api_shape shape = { service_list_fields, &list };

	return admin_show_page(
	    cli, "GET /v1/admin/services", &shape, &list.next);
}

static const struct err *
run_remove(struct cli *cli)
{
	const struct err *e = admin_call(cli,
	    arena_printf(cli->cx.arena, "DELETE /v1/admin/services/%s",
		api_escape(&cli->cx, cli->arg[0])),
	    NULL, NULL);

	if (e == NULL)
		printf("service %s is removed: its sessions are being cut\n",
		    cli->arg[0]);
	return e;
}

const struct command service_commands[] = {
	{ "service add", "NAME",
	    "gives a client of the platform its topics and a certificate",
	    add_options, run_add,
	    "FILE has lines \"publish PATTERN\" and \"subscribe PATTERN\".  "
	    "With a line\n\"renew LABEL\" it is a registration authority: it "
	    "may renew certificates of that\nlabel's devices by EST.  The key "
	    "is made here and never leaves; run again, the\nsame key gets a "
	    "new certificate." },
	{ "service list", "", "shows the platform's own clients", list_options,
	    run_list, NULL },
	{ "service remove", "NAME", "refuses it and cuts its sessions", NULL,
	    run_remove, NULL },
	{ .name = NULL },
};
