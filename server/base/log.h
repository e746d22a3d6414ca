/*
 * One line an event on standard error, as key=value or as a JSON object, with
 * the ids of the request and its trace.  Event names are constants that can be
 * grepped.  Senders choose many values: whatever is in one, it cannot end its
 * line, begin another field, or leave the line unreadable by being long.
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

/* How lines are written from here on; set once, before threads start. */
enum log_format { LOG_KEYVALUE, LOG_JSON };
void log_set_format(enum log_format format);

/* No lines from here on: for tools, which print the reason of a refusal
 * (cx->reason) themselves. */
void log_mute(void);

void log_event(const struct ctx *cx, const char *event,
    const struct log_field *fields, size_t n);

#endif
