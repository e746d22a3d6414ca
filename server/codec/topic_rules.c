#include "codec/topic_rules.h"

#include "base/arena.h"
#include "base/text.h"
#include "codec/topic.h"

struct reading {
	struct topic_rules *out;
	struct topic_profile *v; /* of out, while it is read */
	int line;
	char *why;
};

static bool
refuse(struct reading *r, const char *reason)
{
	(void)snprintf(r->why, TOPIC_RULES_WHY, "line %d: %s", r->line, reason);
	return false;
}

#define SAMPLE_ID "00000000-0000-4000-8000-000000000000"
#define SAMPLE_63 \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

bool
topic_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= LIMIT_SLUG &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == n;
}

static const char *
name_of(const struct topic_names *names, char placeholder)
{
	switch (placeholder) {
	case 'd':
		return names->device;
	case 'm':
		return names->model;
	case 'p':
		return names->profile;
	case '%':
		return "%";
	default:
		return NULL;
	}
}

bool
topic_rule_expand(const char *pattern, const struct topic_names *names,
    char out[LIMIT_TOPIC + 1])
{
	size_t n = 0;

	for (; *pattern != '\0'; pattern++) {
		const char *piece = pattern;
		size_t len = 1;

		if (*pattern == '%') {
			piece = name_of(names, *++pattern);
			if (piece == NULL || *piece == '\0')
				return false;
			len = strlen(piece);
		}
		if (len > LIMIT_TOPIC - n)
			return false;
		memcpy(out + n, piece, len);
		n += len;
	}
	out[n] = '\0';
	return true;
}

/* Whether a level that is the device's id comes before any wildcard. */
static bool
is_own(const char *pattern)
{
	for (;;) {
		size_t n = strcspn(pattern, "/");

		if (n == 2 && strncmp(pattern, "%d", 2) == 0)
			return true;
		if (n == 1 && strchr("+#", *pattern) != NULL)
			return false;
		if (pattern[n] == '\0')
			return false;
		pattern += n + 1;
	}
}

/* What is wrong with a pattern, or NULL. */
static const char *
judge(const struct topic_rules *rules, enum topic_may may, const char *pattern)
{
	static const struct topic_names sample = { SAMPLE_ID, SAMPLE_63,
		SAMPLE_63 };
	char topic[LIMIT_TOPIC + 1];

	if (!topic_rule_expand(pattern, &sample, topic))
		return "too long, or not %d, %m, %p or %%";
	if (!topic_grant_valid(bytes_str(topic)))
		return "no topic pattern";
	if (rules->model == NULL && strstr(pattern, "%m") != NULL)
		return "%m without a line that says where the model stands";
	if (rules->profile == NULL && strstr(pattern, "%p") != NULL)
		return "%p without a line that says where the profile stands";
	if (may != TOPIC_SUBSCRIBE && !is_own(pattern))
		return "a device publishes below a level %d alone";
	if (strpbrk(pattern, "+#") != NULL && !is_own(pattern))
		return "wildcards only below a level %d";
	return NULL;
}

/* Takes a word off the front of the line, in place; NULL if none is left. */
static char *
take_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	size_t n = strcspn(word, " \t");

	if (n == 0)
		return NULL;
	*line = word + n;
	if (**line != '\0')
		*(*line)++ = '\0';
	return word;
}

static bool
take_attribute(struct reading *r, const char *value, const char **place)
{
	static const char *const known[] = { "O", "OU", "L", "ST" };
	size_t i;

	if (r->out->n > 0 || *place != NULL)
		return refuse(r, "once, and before all rules");
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(value, known[i]) == 0)
			*place = known[i];
	return *place != NULL || refuse(r, "one of O, OU, L, ST");
}

static bool
take_profile(struct reading *r, const char *name)
{
	struct topic_rules *out = r->out;
	size_t i;

	if (strcmp(name, "*") != 0 && !text_is_slug(bytes_str(name)))
		return refuse(r, "rules are of a profile's name, or of *");
	if (strcmp(name, "*") != 0 && out->profile == NULL)
		return refuse(
		    r, "no line says where the profile stands: rules * alone");
	for (i = 0; i < out->n; i++)
		if (strcmp(out->v[i].name, name) == 0)
			return refuse(r, "there are rules of it already");
	if (out->n == LIMIT_TOPIC_PROFILES)
		return refuse(r, "too many profiles");
	r->v[out->n].name = name;
	r->v[out->n++].n = 0;
	return true;
}

static bool
take_rule(struct reading *r, enum topic_may may, const char *pattern)
{
	struct topic_profile *p;
	const char *fault;

	if (r->out->n == 0)
		return refuse(r, "of whom? a line \"rules NAME\" goes before");
	p = &r->v[r->out->n - 1];
	if (p->n == LIMIT_TOPIC_RULES)
		return refuse(r, "too many rules of one profile");
	fault = judge(r->out, may, pattern);
	if (fault != NULL)
		return refuse(r, fault);
	p->rule[p->n++] = (struct topic_rule){ may, pattern };
	return true;
}

static bool
take_line(struct reading *r, char *line)
{
	const char *word, *value;

	word = take_word(&line);
	if (word == NULL || *word == '#')
		return true;
	value = take_word(&line);
	if (value == NULL || take_word(&line) != NULL)
		return refuse(r, "a word and one value");
	if (strcmp(word, "model") == 0)
		return take_attribute(r, value, &r->out->model);
	if (strcmp(word, "profile") == 0)
		return take_attribute(r, value, &r->out->profile);
	if (strcmp(word, "rules") == 0)
		return take_profile(r, value);
	if (strcmp(word, "publish") == 0)
		return take_rule(r, TOPIC_PUBLISH, value);
	if (strcmp(word, "retain") == 0)
		return take_rule(r, TOPIC_RETAIN, value);
	if (strcmp(word, "subscribe") == 0)
		return take_rule(r, TOPIC_SUBSCRIBE, value);
	return refuse(r, "unknown word");
}

bool
topic_rules_read(struct arena *a, struct bytes text, struct topic_rules *out,
    char why[TOPIC_RULES_WHY])
{
	struct reading r = { .out = out, .why = why };
	char *p;

	*out = (struct topic_rules){ .v = NULL };
	if (text.n > LIMIT_TOPIC_FILE)
		return refuse(&r, "the file is too long");
	p = bytes_to_str(a, text);
	if (p == NULL)
		return refuse(&r, "the file holds a NUL");
	r.v = arena_alloc(a, LIMIT_TOPIC_PROFILES * sizeof(*r.v));
	out->v = r.v;
	while (*p != '\0') {
		char *line = p;

		p += strcspn(p, "\n");
		if (*p == '\n')
			*p++ = '\0';
		r.line++;
		if (!take_line(&r, line))
			return false;
	}
	if (out->n == 0)
		return refuse(&r, "there are no rules");
	return true;
}

const struct topic_rules *
topic_rules_default(void)
{
	static const struct topic_profile all = { .name = "*",
		.rule = { { TOPIC_PUBLISH, "devices/%d/up/#" },
		    { TOPIC_SUBSCRIBE, "devices/%d/down/#" } },
		.n = 2 };
	static const struct topic_rules rules = { .v = &all, .n = 1 };

	return &rules;
}

const struct topic_profile *
topic_rules_of(const struct topic_rules *rules, const char *profile)
{
	const struct topic_profile *all = NULL;
	size_t i;

	for (i = 0; i < rules->n; i++) {
		if (profile != NULL && strcmp(rules->v[i].name, profile) == 0)
			return &rules->v[i];
		if (strcmp(rules->v[i].name, "*") == 0)
			all = &rules->v[i];
	}
	return all;
}
