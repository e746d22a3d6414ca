/*
 * The maker's, the platform's and the operator's parts of the demonstration.
 */
#ifndef CLIENT_DEMO_PARTS_H
#define CLIENT_DEMO_PARTS_H

#include "client/demo.h"
#include "client/device.h"
#include "client/mqtt.h"
#include "client/owner.h"
#include "pki/key.h"

struct demo {
	struct ctx *cx;
	const struct demo_place *place;
	int64_t step_us;    /* when the step began */
	const char *serial; /* of the unit: new in each run */
	struct keypair *owner_key;
	struct owner_app owner;
	struct owner_approval shown;
	struct device device;
	const char *device_id, *cert_serial;
	struct mqtt *session; /* the device's */
	struct mqtt *back;    /* the platform's back end */
};

/* A step that did not do what it must. */
extern const struct err ERR_DEMO;

/* The line of a step that held, with the time since it began. */
void demo_say(struct demo *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A line below it. */
void demo_tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Steps. */
ERR_FN demo_register(struct demo *d);
ERR_FN demo_make_unit(struct demo *d);
ERR_FN demo_import(struct demo *d);
ERR_FN demo_add_owner(struct demo *d);
ERR_FN demo_back_end(struct demo *d);
ERR_FN demo_messages(struct demo *d);

/* The operator's call alone. */
ERR_FN demo_revoke(struct demo *d);

/* A message from the back end to itself by way of the broker. */
ERR_FN demo_back_end_works(struct demo *d);

/* Checks that a call was refused, and by the operator's record of it for
 * the right reason. */
struct demo_refusal {
	const char *what;
	const struct err *e; /* how the call ended */
	const char *request_id;
	const char *kind, *detail; /* what the record must say */
};
ERR_FN demo_refused(struct demo *d, const struct demo_refusal *r);

#endif
