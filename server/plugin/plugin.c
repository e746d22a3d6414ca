#include "plugin/plugin.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "pki/digest.h"
#include "pki/handed.h"
#include "pki/identity.h"
#include "pki/signers.h"
#include "plugin/admit.h"
#include "plugin/follow.h"

#define API_VERSION 5
#define ISSUERS_MAX SIGNERS_MAX
#define FILE_MAX (64 * KIB)
/* A start waits this long for the first view, so that those who connect at
 * once are not refused; longer, and the broker comes up refusing. */
#define FIRST_VIEW_MS 5000
/* The loop stands still for one slice: 46 us a cut, under 0.1 us a look. */
#define CUTS_A_TICK 100
#define LOOKS_A_TICK 20000
/* How old what is known may be for somebody new to be admitted by it (R9):
 * a restart of Postgres is shorter. */
#define STALE_AFTER 30
#define STALE_AFTER_MOST 86400
#define HOST_BYTES 65

struct plugin {
	mosquitto_plugin_id_t *id;
	struct arena *arena; /* reset by each callback that uses it */
	char *issuer_path, *trust_domain;
	struct trust *issuers;
	struct view *view; /* NULL until the first was loaded */
	struct sessions *sessions;
	struct wake *wake;
	struct follow *follow;
	int64_t second; /* of the last tick */
	int64_t stale_after;
};

static struct ctx
fresh_ctx(struct plugin *p)
{
	arena_reset(p->arena);
	return (struct ctx){ .arena = p->arena, .now = clock_now() };
}

/* ------------------------------------------------------ what is refused */

static void
apply_view(struct plugin *p, struct follow_update *u)
{
	if (p->view != NULL)
		view_keep(u->view, p->view);
	view_free(p->view);
	p->view = TAKE(u->view);
}

static void
apply(struct plugin *p, struct follow_update *u)
{
	size_t i;

	switch (u->kind) {
	case FOLLOW_VIEW:
		apply_view(p, u);
		break;
	case FOLLOW_ENTRIES:
		for (i = 0; i < u->n; i++)
			view_apply(p->view, &u->entries[i]);
		break;
	case FOLLOW_SERVICE:
		view_put_service(p->view, TAKE(u->service));
		break;
	case FOLLOW_LOST:
		mosquitto_log_printf(MOSQ_LOG_WARNING,
		    "latchkey: event=feed.lost: Postgres is away; what was "
		    "known stays refused");
		return;
	case FOLLOW_BACK:
		mosquitto_log_printf(
		    MOSQ_LOG_NOTICE, "latchkey: event=feed.back");
		return;
	}
	sessions_judge_all(p->sessions);
}

/* Called before each judgement, so that it is never older than need be. */
static void
refresh(struct plugin *p)
{
	struct follow_update *u = follow_take(p->follow), *next;

	for (; u != NULL; u = next) {
		next = u->next;
		apply(p, u);
		follow_update_free(u);
	}
}

/* ------------------------------------------------------------ callbacks */

/* On SIGHUP the broker runs this for every session it holds.  A live one is
 * judged anew, and stays however old the view is; an offline one has no
 * certificate and is refused, which costs it nothing: it stays offline and
 * keeps its queue. */
static int
on_basic_auth(int event, void *data, void *arg)
{
	struct mosquitto_evt_basic_auth *ev = data;
	struct plugin *p = arg;
	struct ctx cx = fresh_ctx(p);
	struct admit by = { .issuers = p->issuers,
		.trust_domain = p->trust_domain };
	const char *client_id = mosquitto_client_id(ev->client);
	void *x509 = mosquitto_client_certificate(ev->client);
	char username[WHO_USERNAME_BYTES];
	struct session session;
	struct cert cert;

	(void)event;
	refresh(p);
	by.view = p->view;
	by.stale = sessions_get(p->sessions, ev->client) == NULL &&
		   follow_age(p->follow) > p->stale_after;
	sessions_remove(p->sessions, ev->client);
	if (x509 == NULL || client_id == NULL)
		return MOSQ_ERR_AUTH;
	if (cert_take_x509(&cx, x509, &cert) != NULL ||
	    admit(&cx, &by, &cert, client_id, &session) != NULL) {
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
		    "latchkey: event=session.refused reason=\"%s\"", cx.reason);
		return MOSQ_ERR_AUTH;
	}
	who_username(&session.who, username);
	if (mosquitto_set_username(ev->client, username) != MOSQ_ERR_SUCCESS)
		return MOSQ_ERR_AUTH;
	session.client = ev->client;
	sessions_put(p->sessions, &session);
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
	    "latchkey: event=session.admitted client=%s serial=%s",
	    session.client_id, bytes_hex(cx.arena, cert.serial));
	return MOSQ_ERR_SUCCESS;
}

/* A client without a session of ours: its will after it has gone, which may
 * still show a certificate, or the queue of one that is offline, which has
 * none.  Its user name was set by us. */
static bool
absent_who(struct plugin *p, struct mosquitto *client, struct who *out)
{
	struct ctx cx = fresh_ctx(p);
	const char *username = mosquitto_client_username(client);
	void *x509 = mosquitto_client_certificate(client);
	uint8_t serial[VIEW_ID_BYTES];
	struct cert cert;

	if (x509 != NULL && (cert_take_x509(&cx, x509, &cert) != NULL ||
				!view_id_of_serial(cert.serial, serial) ||
				view_serial_refused(p->view, serial)))
		return false;
	return username != NULL && who_parse(username, out);
}

static bool
who_asks(struct plugin *p, struct mosquitto *client, struct who *out)
{
	const struct session *s = sessions_get(p->sessions, client);

	if (s == NULL)
		return absent_who(p, client, out);
	*out = s->who;
	return session_over(p->view, s, clock_now()) == NULL;
}

static int
on_acl_check(int event, void *data, void *arg)
{
	struct mosquitto_evt_acl_check *ev = data;
	struct plugin *p = arg;
	struct decide_ask ask = { .topic = ev->topic, .retain = ev->retain };
	struct who who;

	(void)event;
	refresh(p);
	switch (ev->access) {
	case MOSQ_ACL_READ:
		ask.access = DECIDE_READ;
		break;
	case MOSQ_ACL_WRITE:
		ask.access = DECIDE_WRITE;
		break;
	case MOSQ_ACL_SUBSCRIBE:
		ask.access = DECIDE_SUBSCRIBE;
		break;
	case MOSQ_ACL_UNSUBSCRIBE:
		ask.access = DECIDE_UNSUBSCRIBE;
		break;
	default:
		return MOSQ_ERR_ACL_DENIED;
	}
	if (ev->topic == NULL || p->view == NULL ||
	    !who_asks(p, ev->client, &who) || !decide(p->view, &who, &ask))
		return MOSQ_ERR_ACL_DENIED;
	return MOSQ_ERR_SUCCESS;
}

/* The disconnect callback runs meanwhile and removes the session. */
static void
cut(void *arg, const struct session *s, const char *why)
{
	(void)arg;
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
	    "latchkey: event=session.cut client=%s reason=%s", s->client_id,
	    why);
	(void)mosquitto_kick_client_by_clientid(s->client_id, false);
}

/* Every 100 ms when nothing happens, at once when the wake-up asks, hundreds
 * of times a second under load; the event's own times are all zero in this
 * version. */
static int
on_tick(int event, void *data, void *arg)
{
	struct plugin *p = arg;
	int64_t now = clock_now();
	struct sweep sweep = { .now = now,
		.max_look = LOOKS_A_TICK,
		.max_cut = CUTS_A_TICK,
		.cut = cut,
		.arg = p };

	(void)event;
	(void)data;
	wake_answer(p->wake);
	refresh(p);
	if (p->view == NULL)
		return MOSQ_ERR_SUCCESS;
	if (now != p->second) {
		p->second = now;
		view_expire(p->view, now);
		sessions_judge_all(p->sessions);
	}
	sweep.view = p->view;
	/* Between two slices the loop serves the others, without sleeping. */
	if (!sessions_sweep(p->sessions, &sweep))
		wake_ask(p->wake);
	return MOSQ_ERR_SUCCESS;
}

static int
on_disconnect(int event, void *data, void *arg)
{
	struct mosquitto_evt_disconnect *ev = data;
	struct plugin *p = arg;

	(void)event;
	sessions_remove(p->sessions, ev->client);
	return MOSQ_ERR_SUCCESS;
}

/* -------------------------------------------------------------- start-up */

/* A whole small file in the arena; false with a log line. */
static bool
read_file(struct ctx *cx, const char *path, struct bytes *out)
{
	char why[FILE_WHY_BYTES];

	if (file_slurp(cx->arena, path, FILE_MAX, out, why))
		return true;
	mosquitto_log_printf(MOSQ_LOG_ERR, "latchkey: %s", why);
	return false;
}

static bool
read_issuers(struct plugin *p)
{
	struct ctx cx = fresh_ctx(p);
	struct bytes ders[ISSUERS_MAX];
	struct bytes pem;
	struct trust *t;
	size_t n;

	if (!read_file(&cx, p->issuer_path, &pem))
		return false;
	if (cert_read_pem(&cx, pem, ders, ISSUERS_MAX, &n) != NULL ||
	    (t = trust_new(ders, n)) == NULL) {
		mosquitto_log_printf(MOSQ_LOG_ERR,
		    "latchkey: %s holds no usable certificates",
		    p->issuer_path);
		return false;
	}
	trust_free(p->issuers);
	p->issuers = t;
	return true;
}

/* SIGHUP: the listed issuers anew; a bad file changes nothing. */
static int
on_reload(int event, void *data, void *arg)
{
	(void)event;
	(void)data;
	(void)read_issuers(arg);
	return MOSQ_ERR_SUCCESS;
}

/* conninfo, or the first line of the file named after '@'. */
static const char *
read_conninfo(struct ctx *cx, const char *option)
{
	struct bytes text;
	const char *s;

	if (*option != '@')
		return option;
	if (!read_file(cx, option + 1, &text))
		return NULL;
	s = bytes_to_str(cx->arena, text);
	return s == NULL ? NULL
			 : arena_printf(
			       cx->arena, "%.*s", (int)strcspn(s, "\r\n"), s);
}

static const struct {
	int event;
	MOSQ_FUNC_generic_callback fn;
} callbacks[] = {
	{ MOSQ_EVT_BASIC_AUTH, on_basic_auth },
	{ MOSQ_EVT_ACL_CHECK, on_acl_check },
	{ MOSQ_EVT_TICK, on_tick },
	{ MOSQ_EVT_DISCONNECT, on_disconnect },
	{ MOSQ_EVT_RELOAD, on_reload },
};
#define N_CALLBACKS (sizeof(callbacks) / sizeof(callbacks[0]))

static void
plugin_free(struct plugin *p)
{
	follow_free(p->follow);
	wake_free(p->wake);
	sessions_free(p->sessions);
	view_free(p->view);
	trust_free(p->issuers);
	mem_free(p->issuer_path);
	mem_free(p->trust_domain);
	arena_free(p->arena);
	mem_free(p);
}

struct options {
	const char *database, *issuer, *trust_domain;
	const char *name;    /* empty: made of the host and the issuer file */
	int64_t stale_after; /* 0: what was given is no such number */
};

static bool
options_ok(const struct options *o)
{
	if (o->database == NULL || o->issuer == NULL)
		mosquitto_log_printf(MOSQ_LOG_ERR,
		    "latchkey: plugin_opt_database and plugin_opt_issuer "
		    "must be set");
	else if (*o->trust_domain != '\0' &&
		 !identity_domain_ok(o->trust_domain))
		mosquitto_log_printf(MOSQ_LOG_ERR,
		    "latchkey: plugin_opt_trust_domain is no trust domain");
	else if (*o->name != '\0' && !text_is_name(bytes_str(o->name)))
		mosquitto_log_printf(
		    MOSQ_LOG_ERR, "latchkey: plugin_opt_name is no name");
	else if (o->stale_after < 1 || o->stale_after > STALE_AFTER_MOST)
		mosquitto_log_printf(MOSQ_LOG_ERR,
		    "latchkey: plugin_opt_stale_after is not from 1 to %d",
		    STALE_AFTER_MOST);
	else
		return true;
	return false;
}

/* A whole number, or 0. */
static int64_t
seconds(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n == 0 || n > 9 || text[n] != '\0' ? 0 : strtoll(text, NULL, 10);
}

/* The value of each of our options; an unknown one stops the start. */
static bool
read_options(struct mosquitto_opt *options, int n, struct options *out)
{
	int i;

	*out = (struct options){
		.trust_domain = "", .name = "", .stale_after = STALE_AFTER
	};
	for (i = 0; i < n; i++) {
		if (strcmp(options[i].key, "database") == 0) {
			out->database = options[i].value;
		} else if (strcmp(options[i].key, "issuer") == 0) {
			out->issuer = options[i].value;
		} else if (strcmp(options[i].key, "trust_domain") == 0) {
			out->trust_domain = options[i].value;
		} else if (strcmp(options[i].key, "name") == 0) {
			out->name = options[i].value;
		} else if (strcmp(options[i].key, "stale_after") == 0) {
			out->stale_after = seconds(options[i].value);
		} else {
			mosquitto_log_printf(MOSQ_LOG_ERR,
			    "latchkey: unknown option plugin_opt_%s",
			    options[i].key);
			return false;
		}
	}
	return options_ok(out);
}

/* What this broker is called among those who follow the feed.  Several on a
 * host have issuer files of their own, or names. */
static const char *
broker_name(struct ctx *cx, const struct options *o)
{
	char host[HOST_BYTES];
	uint8_t sha256[SHA256_BYTES];

	if (*o->name != '\0')
		return o->name;
	if (gethostname(host, sizeof(host)) != 0 ||
	    memchr(host, '\0', sizeof(host)) == NULL)
		(void)snprintf(host, sizeof(host), "broker");
	digest_sha256(bytes_str(o->issuer), sha256);
	return arena_printf(cx->arena, "%s-%s", host,
	    bytes_hex(cx->arena, (struct bytes){ sha256, 4 }));
}

static bool
plugin_start(struct plugin *p, const struct options *o)
{
	struct ctx cx;
	const char *conninfo;
	size_t i;

	p->issuer_path = mem_strdup(o->issuer);
	p->trust_domain = mem_strdup(o->trust_domain);
	p->stale_after = o->stale_after;
	if (!read_issuers(p))
		return false;
	cx = fresh_ctx(p);
	conninfo = read_conninfo(&cx, o->database);
	if (conninfo == NULL)
		return false;
	for (i = 0; i < N_CALLBACKS; i++)
		if (mosquitto_callback_register(p->id, callbacks[i].event,
			callbacks[i].fn, NULL, p) != MOSQ_ERR_SUCCESS)
			return false;
	p->wake = wake_new();
	p->follow = follow_new(conninfo, broker_name(&cx, o), p->wake);
	follow_wait(p->follow, FIRST_VIEW_MS);
	return true;
}

int
mosquitto_plugin_version(int n, const int *supported)
{
	int i;

	for (i = 0; i < n; i++)
		if (supported[i] == API_VERSION)
			return API_VERSION;
	return -1;
}

int
mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **userdata,
    struct mosquitto_opt *options, int n)
{
	struct plugin *p;
	struct options o;

	if (!read_options(options, n, &o))
		return MOSQ_ERR_INVAL;
	p = mem_new(1, sizeof(*p));
	p->id = id;
	p->arena = arena_new(LIMIT_ARENA);
	p->sessions = sessions_new();
	if (!plugin_start(p, &o)) {
		plugin_free(p);
		return MOSQ_ERR_INVAL;
	}
	*userdata = p;
	return MOSQ_ERR_SUCCESS;
}

int
mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int n)
{
	struct plugin *p = userdata;
	size_t i;

	(void)options;
	(void)n;
	if (p == NULL)
		return MOSQ_ERR_SUCCESS;
	for (i = 0; i < N_CALLBACKS; i++)
		(void)mosquitto_callback_unregister(
		    p->id, callbacks[i].event, callbacks[i].fn, NULL);
	plugin_free(p);
	return MOSQ_ERR_SUCCESS;
}
