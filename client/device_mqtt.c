#include "base/arena.h"
#include "client/device.h"

/* The client id is the device id, and the certificate says who it is: no
 * user name, no password.  Topics are the device's own:
 * devices/<id>/up/... to publish, devices/<id>/down/... to subscribe. */
const struct err *
device_connect(struct ctx *cx, const struct device *dev, struct mqtt **out)
{
	AUTO_STRUCT(mqtt) *m = NULL;
	struct device_identity who;
	struct mqtt_target target = { .url = dev->mqtt_url,
		.ca = dev->ca,
		.cert = device_path(cx, dev, "op.crt"),
		.key = device_path(cx, dev, "op.key"),
		.far = dev->far };
	const struct err *e = device_identity(cx, dev, &who);

	if (e != NULL)
		return e;
	target.client_id = who.id;
	e = mqtt_open(cx, &target, &m);
	if (e == NULL)
		e = mqtt_subscribe(cx, m,
		    arena_printf(cx->arena, "devices/%s/down/#", who.id));
	if (e == NULL)
		*out = TAKE(m);
	return e;
}
