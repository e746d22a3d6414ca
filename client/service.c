#include "client/service.h"

#include "base/arena.h"
#include "base/limits.h"
#include "client/command.h"
#include "client/disk.h"
#include "pki/csr.h"

#define PEM_BYTES (64 * KIB)

static const struct json_field topics_fields[] = {
	JSON_F_STRS(service_topics, publish, LIMIT_TOPICS, LIMIT_TOPIC, true),
	JSON_F_STRS(service_topics, subscribe, LIMIT_TOPICS, LIMIT_TOPIC, true),
	JSON_F_STRS(service_topics, ra_labels, LIMIT_TOPICS, LIMIT_SLUG, false),
	JSON_END,
};

struct certificate_put {
	struct bytes csr;
};

static const struct json_field certificate_put_fields[] = {
	JSON_F_B64U(certificate_put, csr, LIMIT_CSR, true),
	JSON_END,
};

struct certificate_row {
	const char *certificate, *chain;
};

static const struct json_field certificate_fields[] = {
	JSON_F_STR(certificate_row, certificate, PEM_BYTES, true),
	JSON_F_STR(certificate_row, chain, PEM_BYTES, true),
	JSON_END,
};

/* The key of the file, made if the file is missing. */
static const struct err *
get_key(struct ctx *cx, const char *path, struct keypair **out)
{
	char why[256] = "";

	if (disk_exists(path)) {
		*out = keypair_load(path, why);
		return *out != NULL ? NULL : fail(cx, &ERR_LOCAL, "%s", why);
	}
	*out = keypair_new();
	if (!keypair_save(*out, path, why))
		return fail(cx, &ERR_LOCAL, "%s", why);
	return NULL;
}

static const struct err *
get_certificate(struct ctx *cx, const struct api *api, const char *name,
    const struct keypair *key, struct certificate_row *row)
{
	struct certificate_put put = { csr_make(cx, key, name) };
	struct api_shape in = { certificate_put_fields, &put };
	struct api_shape out = { certificate_fields, row };

	return api_json(cx, api,
	    arena_printf(cx->arena, "POST /v1/admin/services/%s/certificates",
		api_escape(cx, name)),
	    &in, &out);
}

const struct err *
service_register(struct ctx *cx, const struct api *api,
    const struct service_topics *t, const char *dir, struct service_files *out)
{
	AUTO_STRUCT(keypair) *key = NULL;
	struct service_topics copy = *t;
	struct api_shape in = { topics_fields, &copy };
	struct certificate_row row = { .certificate = NULL };
	const struct err *e;

	out->key = arena_printf(cx->arena, "%s/%s.key", dir, t->name);
	out->cert = arena_printf(cx->arena, "%s/%s.crt", dir, t->name);
	e = api_json(cx, api,
	    arena_printf(cx->arena, "PUT /v1/admin/services/%s",
		api_escape(cx, t->name)),
	    &in, NULL);
	if (e == NULL)
		e = disk_mkdir(cx, dir);
	if (e == NULL)
		e = get_key(cx, out->key, &key);
	if (e == NULL)
		e = get_certificate(cx, api, t->name, key, &row);
	if (e != NULL)
		return e;
	return disk_write(cx, out->cert,
	    bytes_str(
		arena_printf(cx->arena, "%s%s", row.certificate, row.chain)),
	    0644);
}
