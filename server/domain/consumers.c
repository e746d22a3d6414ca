#include "domain/consumers.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/version.h"
#include "domain/svc.h"
#include "store/event.h"

#define WATCH_US 1000000
#define STILL_US 4000000
#define HOST_BYTES 64
#define DIGITS 8
#define PATH_BYTES 512

/* The random digits of this state_dir; false with errno. */
static bool
read_digits(const char *path, char out[DIGITS + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, DIGITS);

	if (fd >= 0)
		(void)close(fd);
	out[DIGITS] = '\0';
	if (n >= 0 && strspn(out, "0123456789") != DIGITS) {
		errno = EBADMSG;
		return false;
	}
	return n == DIGITS;
}

static bool
make_digits(const char *path, char out[DIGITS + 1])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return false;
	(void)snprintf(out, DIGITS + 1, "%08u", rng_below(100000000));
	ok = write(fd, out, DIGITS) == DIGITS && fsync(fd) == 0;
	return close(fd) == 0 && ok;
}

bool
consumers_name(const char *set, const char *state_dir,
    char out[CONSUMER_NAME_BYTES], char why[256])
{
	char path[PATH_BYTES], digits[DIGITS + 1], host[HOST_BYTES];

	if (*set != '\0') {
		(void)snprintf(why, 256, "node_name: 1 to %d plain characters",
		    CONSUMER_NAME_BYTES - 1);
		return text_is_name(bytes_str(set)) &&
		       (size_t)snprintf(out, CONSUMER_NAME_BYTES, "%s", set) <
			   CONSUMER_NAME_BYTES;
	}
	(void)snprintf(path, sizeof(path), "%.400s/node", state_dir);
	if (!read_digits(path, digits) &&
	    (errno != ENOENT || !make_digits(path, digits))) {
		(void)snprintf(
		    why, 256, "%.200s: %s", path, strerrordesc_np(errno));
		return false;
	}
	if (gethostname(host, sizeof(host)) != 0 ||
	    memchr(host, '\0', sizeof(host)) == NULL)
		(void)snprintf(host, sizeof(host), "node");
	(void)snprintf(out, CONSUMER_NAME_BYTES, "%s-%s", host, digits);
	return true;
}

static void
warn(void *arg, const struct consumer *c)
{
	(void)arg;
	LOG(NULL, c->alert == NULL ? "consumer.well" : "consumer.alert",
	    LOG_S("kind", c->kind), LOG_S("name", c->name),
	    LOG_S("alert", c->alert == NULL ? "" : c->alert),
	    LOG_I("epoch", c->epoch), LOG_I("position", c->position));
}

const struct err *
consumers_tell(
    struct ctx *cx, struct consumers_turn *t, const struct view_mark *at)
{
	int64_t now = clock_mono_us();
	const struct err *e;

	if (t->told_us != 0 && now - t->told_us < STILL_US &&
	    t->told.epoch == at->epoch && t->told.position == at->position)
		return NULL;
	e = consumer_seen(cx, cx->svc->node_name, LATCHKEY_VERSION, at);
	if (e == NULL &&
	    (t->watched_us == 0 || now - t->watched_us >= WATCH_US)) {
		e = consumer_watch(cx, cx->svc->set.consumer_alert, warn, NULL);
		t->watched_us = now;
	}
	if (e == NULL) {
		t->told = *at;
		t->told_us = now;
	}
	return e;
}

const struct err *
consumers_reached(struct ctx *cx, struct acks_reached *out)
{
	struct consumer_lowest low;
	const struct err *e =
	    consumer_lowest(cx, cx->svc->set.consumer_alert, &low);

	if (e == NULL)
		*out = (struct acks_reached){ low.live.epoch, low.live.position,
			low.all.epoch, low.all.position };
	return e;
}

const struct err *
consumers_status(struct ctx *cx, struct plane_status *out)
{
	struct view_mark head;
	const struct err *e = view_read_head(cx, &head);

	if (e != NULL)
		return e;
	out->epoch = head.epoch;
	out->position = head.position;
	return consumer_list(cx, &out->consumers, &out->n);
}

const struct err *
consumers_forget(struct ctx *cx, const struct admin_caller *by,
    const char *kind, const char *name)
{
	const struct err *e;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = consumer_forget(cx, kind, name);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, e, "no %s of that name", kind);
	if (e == NULL)
		e = event_add(cx, &(struct event){ .kind = "consumer.forgotten",
				      .admin_token_id = by->token_id,
				      .detail = arena_printf(
					  cx->arena, "%s %s", kind, name) });
	return e != NULL ? e : tx_commit(&tx);
}
