#include "plugin/options.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/topic.h"
#include "pki/identity.h"
#include "plugin/plugin.h"

/* How old what is known may be for somebody new to be admitted by it (R9):
 * a restart of Postgres is shorter. */
#define STALE_AFTER "30"
#define STALE_AFTER_MOST 86400
#define HINT_DISTANCE 2 /* letters that a name meant may differ by */

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
	{ "database", offsetof(struct options, database) },
	{ "issuer", offsetof(struct options, issuer) },
	{ "trust_domain", offsetof(struct options, trust_domain) },
	{ "name", offsetof(struct options, name) },
	{ "topics", offsetof(struct options, topics) },
	{ "snapshot", offsetof(struct options, snapshot) },
	{ "snapshot_key", offsetof(struct options, snapshot_key) },
	{ "metrics", offsetof(struct options, metrics) },
	{ "status_topic", offsetof(struct options, status_topic) },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* What is wrong with them, or NULL. */
static const char *
wrong(const struct options *o)
{
	if (o->database == NULL || o->issuer == NULL)
		return "plugin_opt_database and plugin_opt_issuer must be set";
	if (*o->trust_domain != '\0' && !identity_domain_ok(o->trust_domain))
		return "plugin_opt_trust_domain is no trust domain";
	if (o->name != NULL && !text_is_name(bytes_str(o->name)))
		return "plugin_opt_name is no name";
	if (o->stale_after < 1 || o->stale_after > STALE_AFTER_MOST)
		return "plugin_opt_stale_after is not from 1 to 86400";
	if (o->snapshot_key != NULL && o->snapshot == NULL)
		return "plugin_opt_snapshot_key needs plugin_opt_snapshot";
	if (o->status_topic != NULL &&
	    (*o->status_topic == '$' ||
		!topic_valid_publish(bytes_str(o->status_topic))))
		return "plugin_opt_status_topic is no topic";
	return NULL;
}

/* A whole number, or 0. */
static int64_t
seconds(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n == 0 || n > 9 || text[n] != '\0' ? 0 : strtoll(text, NULL, 10);
}

static bool
take(const struct mosquitto_opt *in, struct options *out)
{
	size_t i;

	if (strcmp(in->key, "stale_after") == 0) {
		out->stale_after = seconds(in->value);
		return true;
	}
	for (i = 0; i < N_ROWS; i++)
		if (strcmp(in->key, rows[i].name) == 0) {
			memcpy((char *)out + rows[i].offset, &in->value,
			    sizeof(in->value));
			return true;
		}
	return false;
}

/* The option that was meant, or NULL. */
static const char *
meant(const char *name)
{
	size_t i;

	if (text_distance(name, "stale_after") <= HINT_DISTANCE)
		return "stale_after";
	for (i = 0; i < N_ROWS; i++)
		if (text_distance(name, rows[i].name) <= HINT_DISTANCE)
			return rows[i].name;
	return NULL;
}

bool
options_read(const struct mosquitto_opt *in, int n, struct options *out,
    char why[OPTIONS_WHY_BYTES])
{
	const char *fault = NULL, *near;
	int i;

	*out = (struct options){ .trust_domain = "",
		.stale_after = seconds(STALE_AFTER) };
	for (i = 0; i < n; i++)
		if (!take(&in[i], out)) {
			near = meant(in[i].key);
			(void)snprintf(why, OPTIONS_WHY_BYTES,
			    "unknown option plugin_opt_%.60s%s%s%s", in[i].key,
			    near != NULL ? "; did you mean plugin_opt_" : "",
			    near != NULL ? near : "", near != NULL ? "?" : "");
			return false;
		}
	fault = wrong(out);
	if (fault != NULL)
		(void)snprintf(why, OPTIONS_WHY_BYTES, "%s", fault);
	return fault == NULL;
}
