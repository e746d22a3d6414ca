/*
 * Touches of passkeys in JSON: the question, as pages put it to
 * navigator.credentials, and its answers (domain/touch).
 */
#ifndef HTTP_TOUCH_JSON_H
#define HTTP_TOUCH_JSON_H

#include "codec/json.h"
#include "domain/touch.h"

extern const struct json_field touch_challenge_fields[];
extern const struct json_field touch_answer_fields[];
extern const struct json_field touch_made_fields[];

#endif
