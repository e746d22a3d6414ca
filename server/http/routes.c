#include "http/routes.h"

#include "base/limits.h"
#include "http/handlers.h"

/* clang-format off */
const struct route routes[] = {
	{ METHOD_GET, "/healthz", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_healthz, quick_healthz },
	{ METHOD_GET, "/readyz", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_readyz, NULL },
	{ METHOD_GET, "/activate", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
	{ METHOD_GET, "/assets/{file}", WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, get_page, quick_page },
};
/* clang-format on */

const size_t routes_n = sizeof(routes) / sizeof(routes[0]);
