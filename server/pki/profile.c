#include "pki/profile.h"

#include "base/cfg.h"
#include "base/mem.h"
#include "base/text.h"

#define MAX_PROFILES 32
#define YEAR (366 * 86400)

struct profiles {
	struct profile v[MAX_PROFILES];
	size_t n;
};

/* One section as it is read. */
struct section {
	char *kind, *url; /* url: whichever the line sets */
	int64_t lifetime, backdate;
};

enum { KIND, LIFETIME, BACKDATE, OCSP_URL, CA_ISSUERS_URL, CRL_URL };

#define TIME(field, least, most)                                             \
	.name = #field, .type = CFG_DURATION, .min = (least), .max = (most), \
	.offset = offsetof(struct section, field)
#define URL(field)                                  \
	.name = #field, .type = CFG_STR, .def = "", \
	.offset = offsetof(struct section, url)

static const struct cfg_key KEYS[] = {
	{ .name = "kind",
	    .type = CFG_STR,
	    .offset = offsetof(struct section, kind),
	    .help = "service or server" },
	{ TIME(lifetime, 1, YEAR), .help = "from issuance to notAfter" },
	{ TIME(backdate, 0, 86400),
	    .help = "notBefore lies this long before issuance" },
	{ URL(ocsp_url), .help = "where to ask for its status" },
	{ URL(ca_issuers_url), .help = "where its issuer's certificate is" },
	{ URL(crl_url), .help = "where the list is that would name it" },
};

#define N_KEYS (sizeof(KEYS) / sizeof(KEYS[0]))

static const struct {
	const char *name;
	enum profile_kind kind;
} KINDS[] = {
	{ "service", PROFILE_SERVICE },
	{ "server", PROFILE_SERVER },
};

struct reader {
	struct profiles *out;
	bool seen[N_KEYS];
};

static bool
refuse(char *why, const char *what, const char *name)
{
	(void)snprintf(why, CFG_WHY_BYTES, "%s \"%.60s\"", what, name);
	return false;
}

/* Whether the profile that was begun last is whole. */
static bool
complete(const struct reader *r, char *why)
{
	size_t i;

	for (i = 0; i < N_KEYS && r->out->n > 0; i++)
		if (!r->seen[i] && KEYS[i].def == NULL) {
			(void)snprintf(why, CFG_WHY_BYTES,
			    "profile \"%.60s\" does not set %s",
			    r->out->v[r->out->n - 1].name, KEYS[i].name);
			return false;
		}
	return true;
}

static bool
begin(struct reader *r, const char *name, char *why)
{
	struct profile *p = &r->out->v[r->out->n];

	if (!complete(r, why))
		return false;
	if (!text_is_slug(bytes_str(name)))
		return refuse(why, "not a profile's name:", name);
	if (profile_get(r->out, name) != NULL)
		return refuse(why, "set twice: profile", name);
	if (r->out->n == MAX_PROFILES)
		return refuse(why, "too many profiles from", name);
	p->name = mem_strdup(name);
	r->out->n++;
	memset(r->seen, 0, sizeof(r->seen));
	return true;
}

/* Takes over what one line set. */
static bool
apply(struct profile *p, const struct section *s, size_t key, char *why)
{
	const char **urls[] = { &p->ocsp_url, &p->ca_issuers_url, &p->crl_url };
	size_t i;

	if (key == LIFETIME)
		p->lifetime = s->lifetime;
	if (key == BACKDATE)
		p->backdate = s->backdate;
	if (key >= OCSP_URL) {
		*urls[key - OCSP_URL] = mem_strdup(s->url);
		return profile_check_urls(p, why);
	}
	if (key != KIND)
		return true;
	for (i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
		if (strcmp(KINDS[i].name, s->kind) == 0) {
			p->kind = KINDS[i].kind;
			return true;
		}
	return refuse(why, "kind is service or server, not", s->kind);
}

static bool
read_line(void *arg, const struct cfg_line *l, char *why)
{
	struct section s = { .kind = NULL };
	struct reader *r = arg;
	bool ok = false;
	size_t i;

	if (l->key == NULL)
		return begin(r, l->section, why);
	if (r->out->n == 0)
		return refuse(why, "no [profile] before", l->key);
	for (i = 0; i < N_KEYS; i++)
		if (strcmp(KEYS[i].name, l->key) == 0)
			break;
	if (i == N_KEYS)
		return refuse(why, "unknown key", l->key);
	if (r->seen[i])
		return refuse(why, "set twice:", l->key);
	r->seen[i] = true;
	ok = cfg_set(&KEYS[i], l->value, &s, why) &&
	     apply(&r->out->v[r->out->n - 1], &s, i, why);
	mem_free(s.kind);
	mem_free(s.url);
	return ok;
}

struct profiles *
profiles_load(const char *path, char why[256])
{
	struct profiles *p = mem_new(1, sizeof(*p));
	struct reader r = { .out = p };
	char reason[CFG_WHY_BYTES] = "no profile in the file";

	if (cfg_each(path, read_line, &r, reason) && p->n > 0 &&
	    complete(&r, reason))
		return p;
	(void)snprintf(why, 256, "%.255s", reason);
	profiles_free(p);
	return NULL;
}

void
profiles_free(struct profiles *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++) {
		mem_free((void *)(uintptr_t)p->v[i].name);
		mem_free((void *)(uintptr_t)p->v[i].ocsp_url);
		mem_free((void *)(uintptr_t)p->v[i].ca_issuers_url);
		mem_free((void *)(uintptr_t)p->v[i].crl_url);
	}
	mem_free(p);
}

const struct profile *
profile_get(const struct profiles *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->v[i].name, name) == 0)
			return &p->v[i];
	return NULL;
}
