#include "client/mqtt.h"

#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "client/api.h"
#include "pki/far_key.h"

#define ANSWER_MS 10000
#define KEEPALIVE_SECONDS 30
#define LOOP_MS 1000
#define INBOX 16
#define DEFAULT_PORT 8883
#define SUBACK_FAILURE 0x80
#define CONNACK_NOT_AUTHORIZED 5

const struct err ERR_MQTT_REFUSED = { KIND_FORBIDDEN, "mqtt-refused",
	"The broker refused." };
const struct err ERR_MQTT_LOST = { KIND_UNAVAILABLE, "mqtt-lost",
	"The connection to the broker ended." };

/* lock guards all below it; the session's thread and the caller meet there,
 * changed is told of every change. */
struct mqtt {
	struct mosquitto *m;
	pthread_t thread;
	bool running; /* the thread is there to be joined */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool answered, ended, stop;
	int code;     /* of CONNACK */
	int done_mid; /* last PUBACK or SUBACK */
	int granted;  /* of the last SUBACK */
	int64_t ended_us;
	char why[200]; /* last error that libmosquitto logged */
	struct mqtt_message inbox[INBOX];
	size_t first, count;
};

/* ---- called by libmosquitto on the session's thread */

static void
on_connect(struct mosquitto *m, void *arg, int code)
{
	struct mqtt *s = arg;

	(void)m;
	(void)pthread_mutex_lock(&s->lock);
	s->answered = true;
	s->code = code;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
on_end(struct mosquitto *m, void *arg, int rc)
{
	struct mqtt *s = arg;

	(void)m;
	(void)rc;
	(void)pthread_mutex_lock(&s->lock);
	if (!s->ended) {
		s->ended = true;
		s->ended_us = clock_mono_us();
	}
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
on_publish(struct mosquitto *m, void *arg, int mid)
{
	struct mqtt *s = arg;

	(void)m;
	(void)pthread_mutex_lock(&s->lock);
	s->done_mid = mid;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
on_subscribe(struct mosquitto *m, void *arg, int mid, int n, const int *granted)
{
	struct mqtt *s = arg;

	(void)m;
	(void)pthread_mutex_lock(&s->lock);
	s->done_mid = mid;
	s->granted = n == 1 ? granted[0] : SUBACK_FAILURE;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

/* Keeps a message; the oldest makes room. */
static void
on_message(struct mosquitto *m, void *arg, const struct mosquitto_message *msg)
{
	struct mqtt *s = arg;
	struct mqtt_message *box;

	(void)m;
	if (msg->payloadlen < 0 || msg->payloadlen > MQTT_PAYLOAD_BYTES ||
	    strlen(msg->topic) >= MQTT_TOPIC_BYTES)
		return;
	(void)pthread_mutex_lock(&s->lock);
	if (s->count == INBOX) {
		s->first = (s->first + 1) % INBOX;
		s->count--;
	}
	box = &s->inbox[(s->first + s->count++) % INBOX];
	(void)snprintf(box->topic, sizeof(box->topic), "%s", msg->topic);
	box->n = (size_t)msg->payloadlen;
	if (box->n > 0)
		memcpy(box->payload, msg->payload, box->n);
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
on_log(struct mosquitto *m, void *arg, int level, const char *text)
{
	struct mqtt *s = arg;

	(void)m;
	if (level != MOSQ_LOG_ERR)
		return;
	(void)pthread_mutex_lock(&s->lock);
	(void)snprintf(s->why, sizeof(s->why), "%s", text);
	(void)pthread_mutex_unlock(&s->lock);
}

static void *
session_thread(void *arg)
{
	struct mqtt *s = arg;
	bool stop = false;

	/* No loop_forever: it would reconnect by itself. */
	while (!stop && mosquitto_loop(s->m, LOOP_MS, 1) == MOSQ_ERR_SUCCESS) {
		(void)pthread_mutex_lock(&s->lock);
		stop = s->stop;
		(void)pthread_mutex_unlock(&s->lock);
	}
	on_end(s->m, s, 0);
	return NULL;
}

/* ---- called by the caller */

static struct timespec
deadline(int ms)
{
	int64_t us = clock_mono_us() + (int64_t)ms * 1000;

	return (struct timespec){ us / 1000000, (long)(us % 1000000) * 1000 };
}

static bool
is_answered(const struct mqtt *s, int mid)
{
	(void)mid;
	return s->answered;
}

static bool
is_done(const struct mqtt *s, int mid)
{
	return s->done_mid == mid;
}

static bool
has_message(const struct mqtt *s, int mid)
{
	(void)mid;
	return s->count > 0;
}

static bool
never(const struct mqtt *s, int mid)
{
	(void)s;
	(void)mid;
	return false;
}

/* Waits until until() or the session's end; the lock is held on return. */
static bool
wait_locked(
    struct mqtt *s, bool (*until)(const struct mqtt *, int), int mid, int ms)
{
	struct timespec end = deadline(ms);

	(void)pthread_mutex_lock(&s->lock);
	while (!until(s, mid) && !s->ended)
		if (pthread_cond_timedwait(&s->changed, &s->lock, &end) ==
		    ETIMEDOUT)
			break;
	return until(s, mid);
}

/* The reason that a session ended or an answer is missing. */
static const struct err *
lost(struct ctx *cx, struct mqtt *s, const char *what)
{
	char why[sizeof(s->why)];
	bool ended;

	(void)pthread_mutex_lock(&s->lock);
	(void)snprintf(why, sizeof(why), "%s", s->why);
	ended = s->ended;
	(void)pthread_mutex_unlock(&s->lock);
	return fail(cx, &ERR_MQTT_LOST, "%s: %s%s%s", what,
	    ended ? "the broker ended the connection"
		  : "no answer from the broker",
	    *why != '\0' ? ": " : "", why);
}

const struct err *
mqtt_split_url(struct ctx *cx, const char *url, const char **host, int *port)
{
	static const char scheme[] = "mqtts://";
	const char *p = url + sizeof(scheme) - 1;
	size_t n;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return fail(cx, &ERR_UNREACHABLE,
		    "MQTT_URL must be mqtts://host[:port], not %s", url);
	n = strcspn(p, ":/");
	*host = arena_printf(cx->arena, "%.*s", (int)n, p);
	*port = p[n] == ':' ? (int)strtol(p + n + 1, NULL, 10) : DEFAULT_PORT;
	if (n == 0 || *port < 1 || *port > 65535)
		return fail(cx, &ERR_UNREACHABLE,
		    "MQTT_URL must be mqtts://host[:port], not %s", url);
	return NULL;
}

static struct mqtt *
session_new(const char *client_id)
{
	struct mqtt *s = mem_new(1, sizeof(*s));
	pthread_condattr_t attr;

	(void)mosquitto_lib_init();
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	s->m = mosquitto_new(client_id, true, s);
	must(s->m != NULL);
	(void)mosquitto_threaded_set(s->m, true);
	(void)mosquitto_int_option(s->m, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_callback_set(s->m, on_connect);
	mosquitto_disconnect_callback_set(s->m, on_end);
	mosquitto_publish_callback_set(s->m, on_publish);
	mosquitto_subscribe_callback_set(s->m, on_subscribe);
	mosquitto_message_callback_set(s->m, on_message);
	mosquitto_log_callback_set(s->m, on_log);
	return s;
}

/* For a key that is elsewhere all of TLS is made here: what libmosquitto 2.0
 * checks a server by, it finds in contexts of its own alone. */
static const struct err *
set_far_key(struct ctx *cx, struct mqtt *s, const struct mqtt_target *t,
    const char *host)
{
	void *ssl_ctx = far_key_ctx_new();
	bool ok = far_key_use(ssl_ctx, t->cert, t->far) &&
		  far_key_verify(ssl_ctx, t->ca, host) &&
		  mosquitto_int_option(s->m, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS,
		      0) == MOSQ_ERR_SUCCESS &&
		  mosquitto_void_option(s->m, MOSQ_OPT_SSL_CTX, ssl_ctx) ==
		      MOSQ_ERR_SUCCESS;

	far_key_ctx_free(ssl_ctx); /* libmosquitto keeps it */
	return ok ? NULL
		  : fail(cx, &ERR_UNREACHABLE, "%s, %s: cannot be used",
			t->cert, t->ca);
}

/* Starts the TLS handshake and the session's thread. */
static const struct err *
session_start(struct ctx *cx, struct mqtt *s, const struct mqtt_target *t)
{
	const struct err *e;
	const char *host = NULL;
	int port = 0, rc;

	e = mqtt_split_url(cx, t->url, &host, &port);
	if (e == NULL && t->far != NULL)
		e = set_far_key(cx, s, t, host);
	if (e != NULL)
		return e;
	rc = t->far != NULL
		 ? MOSQ_ERR_SUCCESS
		 : mosquitto_tls_set(s->m, t->ca, NULL, t->cert, t->key, NULL);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_connect(s->m, host, port, KEEPALIVE_SECONDS);
	if (rc != MOSQ_ERR_SUCCESS)
		return fail(cx, &ERR_UNREACHABLE, "%s: %s%s%s", t->url,
		    rc == MOSQ_ERR_ERRNO ? strerror(errno)
					 : mosquitto_strerror(rc),
		    *s->why != '\0' ? ": " : "", s->why);
	must(pthread_create(&s->thread, NULL, session_thread, s) == 0);
	s->running = true;
	return NULL;
}

const struct err *
mqtt_open(struct ctx *cx, const struct mqtt_target *target, struct mqtt **out)
{
	AUTO_STRUCT(mqtt) *s = session_new(target->client_id);
	const struct err *e = session_start(cx, s, target);
	bool answered;
	int code;

	if (e != NULL)
		return e;
	answered = wait_locked(s, is_answered, 0, ANSWER_MS);
	code = s->code;
	(void)pthread_mutex_unlock(&s->lock);
	if (!answered)
		return lost(cx, s, "connecting");
	if (code == CONNACK_NOT_AUTHORIZED)
		return fail(cx, &ERR_MQTT_REFUSED,
		    "the broker refused the connection: not authorized");
	if (code != 0)
		return fail(cx, &ERR_MQTT_LOST,
		    "the broker does not take the connection now: %s",
		    mosquitto_connack_string(code));
	*out = TAKE(s);
	return NULL;
}

void
mqtt_close(struct mqtt *s)
{
	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	(void)pthread_mutex_unlock(&s->lock);
	if (s->running) {
		(void)mosquitto_disconnect(s->m);
		(void)pthread_join(s->thread, NULL);
	}
	mosquitto_destroy(s->m);
	(void)mosquitto_lib_cleanup();
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

const struct err *
mqtt_subscribe(struct ctx *cx, struct mqtt *s, const char *filter)
{
	bool done;
	int mid, granted;

	if (mosquitto_subscribe(s->m, &mid, filter, 1) != MOSQ_ERR_SUCCESS)
		return lost(cx, s, "subscribing");
	done = wait_locked(s, is_done, mid, ANSWER_MS);
	granted = s->granted;
	(void)pthread_mutex_unlock(&s->lock);
	if (!done)
		return lost(cx, s, "subscribing");
	if (granted >= SUBACK_FAILURE)
		return fail(cx, &ERR_MQTT_REFUSED,
		    "the broker refused the subscription to %s", filter);
	return NULL;
}

const struct err *
mqtt_publish(
    struct ctx *cx, struct mqtt *s, const char *topic, struct bytes payload)
{
	bool done;
	int mid;

	if (mosquitto_publish(s->m, &mid, topic, (int)payload.n, payload.p, 1,
		false) != MOSQ_ERR_SUCCESS)
		return lost(cx, s, "publishing");
	done = wait_locked(s, is_done, mid, ANSWER_MS);
	(void)pthread_mutex_unlock(&s->lock);
	return done ? NULL : lost(cx, s, "publishing");
}

bool
mqtt_receive(struct mqtt *s, int ms, struct mqtt_message *out)
{
	bool got = wait_locked(s, has_message, 0, ms);

	if (got) {
		*out = s->inbox[s->first];
		s->first = (s->first + 1) % INBOX;
		s->count--;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return got;
}

bool
mqtt_ended(struct mqtt *s, int ms, int64_t *at_us)
{
	bool ended;

	(void)wait_locked(s, never, 0, ms);
	ended = s->ended;
	*at_us = s->ended_us;
	(void)pthread_mutex_unlock(&s->lock);
	return ended;
}
