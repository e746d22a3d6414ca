/*
 * Many sessions at the broker, watched by one thread: what a session of
 * client/mqtt.h is to one device, to as many as file descriptors last.  Who
 * joins only stays connected; when each session ended is known to the
 * microsecond, as end-of-file on its socket.
 */
#ifndef CLIENT_CROWD_H
#define CLIENT_CROWD_H

#include "client/mqtt.h"

struct crowd;

/* Room, and file descriptors, for max sessions; freed with crowd_free, which
 * ends those that still stand. */
ERR_FN crowd_new(struct ctx *cx, size_t max, struct crowd **out);
void crowd_free(struct crowd *c);
AUTO_STRUCT_DEFINE(crowd, crowd_free);

/* Connects and waits for the broker's answer; ERR_MQTT_REFUSED, ERR_MQTT_LOST
 * or ERR_UNREACHABLE.  *seat names the session from now on. */
ERR_FN crowd_join(struct ctx *cx, struct crowd *c,
    const struct mqtt_target *target, size_t *seat);

/* Waits for the session's end; *at_us is when it was seen, by clock_mono_us.
 * False if it is still open after ms. */
bool crowd_ended(struct crowd *c, size_t seat, int ms, int64_t *at_us);

/* Ends the session in order, if it still stands, and gives its seat up. */
void crowd_leave(struct crowd *c, size_t seat);

#endif
