#include "base/arena.h"
#include "base/limits.h"
#include "codec/qr.h"
#include "client/device.h"

#define FORM "application/x-www-form-urlencoded"
#define GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define TEXT_BYTES 2048
/* RFC 8628 section 3.2 and 3.5. */
#define DEFAULT_INTERVAL 5
#define SLOW_DOWN_SECONDS 5

struct authorization {
	const char *device_code, *user_code;
	const char *verification_uri, *verification_uri_complete;
	int64_t expires_in, interval;
};

static const struct json_field authorization_fields[] = {
	JSON_F_STR(authorization, device_code, TEXT_BYTES, true),
	JSON_F_STR(authorization, user_code, TEXT_BYTES, true),
	JSON_F_STR(authorization, verification_uri, TEXT_BYTES, true),
	JSON_F_STR(authorization, verification_uri_complete, TEXT_BYTES, false),
	JSON_F_INT(authorization, expires_in, INT32_MAX, true),
	JSON_F_INT(authorization, interval, INT32_MAX, false),
	JSON_END,
};

struct token {
	const char *access_token, *token_type;
	int64_t expires_in;
};

static const struct json_field token_fields[] = {
	JSON_F_STR(token, access_token, TEXT_BYTES, true),
	JSON_F_STR(token, token_type, TEXT_BYTES, true),
	JSON_F_INT(token, expires_in, INT32_MAX, true),
	JSON_END,
};

struct oauth_error {
	const char *error;
};

static const struct json_field oauth_error_fields[] = {
	JSON_F_STR(oauth_error, error, 64, true),
	JSON_END,
};

static const struct err *
post_form(struct ctx *cx, const struct device *dev, const char *path,
    const char *body, struct api_reply *reply)
{
	struct api api = device_api(cx, dev, "birth");
	struct api_request rq = { .method = "POST",
		.path = path,
		.type = FORM,
		.body = bytes_str(body) };

	return api_send(cx, &api, &rq, reply);
}

/* Keeps what the service said about the new code. */
static const struct err *
keep_authorization(
    struct ctx *cx, struct device *dev, const struct authorization *a)
{
	struct device_state *s = &dev->state;

	device_set(&s->device_code, a->device_code);
	device_set(&s->user_code, a->user_code);
	device_set(&s->verification_uri, a->verification_uri);
	device_set(&s->verification_uri_complete,
	    a->verification_uri_complete != NULL ? a->verification_uri_complete
						 : "");
	s->code_expires_at = cx->now + a->expires_in;
	s->interval = a->interval;
	s->poll_at = cx->now + s->interval;
	return device_save(cx, dev);
}

const struct err *
device_authorize(struct ctx *cx, struct device *dev, struct device_result *out)
{
	struct authorization a = { .interval = DEFAULT_INTERVAL };
	struct api_reply reply = { .status = 0 };
	struct bytes csr;
	const struct err *e = device_prepare(cx, dev, false, &csr);

	*out = (struct device_result){ .next = DEVICE_DONE };
	if (e == NULL)
		e = post_form(cx, dev, "/oauth2/device_authorization",
		    arena_printf(cx->arena,
			"client_id=%s&csr=%s&attestation=%s",
			api_escape(cx, dev->state.client_id),
			bytes_b64u(cx->arena, csr), dev->state.attestation),
		    &reply);
	if (e != NULL)
		return e;
	out->request_id = reply.request_id;
	e = device_judge(cx, &reply, out);
	if (e != NULL || out->next != DEVICE_DONE)
		return e;
	/* RFC 6749 section 5.1: unknown members are to be ignored. */
	e = json_read_open(cx, reply.body, authorization_fields, &a);
	return e != NULL ? e : keep_authorization(cx, dev, &a);
}

/* Forgets the code: what is next is another phase. */
static const struct err *
drop_code(struct ctx *cx, struct device *dev, struct device_result *out)
{
	device_set(&dev->state.device_code, "");
	device_set(&dev->state.user_code, "");
	out->next = DEVICE_AGAIN;
	return device_save(cx, dev);
}

/* RFC 8628 section 3.5: what an error means for the next poll. */
static const struct err *
take_error(struct ctx *cx, struct device *dev, const struct api_reply *reply,
    struct device_result *out)
{
	struct device_state *s = &dev->state;
	struct oauth_error oe = { NULL };
	const struct err *e;

	e = json_read_open(cx, reply->body, oauth_error_fields, &oe);
	if (e != NULL)
		return api_check(cx, reply);
	out->next = DEVICE_WAIT;
	if (strcmp(oe.error, "slow_down") == 0)
		s->interval += SLOW_DOWN_SECONDS;
	if (strcmp(oe.error, "slow_down") == 0 ||
	    strcmp(oe.error, "authorization_pending") == 0) {
		out->wait = (int)s->interval;
		s->poll_at = cx->now + s->interval;
		return device_save(cx, dev);
	}
	if (strcmp(oe.error, "expired_token") == 0)
		return drop_code(cx, dev, out);
	if (strcmp(oe.error, "invalid_grant") == 0) {
		/* The code was used: perhaps by us, and the answer was lost
		 * for longer than the service repeats it.  Then the owner
		 * has approved this key. */
		s->reissue = true;
		return drop_code(cx, dev, out);
	}
	e = drop_code(cx, dev, out);
	return e != NULL ? e : api_check(cx, reply);
}

const struct err *
device_poll(struct ctx *cx, struct device *dev, struct device_result *out)
{
	struct api_reply reply = { .status = 0 };
	struct token t = { NULL, NULL, 0 };
	const struct err *e;

	*out = (struct device_result){ .next = DEVICE_DONE };
	e = post_form(cx, dev, "/oauth2/token",
	    arena_printf(cx->arena, "grant_type=%s&device_code=%s&client_id=%s",
		api_escape(cx, GRANT), api_escape(cx, dev->state.device_code),
		api_escape(cx, dev->state.client_id)),
	    &reply);
	if (e != NULL)
		return e;
	out->request_id = reply.request_id;
	if (reply.status == 400)
		return take_error(cx, dev, &reply, out);
	e = device_judge(cx, &reply, out);
	if (e != NULL || out->next != DEVICE_DONE)
		return e;
	e = json_read_open(cx, reply.body, token_fields, &t);
	if (e != NULL)
		return e;
	device_set(&dev->state.token, t.access_token);
	dev->state.token_expires_at = cx->now + t.expires_in;
	return device_save(cx, dev);
}

const struct err *
device_code_text(
    struct ctx *cx, const struct device_state *s, bool qr, const char **text)
{
	struct qr drawn;
	const struct err *e;

	*text = arena_printf(
	    cx->arena, "user code %s at %s", s->user_code, s->verification_uri);
	if (!qr || *s->verification_uri_complete == '\0')
		return NULL;
	e = qr_encode(cx, s->verification_uri_complete, &drawn);
	if (e == NULL)
		*text = arena_printf(
		    cx->arena, "%s\n%s", *text, qr_text(cx, &drawn));
	return e;
}
