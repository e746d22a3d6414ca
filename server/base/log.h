/*
 * One line an event on standard error: key=value, values quoted whenever a
 * parser could be misled.  Event names are constants that can be grepped.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

struct ctx;

struct log_field {
	const char *key;
	const char *str; /* NULL: num is the value */
	int64_t num;
};

#define LOG_S(key, value) ((struct log_field){ (key), (value), 0 })
#define LOG_I(key, value) ((struct log_field){ (key), NULL, (value) })

/* LOG(cx, "enroll.issued", LOG_S("serial", s), LOG_I("n", 3)); cx may be
 * NULL outside a request. */
#define LOG(cx, event, ...)                                           \
	log_event((cx), (event), (struct log_field[]){ __VA_ARGS__ }, \
	    sizeof((struct log_field[]){ __VA_ARGS__ }) /             \
		sizeof(struct log_field))

/* No lines from here on: for tools, which print the reason of a refusal
 * (cx->reason) themselves. */
void log_mute(void);

void log_event(const struct ctx *cx, const char *event,
    const struct log_field *fields, size_t n);

#endif
