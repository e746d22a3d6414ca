/*
 * The part of the token endpoint that is for apps.
 */
#ifndef HTTP_APP_H
#define HTTP_APP_H

#include "codec/form.h"
#include "http/http.h"

/* Answers the grants authorization_code and refresh_token, and refuses all
 * that are none. */
ERR_FN app_token(struct ctx *cx, struct request *rq, const struct form *form,
    struct reply *rs);

/* And the grant by which a hub acts for a sensor behind it (RFC 8693). */
ERR_FN exchange_token(struct ctx *cx, struct request *rq,
    const struct form *form, struct reply *rs);

#endif
