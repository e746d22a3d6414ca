/*
 * May this identity do this on this topic?  Pure, and an allow-list: what no
 * rule allows is denied (SECURITY.md R8).  A device has what the rules of its
 * profile give it (codec/topic_rules), in quarantine only
 * devices/<id>/quarantine/#; a service has the patterns it was given.
 */
#ifndef PLUGIN_DECIDE_H
#define PLUGIN_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "codec/topic_rules.h"
#include "plugin/view.h"

#define DECIDE_SUFFIXES 4 /* client ids of a device beside its own */

/* Who a user name of ours stands for. */
struct who {
	bool is_service;
	char name[LIMIT_SLUG + 1]; /* device id in text, or service name */
	uint8_t id[VIEW_ID_BYTES]; /* of a device */
	/* Of a device, as its certificate says; empty: it does not. */
	char profile[LIMIT_SLUG + 1], model[LIMIT_SLUG + 1];
};

#define WHO_USERNAME_BYTES (8 + 3 * (LIMIT_SLUG + 1))

/* The device id, and if the certificate named them "/PROFILE/MODEL"; or
 * "service:" and the service's name; false if it is neither.  The broker
 * keeps it with the queue of a client that is offline, when there is no
 * certificate to read. */
bool who_parse(const char *username, struct who *out);
void who_username(const struct who *who, char out[WHO_USERNAME_BYTES]);

/* Whether it may use this client id: its own, and with "-1" to "-4" for a
 * device, or "-" and 1 to 16 letters a-z and digits for a service; anything
 * else, or what is another's by this rule, could take over a session. */
bool decide_client_id(
    const struct view *v, const struct who *who, const char *client_id);

/* Whether it is refused altogether: a device by the feed, a service that is
 * unknown or withdrawn; why is filled if it is. */
bool
decide_refused(const struct view *v, const struct who *who, const char **why);

enum decide_access {
	DECIDE_READ, /* one message is about to be delivered */
	DECIDE_WRITE,
	DECIDE_SUBSCRIBE,
	DECIDE_UNSUBSCRIBE,
};

struct decide_ask {
	enum decide_access access;
	const char *topic; /* a filter for the last two */
	bool retain;
	const struct topic_rules *rules; /* of devices */
};

bool decide(
    const struct view *v, const struct who *who, const struct decide_ask *ask);

#endif
