/*
 * A client of the platform's own at the broker: its key is made here, the
 * service is told its topics and issues the certificate (SECURITY.md R7).
 */
#ifndef CLIENT_SERVICE_H
#define CLIENT_SERVICE_H

#include "client/api.h"

struct service_topics {
	const char *name;
	struct json_strs publish, subscribe;
	struct json_strs ra_labels; /* whose devices it may renew */
};

struct service_files {
	const char *key, *cert; /* paths: PEM, the certificate with its CA */
};

/* Registers the service or changes its topics, and gets a certificate for
 * the key dir/NAME.key (mode 0600), which is made if it is missing. */
ERR_FN service_register(struct ctx *cx, const struct api *api,
    const struct service_topics *t, const char *dir, struct service_files *out);

#endif
