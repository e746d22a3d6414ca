#include "http/flight.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

#define MOST_HELD 4096 /* bytes; a larger head goes by itself */
#define MOST_PARTS 8   /* of one call; the rest goes with the next */

void
flight_hold(struct flight *f)
{
	f->more = true;
}

static size_t
total(const struct iovec *iov, int n)
{
	size_t all = 0;
	int i;

	for (i = 0; i < n; i++)
		all += iov[i].iov_len;
	return all;
}

static ssize_t
hold(struct flight *f, const struct iovec *iov, int n)
{
	int i;

	f->held = mem_new(1, total(iov, n));
	for (i = 0; i < n; i++) {
		memcpy(f->held + f->size, iov[i].iov_base, iov[i].iov_len);
		f->size += iov[i].iov_len;
	}
	return (ssize_t)f->size;
}

/* What was held goes first; of sent bytes, those that were not held. */
static ssize_t
settle(struct flight *f, size_t sent)
{
	size_t held = f->size - f->done;

	if (sent < held)
		f->done += sent;
	else
		flight_end(f);
	if (sent > held)
		return (ssize_t)(sent - held);
	/* Nothing of what was given now. */
	errno = EAGAIN;
	return -1;
}

ssize_t
flight_push(void *flight, const struct iovec *iov, int n)
{
	struct flight *f = flight;
	struct iovec part[MOST_PARTS + 1];
	struct msghdr msg = { .msg_iov = part };
	bool more = f->more;
	ssize_t sent;
	int i;

	f->more = false;
	if (more && f->held == NULL && total(iov, n) <= MOST_HELD)
		return hold(f, iov, n);
	if (f->held != NULL)
		part[msg.msg_iovlen++] =
		    (struct iovec){ f->held + f->done, f->size - f->done };
	for (i = 0; i < n && i < MOST_PARTS; i++)
		part[msg.msg_iovlen++] = iov[i];
	sent = sendmsg(f->fd, &msg, MSG_NOSIGNAL);
	if (sent < 0 || f->held == NULL)
		return sent;
	return settle(f, (size_t)sent);
}

void
flight_end(struct flight *f)
{
	mem_free(f->held);
	f->held = NULL;
	f->size = f->done = 0;
}
