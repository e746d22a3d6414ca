#include "http/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/acks.h"
#include "domain/ocsp.h"
#include "domain/svc.h"
#include "domain/token_key.h"
#include "domain/waiting.h"
#include "http/exchange.h"
#include "http/gate.h"
#include "http/listener.h"
#include "http/measure.h"
#include "http/tls.h"
#include "http/worker.h"

/* Of the queue, the part that only operational certificates and operators
 * may use. */
#define RESERVED_PART 4
#define TICK_MS 250
#define DRAIN_TICK_MS 20
/* After the last handler has finished, for its answer to leave. */
#define DRAIN_SEND_US 2000000

/* What listens under one set of routes. */
struct side {
	struct server *sv;
	const char *name;      /* no TLS ticket is good under another (H3) */
	const char *addresses; /* empty: it does not listen */
	int64_t port;
	struct exchange_env env;
	struct listener listener;
	/* One for each address, all alike but for where they accept. */
	struct MHD_Daemon *mhd[LISTENERS];
	size_t nmhd;
};

struct server {
	struct side side[4];            /* the first is everybody's */
	struct measure_side *counts[4]; /* of each */
	struct server_parts parts;
	const struct svc *svc;
	struct conns *conns;
	struct measure *measure;
	struct gate *gate;
	struct tls *tls;
	struct workers *workers;
	struct queue *queue;
	struct pages *pages;
	pthread_t ticker;
	int stop_fd; /* readable: the ticker ends */
	bool ticker_started;
};

#define SIDES(sv) (sizeof((sv)->side) / sizeof((sv)->side[0]))

static int64_t
patience_us(const struct server *sv)
{
	return sv->svc->set.request_timeout * 1000000;
}

static void
address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT_BYTES])
{
	const void *addr =
	    sa->sa_family == AF_INET6
		? (const void *)&((const struct sockaddr_in6 *)(const void *)sa)
		      ->sin6_addr
		: (const void *)&((const struct sockaddr_in *)(const void *)sa)
		      ->sin_addr;

	if (inet_ntop(sa->sa_family, addr, out, ADDRESS_TEXT_BYTES) == NULL)
		out[0] = '\0';
}

/* libmicrohttpd counts connections by whole addresses, of which an IPv6 site
 * has as many as it likes. */
static void
admit(struct server *sv, struct conn *c, const struct sockaddr *from)
{
	struct net_site site;

	if (!net_site_of(from, &site) || site.family != AF_INET6 ||
	    conns_admit(sv->conns, c, site, (size_t)sv->svc->set.per_address))
		return;
	c->counted = true;
	measure_too_many(sv->measure);
	(void)shutdown(c->fd, SHUT_RDWR);
}

/* Readies the session of a new connection, which a plain one has not. */
static void
begin_session(struct side *side, struct MHD_Connection *mhd, struct conn *c)
{
	struct server *sv = side->sv;
	const union MHD_ConnectionInfo *session;
	uint8_t ticket[TICKET_KEY_BYTES];

	session =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	must(session != NULL);
	c->session = session->tls_session;
	c->tls.credential = tls_get1(sv->tls);
	c->tls.out.fd = c->fd;
	ticket_key(sv->svc, side->name, clock_now(), ticket);
	tls_session_init(c->session, &c->tls, ticket);
	explicit_bzero(ticket, sizeof(ticket));
}

static void
on_connected(struct side *side, struct MHD_Connection *mhd, void **socket_cx)
{
	const union MHD_ConnectionInfo *fd, *address;
	struct server *sv = side->sv;
	struct conn *c;

	fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	must(fd != NULL);
	c = conns_add(
	    sv->conns, fd->connect_fd, clock_mono_us() + patience_us(sv));
	address =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	must(address != NULL);
	if (address->client_addr->sa_family != AF_UNIX)
		address_text(address->client_addr, c->address);
	if (!side->env.hop)
		admit(sv, c, address->client_addr);
	if (!side->env.plain)
		begin_session(side, mhd, c);
	*socket_cx = c;
}

/* Before the handshake, and before any memory is taken for it. */
static enum MHD_Result
on_accept(void *cls, const struct sockaddr *from, socklen_t n)
{
	struct side *side = cls;

	(void)n;
	return gate_admit(side->sv->gate, from, clock_mono_us()) ? MHD_YES
								 : MHD_NO;
}

static void
on_connection(void *cls, struct MHD_Connection *mhd, void **socket_cx,
    enum MHD_ConnectionNotificationCode what)
{
	struct side *side = cls;
	struct conn *c = *socket_cx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		on_connected(side, mhd, socket_cx);
		return;
	}
	*socket_cx = NULL;
	if (c == NULL)
		return;
	/* The reaper leaves no deadline behind. */
	measure_handshake(side->sv->measure, c, atomic_load(&c->deadline) == 0);
	conns_remove(side->sv->conns, c);
}

static void *
on_request_line(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct side *side = cls;
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	must(info != NULL && info->socket_context != NULL);
	return exchange_begin(&side->env, info->socket_context, mhd, target);
}

static enum MHD_Result
on_call(void *cls, struct MHD_Connection *mhd, const char *url,
    const char *method, const char *version, const char *data, size_t *n,
    void **state)
{
	(void)cls;
	(void)mhd;
	(void)url;
	must(*state != NULL);
	return exchange_call(*state, method, version, data, n);
}

static void
on_completed(void *cls, struct MHD_Connection *mhd, void **state,
    enum MHD_RequestTerminationCode how)
{
	(void)cls;
	(void)mhd;
	if (*state != NULL)
		exchange_end(*state, how);
	*state = NULL;
}

/* Paths are decoded once, by guard_path. */
static size_t
keep_escaped(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void)cls;
	(void)mhd;
	return strlen(s);
}

static __attribute__((format(printf, 2, 0))) void
on_log(void *cls, const char *fmt, va_list ap)
{
	char text[256];
	size_t n;

	(void)cls;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	n = strlen(text);
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	LOG(NULL, "listener", LOG_S("text", text));
}

static struct MHD_Daemon *
start_daemon(struct side *side, int fd)
{
	const struct settings *set = &side->sv->svc->set;
	unsigned pool = set->io_threads > 1 ? (unsigned)set->io_threads : 0;
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL },
		{ MHD_OPTION_LISTEN_SOCKET, fd, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, side },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_request_line,
		    side },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, side },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escaped, side },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		    side->env.hop ? LIMIT_HOP_HEADERS : LIMIT_HEADERS, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)set->connections,
		    NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		    side->env.hop ? 0 : (intptr_t)set->per_address, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)set->idle_timeout,
		    NULL },
		{ pool > 0 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
		    (intptr_t)pool, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		    (void *)(uintptr_t)tls_priority },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK2, 0,
		    (void *)(uintptr_t)tls_retrieve_fn() },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	if (side->env.plain)
		return MHD_start_daemon(flags | MHD_USE_EPOLL_INTERNAL_THREAD,
		    0, on_accept, side, on_call, side, MHD_OPTION_ARRAY,
		    options, MHD_OPTION_END);
	/* Poll, not epoll: with TLS, epoll spins while a handshake stalls. */
	return MHD_start_daemon(
	    flags | MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD, 0, on_accept,
	    side, on_call, side, MHD_OPTION_ARRAY, options, MHD_OPTION_ARRAY,
	    tls, MHD_OPTION_END);
}

static bool
start_daemons(struct side *side)
{
	while (side->nmhd < side->listener.n) {
		struct MHD_Daemon *d =
		    start_daemon(side, side->listener.fd[side->nmhd]);

		if (d == NULL)
			return false;
		side->mhd[side->nmhd++] = d;
	}
	return true;
}

/* Waits; false once the server is stopping. */
static bool
tick(struct server *sv)
{
	struct pollfd pfd = { .fd = sv->stop_fd, .events = POLLIN };

	return poll(&pfd, 1, TICK_MS) <= 0;
}

/* One line a second at most, however many were refused. */
static void
note_refused(struct server *sv)
{
	size_t n = gate_take_refused(sv->gate);

	measure_too_fast(sv->measure, n);
	if (n > 0)
		LOG(NULL, "connections.refused", LOG_I("n", (int64_t)n));
}

static void
staple(struct server *sv)
{
	struct ocsp_staple now;

	ocsp_staple(sv->svc->ocsp, &now);
	tls_staple(sv->tls, &now);
}

static void *
run_ticker(void *arg)
{
	struct server *sv = arg;
	unsigned n = 0;

	while (tick(sv)) {
		size_t late = conns_reap(sv->conns, clock_mono_us());

		waiting_tick(sv->svc->waiting, clock_mono_us());
		acks_tick(sv->svc->acks, clock_mono_us());

		if (late > 0)
			LOG(NULL, "connections.late",
			    LOG_I("n", (int64_t)late));
		if (++n % (1000 / TICK_MS) == 0) {
			note_refused(sv);
			tls_reload(sv->tls);
			staple(sv);
			token_keys_reload(sv->svc->token_keys, clock_now());
		}
	}
	return NULL;
}

/* Binds all sides before any of them is served. */
static bool
open_listeners(struct server *sv, char *why)
{
	struct side *side;

	for (side = sv->side; side < sv->side + SIDES(sv); side++)
		if (side->addresses[0] != '\0' &&
		    !listener_open(
			side->addresses, side->port, &side->listener, why))
			return false;
	return true;
}

static void
note_listening(const struct side *side)
{
	if (side->nmhd > 0)
		LOG(NULL, "listening_too", LOG_S("for", side->name),
		    LOG_S("address", side->addresses),
		    LOG_I("port", side->listener.port));
}

static bool
start(struct server *sv, struct db *const *dbs, char *why)
{
	const struct settings *set = &sv->svc->set;
	struct side *side;

	sv->pages = pages_load(set->web_dir, why);
	if (sv->pages == NULL)
		return false;
	sv->tls = tls_new(set->tls_cert, set->tls_key, why);
	if (sv->tls == NULL || !open_listeners(sv, why))
		return false;
	sv->parts.tls = sv->tls;
	sv->workers = workers_start(sv->queue, dbs, (size_t)set->workers);
	for (side = sv->side; side < sv->side + SIDES(sv); side++) {
		side->env.pages = sv->pages;
		if (!start_daemons(side)) {
			(void)snprintf(why, SERVER_WHY_BYTES,
			    "the listener does not start; the log says why");
			return false;
		}
	}
	for (side = sv->side + 1; side < sv->side + SIDES(sv); side++)
		note_listening(side);
	must(pthread_create(&sv->ticker, NULL, run_ticker, sv) == 0);
	sv->ticker_started = true;
	return true;
}

static void
init_sides(struct server *sv)
{
	const struct settings *set = &sv->svc->set;
	bool apart = set->operator_listen[0] != '\0';
	const enum listener_kind kinds[] = {
		apart ? LISTENER_PUBLIC : LISTENER_ALL,
		LISTENER_OPERATORS,
		LISTENER_STATUS,
		apart ? LISTENER_PUBLIC : LISTENER_ALL,
	};
	struct side *side;

	sv->side[0] = (struct side){
		.name = "all", .addresses = set->listen, .port = set->port
	};
	sv->side[1] = (struct side){ .name = "operators",
		.addresses = set->operator_listen,
		.port = set->operator_port };
	sv->side[2] = (struct side){ .name = "status",
		.addresses = set->status_listen,
		.port = set->status_port,
		.env.plain = true };
	sv->side[3] = (struct side){ .name = "proxies",
		.addresses = set->proxy_listen,
		.port = set->proxy_port,
		.env.hop = true,
		.env.plain = set->proxy_listen[0] == '/' };
	for (side = sv->side; side < sv->side + SIDES(sv); side++) {
		side->sv = sv;
		side->env.svc = sv->svc;
		side->env.queue = sv->queue;
		side->env.routes = routes_of(kinds[side - sv->side]);
		side->env.parts = &sv->parts;
		side->env.counts = measure_side_new(
		    side == sv->side ? "main" : side->name, side->env.routes);
		sv->counts[side - sv->side] = side->env.counts;
		atomic_init(&side->env.draining, false);
	}
}

struct server *
server_start(
    const struct svc *svc, struct db *const *dbs, char why[SERVER_WHY_BYTES])
{
	struct server *sv = mem_new(1, sizeof(*sv));
	size_t queue = (size_t)svc->set.queue;

	sv->svc = svc;
	sv->queue = queue_new(queue, queue / RESERVED_PART);
	init_sides(sv);
	sv->conns = conns_new();
	sv->measure = measure_new();
	sv->parts = (struct server_parts){ .queue = sv->queue,
		.conns = sv->conns,
		.measure = sv->measure,
		.counts = (const struct measure_side *const *)sv->counts,
		.n_counts = SIDES(sv) };
	sv->gate = gate_new(svc->set.handshakes, svc->set.handshakes_burst);
	sv->stop_fd = eventfd(0, EFD_CLOEXEC);
	must(sv->stop_fd >= 0);
	if (start(sv, dbs, why))
		return sv;
	server_stop(sv);
	return NULL;
}

uint16_t
server_port(const struct server *sv)
{
	return sv->side[0].listener.port;
}

/* Until all connections are closed or the time is over. */
static void
wait_for_close(struct server *sv, int64_t until)
{
	static const struct timespec pause = { 0, DRAIN_TICK_MS * 1000000L };

	while (conns_shut_idle(sv->conns) > 0 && clock_mono_us() < until)
		(void)nanosleep(&pause, NULL);
}

/* Whoever asks /readyz hears that we leave, before we do; and no answer
 * invites to another request on its connection. */
static void
announce(struct server *sv)
{
	struct timespec delay = { sv->svc->set.drain_delay, 0 };
	size_t i;

	for (i = 0; i < SIDES(sv); i++)
		atomic_store(&sv->side[i].env.draining, true);
	if (sv->workers != NULL)
		(void)nanosleep(&delay, NULL);
}

static void
drain(struct server *sv)
{
	struct side *side;
	size_t i;

	announce(sv);
	for (side = sv->side; side < sv->side + SIDES(sv); side++) {
		for (i = 0; i < side->nmhd; i++)
			(void)MHD_quiesce_daemon(side->mhd[i]);
		listener_close(&side->listener);
	}
	waiting_close(sv->svc->waiting);
	acks_close(sv->svc->acks);
	/* Requests whose line was read have their time to become whole. */
	wait_for_close(sv, clock_mono_us() + patience_us(sv));
}

static void
stop_daemons(struct server *sv)
{
	struct side *side;
	size_t i;

	for (side = sv->side; side < sv->side + SIDES(sv); side++)
		for (i = 0; i < side->nmhd; i++)
			MHD_stop_daemon(side->mhd[i]);
	for (i = 0; i < SIDES(sv); i++)
		measure_side_free(sv->counts[i]);
	measure_free(sv->measure);
}

void
server_stop(struct server *sv)
{
	if (sv == NULL)
		return;
	drain(sv);
	queue_close(sv->queue);
	/* However long their handlers take: no answer is cut short, and no
	 * connection may be left suspended when the daemon stops. */
	if (sv->workers != NULL)
		workers_join(sv->workers);
	if (sv->side[0].nmhd > 0)
		wait_for_close(sv, clock_mono_us() + DRAIN_SEND_US);
	if (sv->ticker_started) {
		must(eventfd_write(sv->stop_fd, 1) == 0);
		must(pthread_join(sv->ticker, NULL) == 0);
	}
	stop_daemons(sv);
	(void)close(sv->stop_fd);
	conns_free(sv->conns);
	gate_free(sv->gate);
	tls_free(sv->tls);
	pages_free(sv->pages);
	queue_free(sv->queue);
	mem_free(sv);
}
