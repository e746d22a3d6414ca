#include "tests/bench/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define EVENTS 256

void
loop_init(struct loop *l, uint16_t port, int version)
{
	l->port = port;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	must(l->epoll >= 0);
	l->tls = SSL_CTX_new(TLS_client_method());
	must(l->tls != NULL);
	must(SSL_CTX_set_min_proto_version(
		 l->tls, version == 0 ? TLS1_2_VERSION : version) == 1);
	must(SSL_CTX_set_max_proto_version(l->tls, version) == 1);
	must(SSL_CTX_set1_groups_list(l->tls, "X25519:P-256") == 1);
	must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

void
loop_release(struct loop *l)
{
	SSL_CTX_free(l->tls);
	(void)close(l->epoll);
}

void
link_open(struct link *k, struct loop *l, const struct link_as *as)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(l->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data = { .ptr = k } };
	int one = 1, fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	must(fd >= 0);
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	must(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
	     errno == EINPROGRESS);
	k->loop = l;
	k->fd = fd;
	k->times++;
	k->open = false;
	k->in_n = 0;
	k->out = BYTES_NONE;
	k->ssl = SSL_new(l->tls);
	must(k->ssl != NULL && SSL_set_fd(k->ssl, fd) == 1);
	must(SSL_set_tlsext_host_name(k->ssl, "localhost") == 1);
	if (as != NULL && as->cert != NULL) {
		must(SSL_use_certificate(k->ssl, as->cert) == 1);
		must(SSL_use_PrivateKey(k->ssl, as->key) == 1);
	}
	if (as != NULL && as->session != NULL)
		must(SSL_set_session(k->ssl, as->session) == 1);
	must(epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) == 0);
}

void
link_close(struct link *k)
{
	if (k->ssl == NULL)
		return;
	if (k->open)
		(void)SSL_shutdown(k->ssl);
	SSL_free(k->ssl);
	k->ssl = NULL;
	(void)close(k->fd);
}

static void
lost(struct link *k)
{
	k->open = false;
	link_close(k);
	k->on(k, LINK_CLOSED);
}

/* Whether rc is only a wait; otherwise the link is gone. */
static bool
waits(struct link *k, int rc)
{
	int e = SSL_get_error(k->ssl, rc);

	ERR_clear_error();
	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
		return true;
	lost(k);
	return false;
}

/* False once there is nothing more to do now. */
static bool
write_out(struct link *k)
{
	while (k->out.n > 0) {
		int rc = SSL_write(k->ssl, k->out.p, (int)k->out.n);

		if (rc <= 0)
			return waits(k, rc);
		k->out.p += rc;
		k->out.n -= (size_t)rc;
	}
	return true;
}

void
link_send(struct link *k, struct bytes request)
{
	k->out = request;
	k->sent_us = clock_mono_us();
	(void)write_out(k);
}

static void
drive(struct link *k)
{
	unsigned times = k->times;
	int rc;

	if (!k->open) {
		rc = SSL_connect(k->ssl);
		if (rc != 1) {
			(void)waits(k, rc);
			return;
		}
		k->open = true;
		k->on(k, LINK_OPEN);
	}
	/* A callback may close the link, and open it anew. */
	while (k->ssl != NULL && k->times == times && write_out(k)) {
		must(k->in_n < LINK_IN);
		rc =
		    SSL_read(k->ssl, k->in + k->in_n, (int)(LINK_IN - k->in_n));
		if (rc <= 0) {
			(void)waits(k, rc);
			return;
		}
		k->in_n += (size_t)rc;
		k->on(k, LINK_DATA);
	}
}

void
loop_turn(struct loop *l, int ms)
{
	loop_turn_us(l, (int64_t)ms * 1000);
}

void
loop_turn_us(struct loop *l, int64_t us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
	struct epoll_event ev[EVENTS];
	int i, n = epoll_pwait2(l->epoll, ev, EVENTS, &ts, NULL);

	for (i = 0; i < n; i++) {
		struct link *k = ev[i].data.ptr;

		if (k->ssl != NULL)
			drive(k);
	}
}

bool
link_answer(struct link *k, struct answer *out)
{
	char *head = (char *)k->in, *end, *length;
	size_t body, n = 0;

	k->in[k->in_n] = '\0';
	end = strstr(head, "\r\n\r\n");
	if (end == NULL)
		return false;
	length = strcasestr(head, "\r\nContent-Length:");
	if (length != NULL && length < end)
		n = strtoul(length + 17, NULL, 10);
	body = (size_t)(end - head) + 4;
	must(body + n <= LINK_IN);
	if (k->in_n < body + n)
		return false;
	out->status = k->in_n < 12 ? 0 : (int)strtol(head + 9, NULL, 10);
	out->body = (struct bytes){ k->in + body, n };
	k->in_n = 0;
	return true;
}
