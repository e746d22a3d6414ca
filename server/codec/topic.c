#include "codec/topic.h"

#include <stddef.h>

#include "base/limits.h"
#include "base/text.h"

#define TOPIC_MAX 65535 /* MQTT section 1.5.4 */

/* The level at the front of *rest, which loses it and its slash; false when
 * no level is left.  A topic has one level more than it has slashes, so an
 * exhausted rest is told from a last empty level by a NULL pointer. */
static bool
level_next(struct bytes *rest, struct bytes *level)
{
	const uint8_t *slash;

	if (rest->p == NULL)
		return false;
	slash = rest->n == 0 ? NULL : memchr(rest->p, '/', rest->n);
	*level = *rest;
	if (slash == NULL) {
		*rest = BYTES_NONE;
		return true;
	}
	level->n = (size_t)(slash - rest->p);
	rest->p = slash + 1;
	rest->n -= level->n + 1;
	return true;
}

static bool
is_char(struct bytes level, char c)
{
	return level.n == 1 && level.p[0] == (uint8_t)c;
}

/* Length and characters that names and filters share: the broker refuses
 * control characters too. */
static bool
text_ok(struct bytes s)
{
	size_t i;

	if (s.n < 1 || s.n > TOPIC_MAX || !text_is_utf8(s))
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
		/* U+0080 to U+009F */
		if (s.p[i] == 0xc2 && s.p[i + 1] < 0xa0)
			return false;
	}
	return true;
}

bool
topic_valid_publish(struct bytes topic)
{
	return text_ok(topic) && memchr(topic.p, '+', topic.n) == NULL &&
	       memchr(topic.p, '#', topic.n) == NULL;
}

bool
topic_filter_valid(struct bytes filter)
{
	struct bytes rest = filter, level;

	if (!text_ok(filter))
		return false;
	while (level_next(&rest, &level)) {
		if (is_char(level, '+') ||
		    (is_char(level, '#') && rest.p == NULL))
			continue;
		if (level.n > 0 && (memchr(level.p, '+', level.n) != NULL ||
				       memchr(level.p, '#', level.n) != NULL))
			return false;
	}
	return true;
}

bool
topic_grant_valid(struct bytes filter)
{
	return filter.n <= LIMIT_TOPIC && topic_filter_valid(filter) &&
	       filter.p[0] != '$';
}

/* Section 4.7.2: a wildcard at the start stays out of the broker's own. */
static bool
hides_system(struct bytes filter, struct bytes name)
{
	return name.n > 0 && name.p[0] == '$' && filter.n > 0 &&
	       (filter.p[0] == '+' || filter.p[0] == '#');
}

bool
topic_matches(struct bytes filter, struct bytes topic)
{
	struct bytes want, have;

	if (hides_system(filter, topic))
		return false;
	while (level_next(&filter, &want)) {
		if (is_char(want, '#'))
			return true;
		if (!level_next(&topic, &have))
			return false;
		if (!is_char(want, '+') && !bytes_eq(want, have))
			return false;
	}
	return topic.p == NULL;
}

bool
topic_filter_within(struct bytes filter, struct bytes allowed)
{
	struct bytes may, asks;

	if (hides_system(allowed, filter))
		return false;
	while (level_next(&allowed, &may)) {
		if (is_char(may, '#'))
			return true;
		if (!level_next(&filter, &asks) || is_char(asks, '#'))
			return false;
		if (!is_char(may, '+') && !bytes_eq(may, asks))
			return false;
	}
	return filter.p == NULL;
}
