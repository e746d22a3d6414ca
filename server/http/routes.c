#include "http/routes.h"

#include "base/limits.h"
#include "http/handlers.h"

/* clang-format off */
const struct route routes[] = {
	{ METHOD_GET, "/healthz", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_healthz, quick_healthz },
	{ METHOD_GET, "/readyz", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_readyz, NULL },
	{ METHOD_GET, "/activate", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/assets/{file}", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },

	{ METHOD_GET, "/.well-known/oauth-authorization-server", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_oauth_metadata, NULL },
	{ METHOD_POST, "/oauth2/device_authorization", WHO_UNIT, 0, BODY_FORM, LIMIT_BODY_EST, AS_OAUTH, post_device_authorization, NULL },
	{ METHOD_POST, "/oauth2/token", WHO_UNIT, 0, BODY_FORM, LIMIT_BODY_SMALL, AS_OAUTH, post_token, quick_token },

	{ METHOD_GET, "/.well-known/est/cacerts", WHO_ANYONE, 0, BODY_NONE, 0, AS_EST, get_cacerts, quick_cacerts },
	{ METHOD_POST, "/.well-known/est/simpleenroll", WHO_UNIT, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_simpleenroll, NULL },
	{ METHOD_POST, "/.well-known/est/simplereenroll", WHO_DEVICE, 0, BODY_PKCS10, LIMIT_BODY_EST, AS_EST, post_simplereenroll, NULL },

	{ METHOD_POST, "/v1/approvals/lookup", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_approval_lookup, NULL },
	{ METHOD_POST, "/v1/approvals/{id}/decision", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_approval_decision, NULL },
	{ METHOD_POST, "/v1/claims", WHO_OWNER, 0, BODY_JSON, LIMIT_BODY_SMALL, AS_PROBLEM, post_claim, NULL },
	{ METHOD_GET, "/v1/devices", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_devices, NULL },
	{ METHOD_GET, "/v1/devices/{id}", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, get_device, NULL },
	{ METHOD_DELETE, "/v1/devices/{id}", WHO_OWNER, 0, BODY_NONE, 0, AS_PROBLEM, delete_device, NULL },
};
/* clang-format on */

const size_t routes_n = sizeof(routes) / sizeof(routes[0]);
