/*
 * A session at the broker over mutual TLS, with libmosquitto: MQTT 3.1.1,
 * QoS 1, one thread of its own.  Every call here waits for the broker's
 * answer, so that a caller reads as a list of steps.  Version 3.1.1 on
 * purpose: a broker ends such a session by closing the connection, so the
 * end that is seen here is end-of-file on the socket itself.
 */
#ifndef CLIENT_MQTT_H
#define CLIENT_MQTT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

#define MQTT_TOPIC_BYTES 256
#define MQTT_PAYLOAD_BYTES 1024

struct mqtt;

struct mqtt_target {
	const char *url;             /* mqtts://host[:port] */
	const char *ca, *cert, *key; /* PEM files */
	struct far_key *far;         /* in place of key, or NULL */
	const char *client_id;
};

struct mqtt_message {
	char topic[MQTT_TOPIC_BYTES];
	uint8_t payload[MQTT_PAYLOAD_BYTES];
	size_t n;
};

/* The broker answered that this is not authorized (MQTT 3.1.1 section
 * 3.2.2.3, and 3.9.3 for a subscription). */
extern const struct err ERR_MQTT_REFUSED;
/* The connection ended, or an answer did not come in time. */
extern const struct err ERR_MQTT_LOST;

/* Splits mqtts://host[:port][/]; *host is in the arena. */
ERR_FN
mqtt_split_url(struct ctx *cx, const char *url, const char **host, int *port);

/* Connects; *out is freed with mqtt_close. */
ERR_FN
mqtt_open(struct ctx *cx, const struct mqtt_target *target, struct mqtt **out);

/* Ends the session in order, if it is still there. */
void mqtt_close(struct mqtt *m);
AUTO_STRUCT_DEFINE(mqtt, mqtt_close);

/* Subscribes; a filter that is not granted is ERR_MQTT_REFUSED. */
ERR_FN mqtt_subscribe(struct ctx *cx, struct mqtt *m, const char *filter);

/* Publishes and waits until the broker has taken the message over. */
ERR_FN mqtt_publish(
    struct ctx *cx, struct mqtt *m, const char *topic, struct bytes payload);

/* Waits for the next message; false if none came or the session ended. */
bool mqtt_receive(struct mqtt *m, int ms, struct mqtt_message *out);

/* Waits for the session's end; *at_us is when it was seen, by
 * clock_mono_us.  False if it is still open after ms. */
bool mqtt_ended(struct mqtt *m, int ms, int64_t *at_us);

#endif
