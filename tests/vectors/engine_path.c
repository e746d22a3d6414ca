/*
 * Questions on certification paths: settings as text, the leaf, anchors,
 * further certificates and revocation lists, each kind as DER one after the
 * other.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "pki/der.h"
#include "pki/path.h"
#include "tests/vectors/engine.h"

#define MAX_CERTS 128

struct setup {
	struct path_rules rules;
	struct path_input in;
	struct path_anchor anchor[MAX_CERTS];
	struct bytes pool[MAX_CERTS], crl[MAX_CERTS];
};

static size_t
split(struct bytes all, struct bytes *out)
{
	struct der_item it;
	size_t n = 0;

	while (all.n > 0 && n < MAX_CERTS) {
		/* What is no DER goes to the parser as it is. */
		if (!der_next(&all, &it)) {
			out[n++] = all;
			break;
		}
		out[n++] = it.whole;
	}
	return n;
}

static bool
set_flag(struct path_rules *r, const char *name)
{
	static const struct {
		const char *name;
		size_t at;
	} flags[] = {
		{ "strict", offsetof(struct path_rules, purpose_strict) },
		{ "profile", offsetof(struct path_rules, profile) },
		{ "pedantic", offsetof(struct path_rules, pedantic) },
		{ "anchor-rules", offsetof(struct path_rules, anchor_rules) },
		{ "anchor-is-ca", offsetof(struct path_rules, anchor_is_ca) },
		{ "anchor-expires",
		    offsetof(struct path_rules, anchor_expires) },
		{ "weak", offsetof(struct path_rules, weak) },
		{ "explicit-policy",
		    offsetof(struct path_rules, policy.explicit) },
		{ "no-mapping",
		    offsetof(struct path_rules, policy.no_mapping) },
		{ "no-any-policy", offsetof(struct path_rules, policy.no_any) },
		{ "depth", offsetof(struct path_rules, depth_limited) },
	};
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(name, flags[i].name) == 0) {
			*(bool *)((char *)r + flags[i].at) = true;
			return true;
		}
	return false;
}

static void
set_anchors(struct setup *s, const char *how)
{
	size_t i;

	for (i = 0; i < MAX_CERTS; i++) {
		s->anchor[i].issues = strstr(how, "issues") != NULL;
		s->anchor[i].is_leaf = strstr(how, "leaf") != NULL;
		s->anchor[i].self_signed = strstr(how, "self-signed") != NULL;
	}
}

static void
set_policies(struct policy_input *p, struct bytes all)
{
	struct bytes *oid =
	    arena_alloc(engine_cx.arena, MAX_CERTS * sizeof(*oid));

	p->wanted = oid;
	while (all.n > 0)
		must(p->n < MAX_CERTS && der_take(&all, DER_OID, &oid[p->n++]));
}

/* One setting, NAME or NAME=VALUE. */
static void
set(struct setup *s, const char *name, const char *value)
{
	struct path_rules *r = &s->rules;
	struct bytes hex = BYTES_NONE;

	if (value != NULL)
		(void)bytes_from_hex(engine_cx.arena, bytes_str(value), &hex);
	if (strcmp(name, "now") == 0)
		engine_cx.now = strtoll(value, NULL, 10);
	else if (strcmp(name, "crl") == 0)
		r->crl = PATH_CRL_NEEDED;
	else if (strcmp(name, "host") == 0)
		r->host = value;
	else if (strcmp(name, "key-usage") == 0)
		r->key_usage = (unsigned)strtoul(value, NULL, 16);
	else if (strcmp(name, "purpose") == 0)
		r->purpose = hex;
	else if (strcmp(name, "policies") == 0)
		set_policies(&r->policy, hex);
	else if (strcmp(name, "anchor") == 0)
		set_anchors(s, value);
	else
		must(set_flag(r, name));
	if (strcmp(name, "depth") == 0)
		r->depth = strtoul(value, NULL, 10);
}

static void
read_settings(struct setup *s, char *text)
{
	char *rest = NULL, *word;

	for (word = strtok_r(text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(word, '=');

		if (value != NULL)
			*value++ = '\0';
		set(s, word, value);
	}
}

static const struct err *
ask_path(const struct bytes *in)
{
	struct setup *s = arena_alloc(engine_cx.arena, sizeof(*s));
	char *text = bytes_to_str(engine_cx.arena, in[0]);
	struct bytes anchors[MAX_CERTS];
	int64_t now = engine_cx.now;
	const struct err *e;
	struct path path;
	size_t i;

	must(text != NULL);
	read_settings(s, text);
	s->in.leaf = in[1];
	s->in.n_anchors = split(in[2], anchors);
	for (i = 0; i < s->in.n_anchors; i++)
		s->anchor[i].der = anchors[i];
	s->in.anchor = s->anchor;
	s->in.n_pool = split(in[3], s->pool);
	s->in.pool = s->pool;
	s->in.n_crls = split(in[4], s->crl);
	s->in.crl = s->crl;
	e = path_validate(&engine_cx, &s->in, &s->rules, &path);
	engine_cx.now = now;
	return e;
}

const struct question questions_path[] = {
	{ "path", ask_path, 5 },
	{ NULL, NULL, 0 },
};
