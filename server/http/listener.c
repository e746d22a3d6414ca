#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int
bind_one(const struct addrinfo *ai)
{
	int one = 1, cause;
	int fd = socket(
	    ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	/* 0.0.0.0 and :: may stand side by side. */
	if (ai->ai_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0) {
		(void)close(fd);
		return -1;
	}
	/* Accepted sockets inherit TCP_NODELAY on Linux. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	cause = errno;
	(void)close(fd);
	errno = cause;
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

/* Whether the machine does not have such an address. */
static bool
is_absent(int cause)
{
	return cause == EADDRNOTAVAIL || cause == EAFNOSUPPORT;
}

/* Opens one address, or passes over it; false with the reason in why. */
static bool
open_one(const char *address, int64_t port, struct listener *l, char *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai = NULL;
	char service[8];
	int cause, fd, rc;

	(void)snprintf(service, sizeof(service), "%u", (unsigned)port & 0xffff);
	rc = getaddrinfo(address, service, &hints, &ai);
	if (rc != 0) {
		(void)snprintf(why, LISTENER_WHY_BYTES, "listen %.100s: %s",
		    address, gai_strerror(rc));
		return false;
	}
	fd = bind_one(ai);
	cause = errno;
	freeaddrinfo(ai);
	if (fd >= 0) {
		l->fd[l->n++] = fd;
		l->port = port_of(fd);
		return true;
	}
	(void)snprintf(why, LISTENER_WHY_BYTES, "%.100s port %s: %s", address,
	    service, strerror(cause));
	return is_absent(cause);
}

/* Whether the path is what a process that was killed left behind. */
static bool
is_stale(const struct sockaddr_un *sun)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(sun->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) != 0 &&
		errno == ECONNREFUSED;
	(void)close(fd);
	return stale;
}

/* The mode is set before anybody can connect. */
static int
bind_path(const struct sockaddr_un *sun)
{
	const struct sockaddr *sa = (const struct sockaddr *)sun;
	int cause,
	    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if ((bind(fd, sa, sizeof(*sun)) == 0 ||
		(errno == EADDRINUSE && is_stale(sun) &&
		    unlink(sun->sun_path) == 0 &&
		    bind(fd, sa, sizeof(*sun)) == 0)) &&
	    chmod(sun->sun_path, 0660) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	cause = errno;
	(void)close(fd);
	errno = cause;
	return -1;
}

static bool
open_path(const char *path, struct listener *out, char *why)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd = -1;

	errno = ENAMETOOLONG;
	if (n < sizeof(sun.sun_path)) {
		memcpy(sun.sun_path, path, n);
		fd = bind_path(&sun);
	}
	if (fd < 0) {
		(void)snprintf(why, LISTENER_WHY_BYTES, "%.110s: %s", path,
		    strerror(errno));
		return false;
	}
	out->fd[out->n++] = fd;
	memcpy(out->path, path, n + 1);
	return true;
}

bool
listener_open(const char *addresses, int64_t port, struct listener *out,
    char why[LISTENER_WHY_BYTES])
{
	const char *p = addresses;
	char address[64];
	size_t n;
	bool ok;

	*out = (struct listener){ .n = 0 };
	if (*addresses == '/')
		return open_path(addresses, out, why);
	for (ok = true; ok && *p != '\0'; p += n + (p[n] == ',')) {
		p += strspn(p, " ");
		n = strcspn(p, ",");
		(void)snprintf(address, sizeof(address), "%.*s", (int)n, p);
		(void)snprintf(why, LISTENER_WHY_BYTES,
		    "listen: more than %d addresses", LISTENERS);
		ok = out->n < LISTENERS &&
		     open_one(address, out->n > 0 ? out->port : port, out, why);
	}
	if (ok && out->n > 0)
		return true;
	listener_close(out);
	return false;
}

void
listener_close(struct listener *l)
{
	while (l->n > 0)
		(void)close(l->fd[--l->n]);
	if (l->path[0] != '\0')
		(void)unlink(l->path);
	l->path[0] = '\0';
}
