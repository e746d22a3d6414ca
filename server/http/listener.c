#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static int
bind_one(const struct addrinfo *ai)
{
	int one = 1;
	int fd = socket(
	    ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	/* Accepted sockets inherit TCP_NODELAY on Linux. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		return 0;
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return ntohs(((struct sockaddr_in *)&ss)->sin_port);
}

int
listener_open(const char *address, int64_t port, uint16_t *bound,
    char why[LISTENER_WHY_BYTES])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai = NULL;
	char service[8];
	int fd, rc;

	(void)snprintf(service, sizeof(service), "%u", (unsigned)port & 0xffff);
	rc = getaddrinfo(address, service, &hints, &ai);
	if (rc != 0) {
		(void)snprintf(why, LISTENER_WHY_BYTES, "listen %.100s: %s",
		    address, gai_strerror(rc));
		return -1;
	}
	fd = bind_one(ai);
	if (fd < 0)
		(void)snprintf(why, LISTENER_WHY_BYTES, "%.100s port %s: %s",
		    address, service, strerror(errno));
	else
		*bound = port_of(fd);
	freeaddrinfo(ai);
	return fd;
}
