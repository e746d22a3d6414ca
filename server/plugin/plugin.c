#include "plugin/plugin.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "pki/digest.h"
#include "pki/handed.h"
#include "pki/signers.h"
#include "plugin/admit.h"
#include "plugin/follow.h"
#include "plugin/options.h"
#include "plugin/retained.h"
#include "plugin/stats.h"

#define API_VERSION 5
#define ISSUERS_MAX SIGNERS_MAX
#define FILE_MAX (64 * KIB)
#define RULES_BYTES (512 * (size_t)KIB)
/* A start waits this long for the first reading of the feed, so that those who
 * connect at once are not refused, nor admitted by what the snapshot did not
 * know yet; longer, and the broker comes up without. */
#define FIRST_VIEW_MS 5000
/* The loop stands still for one slice: 46 us a cut, under 0.1 us a look. */
#define CUTS_A_TICK 100
#define LOOKS_A_TICK 20000
#define PURGES_A_TICK 2000
#define REPORT_SECONDS 5
#define HOST_BYTES 65

struct plugin {
	mosquitto_plugin_id_t *id;
	struct arena *arena; /* reset by each callback that uses it */
	char *issuer_path, *trust_domain, *topics_path;
	struct arena *rules_arena; /* NULL: the default rules */
	struct topic_rules rules;
	struct trust *issuers;
	struct view *view; /* NULL until the first was loaded */
	struct sessions *sessions;
	struct wake *wake;
	struct follow *follow;
	struct mac_key *snapshot_key;
	struct retained *retained;
	struct stats *stats;
	struct view_mark mark; /* of the view */
	char *name, *database, *metrics_path, *status_topic;
	bool snapshot;  /* one is kept */
	int64_t second; /* of the last tick */
	int64_t reported;
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
	if (p->view != NULL && u->behind)
		view_keep_quarantined(u->view, p->view);
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
		p->mark = u->at;
		retained_judge_all(p->retained);
		break;
	case FOLLOW_ENTRIES:
		for (i = 0; i < u->n; i++)
			view_apply(p->view, &u->entries[i]);
		p->mark = u->at;
		retained_judge_all(p->retained);
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

/* Whether nobody new is admitted now. */
static bool
is_stale(const struct plugin *p)
{
	return follow_age(p->follow) > p->stale_after;
}

/* As it may stand in the log: whoever is refused chose it, and it begins no
 * field there. */
static const char *
shown(const struct session *s, char out[SESSION_CLIENT_ID_BYTES])
{
	const char *in = s->client_id;
	size_t i;

	for (i = 0; in[i] != '\0'; i++)
		out[i] = in[i] > ' ' && in[i] <= '~' ? in[i] : '?';
	out[i] = '\0';
	return out;
}

/* A decision about a client, logged when it is another than the last. */
static void
note(struct plugin *p, const struct session *s, const char *decision,
    const char *detail)
{
	char client[SESSION_CLIENT_ID_BYTES];

	if (stats_is_news(p->stats, s->client_id, detail))
		mosquitto_log_printf(MOSQ_LOG_NOTICE,
		    "latchkey: event=session.%s client=%s %s", decision,
		    shown(s, client), detail);
}

/* The session that the client may open; false if none. */
static bool
judge(struct plugin *p, struct ctx *cx, struct mosquitto *client,
    struct session *s)
{
	struct admit by = { .view = p->view,
		.issuers = p->issuers,
		.trust_domain = p->trust_domain,
		.rules = &p->rules };
	const char *client_id = mosquitto_client_id(client);
	void *x509 = mosquitto_client_certificate(client);
	const char *why = "no-certificate";
	struct cert cert;

	memset(s, 0, sizeof(*s));
	s->client = client;
	/* A live session stays however old the view is. */
	by.stale = sessions_get(p->sessions, client) == NULL && is_stale(p);
	(void)snprintf(s->client_id, sizeof(s->client_id), "%s",
	    client_id == NULL ? "" : client_id);
	if (x509 != NULL && strlen(s->client_id) > 0 &&
	    strcmp(s->client_id, client_id) == 0) {
		why = "bad-certificate";
		if (cert_take_x509(cx, x509, &cert) == NULL &&
		    admit(cx, &by, &cert, s, &why) == NULL) {
			note(p, s, "admitted",
			    arena_printf(cx->arena, "serial=%s",
				bytes_hex(cx->arena, cert.serial)));
			return true;
		}
		note(p, s, "refused",
		    arena_printf(cx->arena, "reason=\"%s\"", cx->reason));
	}
	stats_count(p->stats->refused, why);
	return false;
}

/* On SIGHUP the broker runs this for every session it holds.  A live one is
 * judged anew; an offline one has no certificate and is refused, which costs
 * it nothing: it stays offline and keeps its queue. */
static int
on_basic_auth(int event, void *data, void *arg)
{
	struct mosquitto_evt_basic_auth *ev = data;
	struct plugin *p = arg;
	struct ctx cx = fresh_ctx(p);
	char username[WHO_USERNAME_BYTES];
	struct session session;
	bool was_here, may;

	(void)event;
	refresh(p);
	was_here = sessions_get(p->sessions, ev->client) != NULL;
	may = judge(p, &cx, ev->client, &session);
	sessions_remove(p->sessions, ev->client);
	if (!may)
		return MOSQ_ERR_AUTH;
	who_username(&session.who, username);
	if (mosquitto_set_username(ev->client, username) != MOSQ_ERR_SUCCESS)
		return MOSQ_ERR_AUTH;
	sessions_put(p->sessions, &session);
	if (!was_here)
		p->stats->admitted++;
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

/* What is retained under the id of a device that is refused: nobody is given
 * it any more, and it goes at the next turn (A5). */
static bool
is_left_behind(struct plugin *p, const struct mosquitto_evt_acl_check *ev)
{
	uint8_t id[VIEW_ID_BYTES];

	if (!ev->retain || ev->payloadlen == 0 ||
	    (ev->access != MOSQ_ACL_READ && ev->access != MOSQ_ACL_WRITE) ||
	    !retained_owner(ev->topic, id) || !view_device_refused(p->view, id))
		return false;
	if (ev->access == MOSQ_ACL_READ) {
		retained_put(p->retained, ev->topic);
		retained_judge_all(p->retained);
	}
	return true;
}

static int
on_acl_check(int event, void *data, void *arg)
{
	struct mosquitto_evt_acl_check *ev = data;
	struct plugin *p = arg;
	struct decide_ask ask = {
		.topic = ev->topic, .retain = ev->retain, .rules = &p->rules
	};
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
	    !who_asks(p, ev->client, &who) || !decide(p->view, &who, &ask) ||
	    is_left_behind(p, ev)) {
		p->stats->denied++;
		return MOSQ_ERR_ACL_DENIED;
	}
	if (ev->retain && ev->access == MOSQ_ACL_WRITE && ev->payloadlen > 0)
		retained_put(p->retained, ev->topic);
	return MOSQ_ERR_SUCCESS;
}

/* The disconnect callback runs meanwhile and removes the session.  Clients
 * that speak MQTT 5 are told 0x98, administrative action. */
static void
cut(void *arg, const struct session *s, const char *why)
{
	struct plugin *p = arg;
	struct ctx cx = fresh_ctx(p);

	stats_count(p->stats->cut, why);
	note(p, s, "cut", arena_printf(cx.arena, "reason=%s", why));
	(void)mosquitto_kick_client_by_clientid(s->client_id, false);
}

/* ------------------------------------------------------------ operators */

static struct stats_now
now_of(const struct plugin *p)
{
	return (struct stats_now){ .name = p->name,
		.view = p->view,
		.mark = p->mark,
		.head = follow_head(p->follow),
		.age = follow_age(p->follow),
		.sessions = sessions_count(p->sessions),
		.snapshot = p->snapshot,
		.kept = follow_is_kept(p->follow),
		.stale = p->view == NULL || is_stale(p) };
}

/* In the place of the file before, so that nobody reads half of it. */
static void
write_metrics(struct plugin *p, struct ctx *cx, const struct stats_now *now)
{
	const char *fresh = arena_printf(cx->arena, "%s.new", p->metrics_path);
	FILE *f = fopen(fresh, "we");
	bool ok = f != NULL;

	if (ok) {
		ok = fputs(stats_metrics(cx, p->stats, now), f) >= 0;
		ok = fclose(f) == 0 && ok;
	}
	if (!ok || rename(fresh, p->metrics_path) != 0) {
		if (stats_is_news(p->stats, "metrics", "failed"))
			mosquitto_log_printf(MOSQ_LOG_WARNING,
			    "latchkey: event=metrics.failed file=%s",
			    p->metrics_path);
		return;
	}
	(void)stats_is_news(p->stats, "metrics", "written");
}

static void
report(struct plugin *p)
{
	struct ctx cx = fresh_ctx(p);
	struct stats_now now = now_of(p);
	const char *text;

	if (p->metrics_path != NULL)
		write_metrics(p, &cx, &now);
	if (p->status_topic == NULL)
		return;
	text = stats_status(&cx, p->stats, &now);
	(void)mosquitto_broker_publish_copy(
	    NULL, p->status_topic, (int)strlen(text), text, 1, true, NULL);
}

/* An empty message takes the place of what is retained. */
static bool
purge(struct plugin *p)
{
	size_t n = PURGES_A_TICK;
	char *topic;

	while ((topic = retained_next(p->retained, p->view, &n)) != NULL) {
		(void)mosquitto_broker_publish_copy(
		    NULL, topic, 0, NULL, 0, true, NULL);
		mem_free(topic);
	}
	return n > 0;
}

/* Once a second: what time alone changes. */
static void
each_second(struct plugin *p, int64_t now)
{
	p->second = now;
	if (p->view != NULL) {
		view_expire(p->view, now);
		sessions_judge_all(p->sessions);
	}
	if (now - p->reported >= REPORT_SECONDS || now < p->reported) {
		p->reported = now;
		report(p);
	}
}

/* Every 100 ms when nothing happens, at once when the wake-up asks, hundreds
 * of times a second under load; the event's own times are all zero in this
 * version. */
static int
on_tick(int event, void *data, void *arg)
{
	struct plugin *p = arg;
	int64_t now = clock_now(), began = clock_mono_us();
	struct sweep sweep = { .now = now,
		.max_look = LOOKS_A_TICK,
		.max_cut = CUTS_A_TICK,
		.cut = cut,
		.arg = p };

	(void)event;
	(void)data;
	wake_answer(p->wake);
	refresh(p);
	if (now != p->second)
		each_second(p, now);
	if (p->view == NULL)
		return MOSQ_ERR_SUCCESS;
	sweep.view = p->view;
	/* Between two slices the loop serves the others, without sleeping. */
	if (!sessions_sweep(p->sessions, &sweep) || !purge(p))
		wake_ask(p->wake);
	stats_tick(p->stats, clock_mono_us() - began);
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

/* The topics of devices; without a file, what is usual. */
static bool
read_rules(struct plugin *p)
{
	AUTO_STRUCT(arena) *a = arena_new(RULES_BYTES);
	struct ctx cx = { .arena = a };
	struct topic_rules rules;
	char why[TOPIC_RULES_WHY];
	struct bytes text;

	if (p->topics_path == NULL) {
		p->rules = *topic_rules_default();
		return true;
	}
	if (!read_file(&cx, p->topics_path, &text))
		return false;
	if (!topic_rules_read(a, text, &rules, why)) {
		mosquitto_log_printf(
		    MOSQ_LOG_ERR, "latchkey: %s, %s", p->topics_path, why);
		return false;
	}
	arena_free(p->rules_arena);
	p->rules_arena = TAKE(a);
	p->rules = rules;
	return true;
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

/* SIGHUP: what stands in files, anew; a bad file changes nothing of its
 * part.  Who is connected is judged by it, and names that stand elsewhere in
 * certificates now are read again, since the broker asks on_basic_auth for
 * each session next. */
static int
on_reload(int event, void *data, void *arg)
{
	struct plugin *p = arg;
	bool issuers = read_issuers(p), rules = read_rules(p);
	struct ctx cx = fresh_ctx(p);
	const char *conninfo = read_conninfo(&cx, p->database);

	(void)event;
	(void)data;
	if (conninfo != NULL)
		follow_reconnect(p->follow, conninfo);
	mosquitto_log_printf(MOSQ_LOG_NOTICE,
	    "latchkey: event=reload issuers=%s topics=%s database=%s",
	    issuers ? "read" : "kept", rules ? "read" : "kept",
	    conninfo != NULL ? "read" : "kept");
	return MOSQ_ERR_SUCCESS;
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
	mac_key_free(p->snapshot_key);
	mem_free(p->issuer_path);
	mem_free(p->trust_domain);
	mem_free(p->topics_path);
	mem_free(p->name);
	mem_free(p->database);
	mem_free(p->metrics_path);
	mem_free(p->status_topic);
	retained_free(p->retained);
	mem_free(p->stats);
	arena_free(p->rules_arena);
	arena_free(p->arena);
	mem_free(p);
}

/* What this broker is called among those who follow the feed.  Several on a
 * host have issuer files of their own, or names. */
static const char *
broker_name(struct ctx *cx, const struct options *o)
{
	char host[HOST_BYTES];
	uint8_t sha256[SHA256_BYTES];

	if (o->name != NULL)
		return o->name;
	if (gethostname(host, sizeof(host)) != 0 ||
	    memchr(host, '\0', sizeof(host)) == NULL)
		(void)snprintf(host, sizeof(host), "broker");
	digest_sha256(bytes_str(o->issuer), sha256);
	return arena_printf(cx->arena, "%s-%s", host,
	    bytes_hex(cx->arena, (struct bytes){ sha256, 4 }));
}

/* The key of the snapshot, made at the first start.  One that is new makes
 * the snapshot of another worthless, which is then read from the feed. */
static bool
read_snapshot_key(struct plugin *p, const struct options *o)
{
	struct ctx cx = fresh_ctx(p);
	const char *path = o->snapshot_key;
	char why[FILE_WHY_BYTES];

	if (o->snapshot == NULL)
		return true;
	if (path == NULL)
		path = arena_printf(cx.arena, "%s.key", o->snapshot);
	if (access(path, F_OK) == 0 || mac_key_create(path, why))
		p->snapshot_key = mac_key_load(path, why);
	if (p->snapshot_key == NULL)
		mosquitto_log_printf(MOSQ_LOG_ERR, "latchkey: %s", why);
	return p->snapshot_key != NULL;
}

static char *
kept(const char *option)
{
	return option == NULL ? NULL : mem_strdup(option);
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
	p->topics_path = kept(o->topics);
	p->metrics_path = kept(o->metrics);
	p->status_topic = kept(o->status_topic);
	p->database = mem_strdup(o->database);
	p->snapshot = o->snapshot != NULL;
	if (!read_issuers(p) || !read_rules(p) || !read_snapshot_key(p, o))
		return false;
	cx = fresh_ctx(p);
	conninfo = read_conninfo(&cx, o->database);
	if (conninfo == NULL)
		return false;
	for (i = 0; i < N_CALLBACKS; i++)
		if (mosquitto_callback_register(p->id, callbacks[i].event,
			callbacks[i].fn, NULL, p) != MOSQ_ERR_SUCCESS)
			return false;
	p->name = mem_strdup(broker_name(&cx, o));
	p->wake = wake_new();
	p->follow = follow_new(&(struct follow_how){ conninfo, p->name,
				   o->snapshot, p->snapshot_key },
	    p->wake);
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
	char why[OPTIONS_WHY_BYTES];
	struct plugin *p;
	struct options o;

	if (!options_read(options, n, &o, why)) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "latchkey: %s", why);
		return MOSQ_ERR_INVAL;
	}
	p = mem_new(1, sizeof(*p));
	p->id = id;
	p->arena = arena_new(LIMIT_ARENA);
	p->sessions = sessions_new();
	p->retained = retained_new();
	p->stats = mem_new(1, sizeof(*p->stats));
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
