/*
 * The main job from end to end against a running stack, as four people play
 * it: the maker in its factory, the device, its owner, the platform with its
 * back end.  One line a step, with the time it took; the first step that
 * does not hold ends it.
 */
#ifndef CLIENT_DEMO_H
#define CLIENT_DEMO_H

#include "client/api.h"

struct demo_place {
	struct api service;   /* as devices and owners call it */
	struct api admin;     /* with an operator's token */
	const char *issuer;   /* what the service calls itself */
	const char *mqtt_url; /* the broker */
	const char *dir;      /* an empty directory, or one to be made */
};

/* Plays it; may be repeated on the same database. */
ERR_FN demo_play(struct ctx *cx, const struct demo_place *place);

#endif
