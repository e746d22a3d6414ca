/*
 * What devices may publish and subscribe at the broker, by the profile that
 * their certificates name: a file of lines, '#' comments.
 *
 *	model O                          an attribute of the subject (O, OU)
 *	profile OU                       likewise; without it all are of "*"
 *	rules *                          of every profile without its own
 *		publish devices/%d/up/#
 *		subscribe devices/%d/down/#
 *	rules meter
 *		retain devices/%d/up/state   may be published retained, too
 *		publish fleet/%m/%d/up
 *		subscribe fleet/%m/all
 *
 * %d is the device id, %m the model, %p the profile, %% a percent sign.  An
 * allow-list (SECURITY.md R8): whoever publishes does so below its own id,
 * and whoever subscribes with a wildcard does.  Pure, strict and limited; the
 * broker's plugin and "latchkey broker check" read it alike.
 */
#ifndef CODEC_TOPIC_RULES_H
#define CODEC_TOPIC_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/limits.h"

struct arena;

enum topic_may { TOPIC_PUBLISH, TOPIC_RETAIN, TOPIC_SUBSCRIBE };

struct topic_rule {
	enum topic_may may;
	const char *pattern;
};

struct topic_profile {
	const char *name; /* or "*" */
	struct topic_rule rule[LIMIT_TOPIC_RULES];
	size_t n;
};

struct topic_rules {
	/* "O", "OU"; NULL: the certificate does not say */
	const char *model, *profile;
	const struct topic_profile *v;
	size_t n;
};

#define TOPIC_RULES_WHY 160

/* Reads the file's text into the arena; false with "line N: reason". */
bool topic_rules_read(struct arena *a, struct bytes text,
    struct topic_rules *out, char why[TOPIC_RULES_WHY]);

/* What is allowed where there is no file. */
const struct topic_rules *topic_rules_default(void);

/* The rules of a profile (NULL: not known), else those of "*", else NULL:
 * nothing is allowed. */
const struct topic_profile *
topic_rules_of(const struct topic_rules *rules, const char *profile);

struct topic_names {
	const char *device;
	const char *model, *profile; /* NULL or empty: not known */
};

/* Whether the names may stand in a topic: a level of letters, digits and
 * "-._", at most LIMIT_SLUG characters. */
bool topic_name_ok(const char *name);

/* The pattern with the names in it; false if it needs one that is not known,
 * or does not fit. */
bool topic_rule_expand(const char *pattern, const struct topic_names *names,
    char out[LIMIT_TOPIC + 1]);

#endif
