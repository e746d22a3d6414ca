#include "plugin/decide.h"

#include "base/text.h"
#include "codec/topic.h"

#define SERVICE_PREFIX "service:"
#define SUFFIX_MAX 16
#define UUID_CHARS 36

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
	} else if (!view_id_of_uuid(username, out->id)) {
		return false;
	}
	/* Both alphabets keep it within LIMIT_SLUG. */
	(void)snprintf(out->name, sizeof(out->name), "%s", username);
	return true;
}

void
who_username(const struct who *who, char out[WHO_USERNAME_BYTES])
{
	(void)snprintf(out, WHO_USERNAME_BYTES, "%s%s",
	    who->is_service ? SERVICE_PREFIX : "", who->name);
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

static bool
device_may(
    const struct view *v, const struct who *who, const struct decide_ask *ask)
{
	const char *branch = ask->access == DECIDE_WRITE ? "up" : "down";
	char pattern[96];

	/* No profile allows a device to retain (R8): the broker would go on
	 * delivering it after the device was refused. */
	if (ask->access == DECIDE_WRITE && ask->retain)
		return false;
	if (view_quarantined(v, who->id))
		branch = "quarantine";
	(void)snprintf(
	    pattern, sizeof(pattern), "devices/%s/%s/#", who->name, branch);
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
