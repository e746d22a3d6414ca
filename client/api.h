/*
 * HTTPS calls to the service, with libcurl: TLS 1.2 or later, the server's
 * chain must end in the given root, never a redirect, a time limit on
 * everything.  A reply of any status is a success here; api_json and
 * api_check turn what is not 2xx into a refusal that says what the service
 * said and under which request id its operator finds the reason.
 */
#ifndef CLIENT_API_H
#define CLIENT_API_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "codec/json.h"

/* Whom to call, and as whom. */
struct api {
	const char *url;        /* https://host[:port] */
	const char *ca;         /* PEM file of the root */
	const char *bearer;     /* Authorization: Bearer, or NULL */
	const char *cert, *key; /* PEM files for mutual TLS, or NULL */
	struct far_key *far;    /* in place of key, or NULL */
	int patience; /* seconds to keep trying while the answer is 503 */
	/* Set when an answer says that not all who follow the feed have read of
	 * what it refuses; NULL: nobody asks. */
	bool *unfollowed;
};

/* Told as an upload goes on, at least once a second. */
typedef void api_progress_fn(void *arg, int64_t sent, int64_t total);

struct api_request {
	const char *method;      /* NULL: GET */
	const char *path;        /* with its query */
	const char *type;        /* Content-Type of the body, or NULL */
	const char *if_match;    /* an entity tag, or NULL */
	const char *attestation; /* a handle of evidence, or NULL */
	struct bytes body;
	FILE *upload; /* instead of body: PUT this many bytes of a file */
	int64_t upload_bytes;
	api_progress_fn *progress;
	void *progress_arg;
};

struct api_reply {
	int status;
	int retry_after;        /* seconds; 0 if not said */
	const char *type;       /* Content-Type, or "" */
	const char *request_id; /* or "" */
	bool unfollowed;        /* Latchkey-Followed: false */
	struct bytes body;
};

/* Nothing was answered: whether the request arrived is unknown. */
extern const struct err ERR_UNREACHABLE;
/* The service said no. */
extern const struct err ERR_REFUSED;
/* It is not done: another operator has to confirm it (H4). */
extern const struct err ERR_PROPOSED;
/* The service said something that its contract does not allow. */
extern const struct err ERR_BAD_REPLY;

/* Sends one request; on 503 again after Retry-After while patience lasts. */
ERR_FN api_send(struct ctx *cx, const struct api *api,
    const struct api_request *rq, struct api_reply *out);

/* NULL for 2xx, otherwise a refusal with the service's own words. */
ERR_FN api_check(struct ctx *cx, const struct api_reply *reply);

struct api_shape {
	const struct json_field *fields;
	void *data;
};

/* JSON in and out, and api_check; in and out may be NULL.  Unknown members
 * of the answer are ignored: the service may be newer than we are. */
ERR_FN api_json(struct ctx *cx, const struct api *api, const char *what,
    const struct api_shape *in, const struct api_shape *out);

/* text made safe for a path segment or a query value, in the arena. */
const char *api_escape(struct ctx *cx, const char *text);

/* Sleeps. */
void api_wait_ms(int ms);

#endif
