#include "http/flight.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/unit.h"

static uint8_t whole[64000]; /* what is sent, again and again */
static size_t again;         /* how often the socket was full */

/* Two ends of a connection: ours never blocks. */
static void
make_tcp(int fd[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (void *)&at, n), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&at, &n), 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd[1], (void *)&at, n), 0);
	fd[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd[0] >= 0);
	(void)close(listener);
}

static ssize_t
push(struct flight *f, const char *a, const char *b)
{
	struct iovec iov[2] = { { (void *)(uintptr_t)a, strlen(a) },
		{ (void *)(uintptr_t)b, strlen(b) } };

	return flight_push(f, iov, 2);
}

/* Exactly that, and nothing more for now. */
static void
assert_came(int fd, const char *want)
{
	char got[256] = { 0 };
	size_t n = strlen(want);

	assert_int_equal(recv(fd, got, n, MSG_WAITALL), n);
	assert_string_equal(got, want);
	assert_int_equal(recv(fd, got, 1, MSG_DONTWAIT), -1);
}

static void
records_go_out_as_they_come(void **state)
{
	struct flight f = { 0 };
	int fd[2];

	(void)state;
	make_tcp(fd);
	f.fd = fd[0];
	assert_int_equal(push(&f, "one", " record"), 10);
	assert_came(fd[1], "one record");
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void
a_head_waits_for_its_body(void **state)
{
	struct flight f = { 0 };
	char head[1];
	int fd[2];

	(void)state;
	make_tcp(fd);
	f.fd = fd[0];
	flight_hold(&f);
	assert_int_equal(push(&f, "the ", "head, "), 10);
	assert_int_equal(recv(fd[1], head, 1, MSG_DONTWAIT), -1);
	assert_int_equal(push(&f, "the ", "body"), 8);
	assert_came(fd[1], "the head, the body");
	/* The next reply has no body. */
	assert_int_equal(push(&f, "204", ""), 3);
	assert_came(fd[1], "204");
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void
a_head_whose_body_never_came_is_forgotten(void **state)
{
	struct flight f = { 0 };
	int fd[2];

	(void)state;
	make_tcp(fd);
	f.fd = fd[0];
	flight_hold(&f);
	assert_int_equal(push(&f, "head", ""), 4);
	flight_end(&f);
	assert_null(f.held);
	(void)close(fd[0]);
	assert_int_equal(read(fd[1], &f.fd, 1), 0);
	(void)close(fd[1]);
}

static void
a_large_head_is_not_held(void **state)
{
	struct flight f = { 0 };
	char head[5000];
	struct iovec iov = { head, sizeof(head) };
	int fd[2];

	(void)state;
	memset(head, 'h', sizeof(head));
	make_tcp(fd);
	f.fd = fd[0];
	flight_hold(&f);
	assert_int_equal(flight_push(&f, &iov, 1), sizeof(head));
	assert_int_equal(
	    recv(fd[1], head, sizeof(head), MSG_WAITALL), sizeof(head));
	assert_null(f.held);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

/* Reads what is there and checks that it goes on where it stopped. */
static void
take(int fd, size_t *at, const uint8_t *want)
{
	uint8_t got[512];
	ssize_t n;

	while ((n = recv(fd, got, sizeof(got), MSG_DONTWAIT)) > 0) {
		assert_memory_equal(got, want + *at, (size_t)n);
		*at += (size_t)n;
	}
}

/* As a TLS library does, with what is left each time. */
static void
push_whole(struct flight *f, int peer, uint8_t *p, size_t n, size_t *came)
{
	while (n > 0) {
		struct iovec iov[2] = { { p, n / 3 },
			{ p + n / 3, n - n / 3 } };
		ssize_t taken = flight_push(f, iov, 2);

		if (taken > 0) {
			p += taken;
			n -= (size_t)taken;
			continue;
		}
		assert_true(taken == -1 && errno == EAGAIN);
		again++;
		take(peer, came, whole);
	}
}

/* Of a client that reads slowly nothing is lost, doubled or out of order,
 * wherever the socket stops taking it. */
static void
a_full_socket_loses_nothing(void **state)
{
	struct flight f = { 0 };
	int fd[2], size = 4608;
	size_t came = 0, i;

	(void)state;
	for (i = 0; i < sizeof(whole); i++)
		whole[i] = (uint8_t)(i * 31 >> 3);
	make_tcp(fd);
	assert_int_equal(
	    setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	f.fd = fd[0];
	/* Heads of 4,000 bytes and bodies, until the sizes came together in
	 * many ways. */
	for (i = 0; i < 200; i++) {
		flight_hold(&f);
		push_whole(&f, fd[1], whole, 4000, &came);
		assert_non_null(f.held);
		push_whole(&f, fd[1], whole + 4000, 60000 - 97 * i, &came);
		assert_null(f.held);
		while (came < 64000 - 97 * i)
			take(fd[1], &came, whole);
		came = 0;
	}
	assert_true(again > 0);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(records_go_out_as_they_come),
		UNIT_TEST(a_head_waits_for_its_body),
		UNIT_TEST(a_head_whose_body_never_came_is_forgotten),
		UNIT_TEST(a_large_head_is_not_held),
		UNIT_TEST(a_full_socket_loses_nothing),
	};

	return cmocka_run_group_tests_name("http/flight", tests, NULL, NULL);
}
