/*
 * Touches of passkeys in JSON: the question, as pages put it to
 * navigator.credentials, and its answers (domain/touch).
 */
#ifndef HTTP_TOUCH_JSON_H
#define HTTP_TOUCH_JSON_H

#include "base/ctx.h"
#include "codec/json.h"
#include "domain/touch.h"

extern const struct json_field touch_challenge_fields[];
extern const struct json_field touch_answer_fields[];
extern const struct json_field touch_made_fields[];

/* A body that is a touch; *out is NULL where it is "{}", from owners who show
 * in another way that it is them (touch_owner). */
ERR_FN
touch_read(struct ctx *cx, struct bytes body, const struct touch_answer **out);

/* The member of a body; NULL where it was left out. */
const struct touch_answer *touch_given(const struct touch_answer *in);

#endif
