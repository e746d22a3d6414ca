#include "plugin/decide.h"

#include "base/text.h"
#include "codec/topic.h"

#define SERVICE_PREFIX "service:"
#define SUFFIX_MAX 16
#define UUID_CHARS 36

/* "/PROFILE/MODEL", either of which may be empty. */
static bool
take_names(const char *text, struct who *out)
{
	size_t n = strcspn(++text, "/");
	const char *model = text + n + 1;

	if (text[n] == '\0' || n > LIMIT_SLUG || strlen(model) > LIMIT_SLUG)
		return false;
	(void)snprintf(
	    out->profile, sizeof(out->profile), "%.*s", (int)n, text);
	(void)snprintf(out->model, sizeof(out->model), "%s", model);
	return (n == 0 || topic_name_ok(out->profile)) &&
	       (*model == '\0' || topic_name_ok(model));
}

bool
who_parse(const char *username, struct who *out)
{
	size_t n = strlen(SERVICE_PREFIX);

	memset(out, 0, sizeof(*out));
	if (strncmp(username, SERVICE_PREFIX, n) == 0) {
		out->is_service = true;
		username += n;
		if (!text_is_slug(bytes_str(username)))
			return false;
		/* That alphabet keeps it within LIMIT_SLUG. */
		(void)snprintf(out->name, sizeof(out->name), "%s", username);
		return true;
	}
	n = strcspn(username, "/");
	(void)snprintf(out->name, sizeof(out->name), "%.*s",
	    (int)(n < LIMIT_SLUG ? n : LIMIT_SLUG), username);
	return view_id_of_uuid(out->name, out->id) &&
	       (username[n] == '\0' || take_names(username + n, out));
}

void
who_username(const struct who *who, char out[WHO_USERNAME_BYTES])
{
	const char *slash =
	    *who->profile != '\0' || *who->model != '\0' ? "/" : "";

	(void)snprintf(out, WHO_USERNAME_BYTES, "%s%s%s%s%s%s",
	    who->is_service ? SERVICE_PREFIX : "", who->name, slash,
	    who->profile, slash, who->model);
}

/* A device's own id, or with "-1" to "-4" (R8). */
static bool
is_device_client_id(const char *id, const char *client_id)
{
	if (strncmp(client_id, id, UUID_CHARS) != 0)
		return false;
	client_id += UUID_CHARS;
	return *client_id == '\0' ||
	       (client_id[0] == '-' && client_id[1] >= '1' &&
		   client_id[1] <= '0' + DECIDE_SUFFIXES &&
		   client_id[2] == '\0');
}

static bool
is_suffix(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789");

	return n >= 1 && n <= SUFFIX_MAX && s[n] == '\0';
}

/* A service's name may look like a device id, or be the beginning of one or
 * of another service's name: those client ids stay with their owners. */
static bool
is_someone_elses(const struct view *v, const char *name, const char *client_id)
{
	struct bytes head = bytes_str(client_id);

	if (head.n > UUID_CHARS)
		head.n = UUID_CHARS;
	if (text_is_uuid(head))
		return true;
	return strcmp(client_id, name) != 0 &&
	       view_service(v, client_id) != NULL;
}

bool
decide_client_id(
    const struct view *v, const struct who *who, const char *client_id)
{
	size_t n = strlen(who->name);

	if (!who->is_service)
		return is_device_client_id(who->name, client_id);
	if (strncmp(client_id, who->name, n) != 0 ||
	    is_someone_elses(v, who->name, client_id))
		return false;
	client_id += n;
	return *client_id == '\0' ||
	       (*client_id == '-' && is_suffix(client_id + 1));
}

bool
decide_refused(const struct view *v, const struct who *who, const char **why)
{
	if (who->is_service) {
		*why = "service-unknown";
		return view_service(v, who->name) == NULL;
	}
	*why = "device-refused";
	return view_device_refused(v, who->id);
}

/* Whether the pattern allows the filter (subscribe) or the name (else). */
static bool
pattern_allows(const char *pattern, const struct decide_ask *ask)
{
	struct bytes allowed = bytes_str(pattern);
	struct bytes topic = bytes_str(ask->topic);

	if (ask->access == DECIDE_SUBSCRIBE)
		return topic_filter_within(topic, allowed);
	return topic_matches(allowed, topic);
}

static bool
service_may(const struct service *s, const struct decide_ask *ask)
{
	char *const *p =
	    ask->access == DECIDE_WRITE ? s->publish : s->subscribe;

	for (; *p != NULL; p++)
		if (pattern_allows(*p, ask))
			return true;
	return false;
}

/* Whether the rule is about what is asked.  To retain is a right of its own
 * (R8): the broker goes on delivering it, whatever becomes of the device. */
static bool
is_about(enum topic_may may, const struct decide_ask *ask)
{
	if (ask->access != DECIDE_WRITE)
		return may == TOPIC_SUBSCRIBE;
	return may == TOPIC_RETAIN || (may == TOPIC_PUBLISH && !ask->retain);
}

static bool
rules_allow(const struct who *who, const struct decide_ask *ask)
{
	struct topic_names names = { who->name, who->model, who->profile };
	const struct topic_profile *p =
	    topic_rules_of(ask->rules, who->profile);
	char pattern[LIMIT_TOPIC + 1];
	size_t i;

	for (i = 0; p != NULL && i < p->n; i++)
		if (is_about(p->rule[i].may, ask) &&
		    topic_rule_expand(p->rule[i].pattern, &names, pattern) &&
		    pattern_allows(pattern, ask))
			return true;
	return false;
}

static bool
device_may(
    const struct view *v, const struct who *who, const struct decide_ask *ask)
{
	char pattern[96];

	if (!view_quarantined(v, who->id))
		return rules_allow(who, ask);
	if (ask->access == DECIDE_WRITE && ask->retain)
		return false;
	(void)snprintf(
	    pattern, sizeof(pattern), "devices/%s/quarantine/#", who->name);
	return pattern_allows(pattern, ask);
}

bool
decide(
    const struct view *v, const struct who *who, const struct decide_ask *ask)
{
	bool is_filter = ask->access == DECIDE_SUBSCRIBE ||
			 ask->access == DECIDE_UNSUBSCRIBE;
	struct bytes topic = bytes_str(ask->topic);
	const char *why;

	/* $share, $CONTROL, $SYS and any other (R8). */
	if (ask->topic[0] == '$')
		return false;
	if (is_filter ? !topic_filter_valid(topic)
		      : !topic_valid_publish(topic))
		return false;
	if (decide_refused(v, who, &why))
		return false;
	/* To stop listening takes nothing from anybody. */
	if (ask->access == DECIDE_UNSUBSCRIBE)
		return true;
	if (who->is_service)
		return service_may(view_service(v, who->name), ask);
	return device_may(v, who, ask);
}
