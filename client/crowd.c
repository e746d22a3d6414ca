#include "client/crowd.h"

#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/api.h"

#define ANSWER_MS 30000
#define KEEPALIVE_SECONDS 60
#define TURN_MS 1000
/* A session's socket and the pair that libmosquitto wakes itself by. */
#define DESCRIPTORS 3
#define OTHER_DESCRIPTORS 64
#define CONNACK_NOT_AUTHORIZED 5

struct seat {
	struct crowd *crowd;
	struct mosquitto *m; /* NULL once it is over */
	bool taken;          /* by a caller that has not left */
	bool answered, ended;
	int code; /* of CONNACK */
	int64_t ended_us;
};

/* lock guards the seats, and each session's handle from the time it is in
 * its seat; libmosquitto calls back with it held. */
struct crowd {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int wake;
	bool stop;
	struct seat *seats;
	size_t max;
	/* Of the thread alone: the wake-up, then seats. */
	struct pollfd *fds;
	size_t *whose;
	int64_t all_us; /* when keep-alive is due for everybody */
};

/* ---- called by libmosquitto on the crowd's thread */

static void
on_connect(struct mosquitto *m, void *arg, int code)
{
	struct seat *s = arg;

	(void)m;
	s->answered = true;
	s->code = code;
	must(pthread_cond_broadcast(&s->crowd->changed) == 0);
}

static void
note_end(struct seat *s)
{
	if (!s->ended) {
		s->ended = true;
		s->ended_us = clock_mono_us();
	}
	must(pthread_cond_broadcast(&s->crowd->changed) == 0);
}

static void
on_end(struct mosquitto *m, void *arg, int rc)
{
	(void)m;
	(void)rc;
	note_end(arg);
}

/* ---- the crowd's thread */

/* Whom to wait for; the seats may be more at the next turn. */
static nfds_t
gather(struct crowd *c)
{
	nfds_t n = 1;
	size_t i;

	c->fds[0] = (struct pollfd){ .fd = c->wake, .events = POLLIN };
	for (i = 0; i < c->max; i++) {
		struct seat *s = &c->seats[i];

		if (s->m == NULL)
			continue;
		c->fds[n].fd = mosquitto_socket(s->m);
		c->fds[n].events =
		    mosquitto_want_write(s->m) ? POLLIN | POLLOUT : POLLIN;
		c->fds[n].revents = 0;
		c->whose[n++] = i;
	}
	return n;
}

static void
serve(struct seat *s, short events, bool all)
{
	int rc = MOSQ_ERR_SUCCESS;

	if (s->m == NULL || (events == 0 && !all))
		return;
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
		rc = mosquitto_loop_read(s->m, 1);
	if (rc == MOSQ_ERR_SUCCESS && (events & POLLOUT) != 0)
		rc = mosquitto_loop_write(s->m, 1);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_loop_misc(s->m);
	if (rc == MOSQ_ERR_SUCCESS && !s->ended)
		return;
	note_end(s);
	/* Its descriptors are free for the next. */
	mosquitto_destroy(s->m);
	s->m = NULL;
}

/* What came for whom; at a wake-up, and once a turn, everybody. */
static void
serve_all(struct crowd *c, nfds_t n)
{
	bool all = c->fds[0].revents != 0 || clock_mono_us() >= c->all_us;
	uint64_t count;
	nfds_t i;

	if (c->fds[0].revents != 0)
		(void)!read(c->wake, &count, sizeof(count));
	if (all)
		c->all_us = clock_mono_us() + TURN_MS * 1000;
	for (i = 1; i < n; i++)
		serve(&c->seats[c->whose[i]], c->fds[i].revents, all);
}

static void *
crowd_thread(void *arg)
{
	struct crowd *c = arg;
	bool stop = false;

	while (!stop) {
		nfds_t n;

		must(pthread_mutex_lock(&c->lock) == 0);
		n = gather(c);
		must(pthread_mutex_unlock(&c->lock) == 0);
		if (poll(c->fds, n, TURN_MS) < 0)
			continue;
		must(pthread_mutex_lock(&c->lock) == 0);
		serve_all(c, n);
		stop = c->stop;
		must(pthread_mutex_unlock(&c->lock) == 0);
	}
	return NULL;
}

/* ---- called by the caller */

static ERR_FN
raise_descriptors(struct ctx *cx, size_t max)
{
	rlim_t need = max * DESCRIPTORS + OTHER_DESCRIPTORS;
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur >= need)
		return NULL;
	if (limit.rlim_max < need)
		return fail(cx, &ERR_UNREACHABLE,
		    "%zu sessions take %llu file descriptors, and the limit "
		    "is %llu (ulimit -Hn)",
		    max, (unsigned long long)need,
		    (unsigned long long)limit.rlim_max);
	limit.rlim_cur = need;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return NULL;
}

const struct err *
crowd_new(struct ctx *cx, size_t max, struct crowd **out)
{
	const struct err *e = raise_descriptors(cx, max);
	pthread_condattr_t monotonic;
	struct crowd *c;

	if (e != NULL)
		return e;
	c = *out = mem_new(1, sizeof(*c));
	(void)mosquitto_lib_init();
	c->max = max;
	c->seats = mem_new(max, sizeof(*c->seats));
	c->fds = mem_new(max + 1, sizeof(*c->fds));
	c->whose = mem_new(max + 1, sizeof(*c->whose));
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(c->wake >= 0);
	must(pthread_mutex_init(&c->lock, NULL) == 0);
	must(pthread_condattr_init(&monotonic) == 0);
	must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&c->changed, &monotonic) == 0);
	must(pthread_condattr_destroy(&monotonic) == 0);
	must(pthread_create(&c->thread, NULL, crowd_thread, c) == 0);
	return NULL;
}

static void
wake(struct crowd *c)
{
	static const uint64_t one = 1;

	(void)!write(c->wake, &one, sizeof(one));
}

void
crowd_free(struct crowd *c)
{
	size_t i;

	if (c == NULL)
		return;
	must(pthread_mutex_lock(&c->lock) == 0);
	c->stop = true;
	must(pthread_mutex_unlock(&c->lock) == 0);
	wake(c);
	must(pthread_join(c->thread, NULL) == 0);
	for (i = 0; i < c->max; i++)
		if (c->seats[i].m != NULL)
			mosquitto_destroy(c->seats[i].m);
	(void)close(c->wake);
	(void)mosquitto_lib_cleanup();
	must(pthread_cond_destroy(&c->changed) == 0);
	must(pthread_mutex_destroy(&c->lock) == 0);
	mem_free(c->whose);
	mem_free(c->fds);
	mem_free(c->seats);
	mem_free(c);
}

/* TCP is there when this returns; TLS and CONNECT are the thread's. */
static ERR_FN
start(struct ctx *cx, struct mosquitto *m, const struct mqtt_target *t)
{
	const char *host;
	int port, rc;
	const struct err *e = mqtt_split_url(cx, t->url, &host, &port);

	if (e != NULL)
		return e;
	(void)mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_disconnect_callback_set(m, on_end);
	rc = mosquitto_tls_set(m, t->ca, NULL, t->cert, t->key, NULL);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_connect(m, host, port, KEEPALIVE_SECONDS);
	return rc == MOSQ_ERR_SUCCESS
		   ? NULL
		   : fail(cx, &ERR_UNREACHABLE, "%s: %s", t->url,
			 rc == MOSQ_ERR_ERRNO ? strerror(errno)
					      : mosquitto_strerror(rc));
}

/* Until the seat is answered or over, or only over; the lock is held. */
static void
wait_locked(struct crowd *c, const struct seat *s, bool over, int ms)
{
	struct timespec until;

	clock_mono_after((int64_t)ms * 1000, &until);
	while (!s->ended && (over || !s->answered))
		if (pthread_cond_timedwait(&c->changed, &c->lock, &until) ==
		    ETIMEDOUT)
			break;
}

/* A seat that nobody has, and whose session is gone. */
static struct seat *
free_seat(struct crowd *c)
{
	struct seat *s = NULL;
	size_t i;

	must(pthread_mutex_lock(&c->lock) == 0);
	for (i = 0; s == NULL && i < c->max; i++)
		if (!c->seats[i].taken && c->seats[i].m == NULL)
			s = &c->seats[i];
	must(s != NULL);
	*s = (struct seat){ .crowd = c, .taken = true };
	must(pthread_mutex_unlock(&c->lock) == 0);
	return s;
}

static ERR_FN
judge(struct ctx *cx, const struct seat *s)
{
	if (!s->answered)
		return fail(cx, &ERR_MQTT_LOST, "connecting: %s",
		    s->ended ? "the broker ended the connection"
			     : "no answer from the broker");
	if (s->code == CONNACK_NOT_AUTHORIZED)
		return fail(cx, &ERR_MQTT_REFUSED,
		    "the broker refused the connection: not authorized");
	if (s->code != 0)
		return fail(cx, &ERR_MQTT_LOST,
		    "the broker does not take the connection now: %s",
		    mosquitto_connack_string(s->code));
	return NULL;
}

const struct err *
crowd_join(
    struct ctx *cx, struct crowd *c, const struct mqtt_target *t, size_t *seat)
{
	struct seat *s = free_seat(c), now;
	struct mosquitto *m = mosquitto_new(t->client_id, true, s);
	const struct err *e;

	must(m != NULL);
	*seat = (size_t)(s - c->seats);
	e = start(cx, m, t);
	must(pthread_mutex_lock(&c->lock) == 0);
	if (e == NULL) {
		s->m = m;
		wake(c);
		wait_locked(c, s, false, ANSWER_MS);
	} else {
		mosquitto_destroy(m);
	}
	now = *s;
	must(pthread_mutex_unlock(&c->lock) == 0);
	if (e == NULL)
		e = judge(cx, &now);
	if (e != NULL)
		crowd_leave(c, *seat);
	return e;
}

bool
crowd_ended(struct crowd *c, size_t seat, int ms, int64_t *at_us)
{
	const struct seat *s = &c->seats[seat];
	bool ended;

	must(pthread_mutex_lock(&c->lock) == 0);
	wait_locked(c, s, true, ms);
	ended = s->ended;
	*at_us = s->ended_us;
	must(pthread_mutex_unlock(&c->lock) == 0);
	return ended;
}

void
crowd_leave(struct crowd *c, size_t seat)
{
	struct seat *s = &c->seats[seat];

	must(pthread_mutex_lock(&c->lock) == 0);
	if (s->m != NULL) {
		(void)mosquitto_disconnect(s->m);
		s->ended = true;
	}
	s->taken = false;
	must(pthread_mutex_unlock(&c->lock) == 0);
	wake(c);
}
