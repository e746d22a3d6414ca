/*
 * MQTT topic names and filters (MQTT 3.1.1 and 5.0, section 4.7).  Pure
 * functions on bytes; none of them allocates.  Nothing here knows who may
 * do what: that is plugin/decide.
 */
#ifndef CODEC_TOPIC_H
#define CODEC_TOPIC_H

#include <stdbool.h>

#include "base/bytes.h"

/* A name to publish to: 1 to 65535 bytes of UTF-8 without NUL or other
 * control characters, '+' and '#'. */
bool topic_valid_publish(struct bytes topic);

/* A filter to subscribe with: as a name, but '+' may fill a level and '#'
 * the last one. */
bool topic_filter_valid(struct bytes filter);

/* A filter that may be granted to a service: valid, at most LIMIT_TOPIC
 * bytes, and not below '$' (SECURITY.md R8). */
bool topic_grant_valid(struct bytes filter);

/* Whether a valid filter matches a valid name.  A wildcard at the start does
 * not match names that start with '$' (section 4.7.2). */
bool topic_matches(struct bytes filter, struct bytes topic);

/* Whether the allowed filter matches every name that filter matches.  Both
 * are valid; shared subscriptions ($share) are names like any other here.
 * Never true wrongly; denied wrongly is only what would be right because
 * nobody can publish to the empty name, and "#" within "+/#". */
bool topic_filter_within(struct bytes filter, struct bytes allowed);

#endif
