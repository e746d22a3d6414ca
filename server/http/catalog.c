#include "http/catalog.h"

#include "domain/scope.h"
#include "http/router.h"

static const char *const callers[] = {
	[WHO_ANYONE] = "anyone",
	[WHO_GRANTEE] = "grantee",
	[WHO_ENROLLEE] = "enrollee",
	[WHO_DEVICE] = "device",
	[WHO_VISITOR] = "visitor",
	[WHO_SESSION] = "session",
	[WHO_OWNER] = "owner",
	[WHO_ADMIN] = "admin",
};

static const char *const bodies[] = {
	[BODY_NONE] = "none",
	[BODY_ANY] = "any",
	[BODY_JSON] = "json",
	[BODY_FORM] = "form",
	[BODY_PKCS10] = "pkcs10",
	[BODY_OCSP] = "ocsp",
	[BODY_ALLOWLIST] = "allowlist",
};

static const char *const formats[] = {
	[AS_PROBLEM] = "problem",
	[AS_OAUTH] = "oauth",
	[AS_EST] = "est",
	[AS_OCSP] = "ocsp",
};

struct scope_name {
	unsigned scope;
	const char *name;
};

static const struct scope_name admin_scopes[] = {
	{ SCOPE_READ, "read" },
	{ SCOPE_REGISTRY, "registry" },
	{ SCOPE_REVOKE, "revoke" },
	{ SCOPE_LIFT, "lift" },
	{ SCOPE_KEYS, "keys" },
	{ SCOPE_TOKENS, "tokens" },
	{ SCOPE_IMPORT, "import" },
	{ SCOPE_METRICS, "metrics" },
	{ 0, NULL },
};

static const struct scope_name owner_scopes[] = {
	{ OWNER_APPROVALS, "approvals" },
	{ OWNER_DEVICES, "devices" },
	{ 0, NULL },
};

/* As a JSON list; any one of them lets a token in. */
static void
print_scopes(FILE *f, const struct route *r)
{
	const struct scope_name *n =
	    r->who == WHO_OWNER ? owner_scopes : admin_scopes;
	const char *comma = "";

	fprintf(f, "[");
	for (; n->name != NULL; n++) {
		if ((n->scope & r->scope) == 0)
			continue;
		fprintf(f, "%s\"%s\"", comma, n->name);
		comma = ", ";
	}
	fprintf(f, "]");
}

int
catalog_print(FILE *f)
{
	size_t i;

	fprintf(f, "[\n");
	for (i = 0; i < routes_n; i++) {
		const struct route *r = &routes[i];

		fprintf(f,
		    "{\"method\": \"%s\", \"path\": \"%s\", \"who\": \"%s\", "
		    "\"scopes\": ",
		    router_method_name(r->method), r->path, callers[r->who]);
		print_scopes(f, r);
		fprintf(f,
		    ", \"body\": \"%s\", \"limit\": %zu, \"errors\": "
		    "\"%s\"}%s\n",
		    bodies[r->body], r->limit, formats[r->errors],
		    i + 1 < routes_n ? "," : "");
	}
	fprintf(f, "]\n");
	return 0;
}
