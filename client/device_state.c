#include "base/arena.h"
#include "base/buf.h"
#include "base/cfg.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/command.h"
#include "client/device_tpm.h"
#include "client/disk.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/identity.h"
#include "pki/maker.h"

#include <inttypes.h>

#define PEM_BYTES (64 * KIB)
#define STATE_BYTES (16 * KIB)

#define ROW(field, kind_of, default, text)                                   \
	.name = #field, .type = (kind_of), .def = (default), .help = (text), \
	.offset = offsetof(struct device_state, field)
#define TEXT(field, help)                     \
	{                                     \
		ROW(field, CFG_STR, "", help) \
	}
#define NUMBER(field, help)                                      \
	{                                                        \
		ROW(field, CFG_INT, "0", help), .max = INT64_MAX \
	}
#define SWITCH(field, help)                      \
	{                                        \
		ROW(field, CFG_BOOL, "no", help) \
	}

static const struct cfg_key state_keys[] = {
	TEXT(serial, "serial number of the unit"),
	TEXT(client_id, "OAuth client id of the model"),
	TEXT(claim_code, "claim code printed on the unit"),
	TEXT(device_code, "RFC 8628 section 3.2"),
	TEXT(user_code, "what the owner types"),
	TEXT(verification_uri, "where the owner types it"),
	TEXT(verification_uri_complete, "the same with the code in it"),
	NUMBER(code_expires_at, "end of the device code"),
	NUMBER(interval, "seconds between polls"),
	NUMBER(poll_at, "no poll before"),
	TEXT(ek, "kind of the TPM's endorsement key"),
	TEXT(event_log, "file of the firmware's log"),
	TEXT(attestation, "handle of evidence"),
	TEXT(token, "enroll token"),
	NUMBER(token_expires_at, "end of the token"),
	SWITCH(est_only, "no device grant"),
	SWITCH(reissue, "the key may have been approved before"),
};
#define STATE_KEYS (sizeof(state_keys) / sizeof(state_keys[0]))

void
device_set(char **field, const char *text)
{
	char *old = *field;

	*field = mem_strdup(text);
	mem_free(old);
}

const char *
device_path(struct ctx *cx, const struct device *dev, const char *name)
{
	return disk_in(cx, dev->dir, name);
}

static bool
has(struct ctx *cx, const struct device *dev, const char *name)
{
	return disk_exists(device_path(cx, dev, name));
}

/* Makes next.* the identity in use.  The certificate's name changes last:
 * cut off anywhere before, the same is done again. */
static const struct err *
finish_promotion(struct ctx *cx, const struct device *dev)
{
	const struct err *e = NULL;

	if (has(cx, dev, "next.key"))
		e = disk_rename(cx, device_path(cx, dev, "next.key"),
		    device_path(cx, dev, "op.key"));
	if (e == NULL)
		e = device_tpm_promote(cx, dev);
	if (e == NULL)
		e = disk_remove(cx, device_path(cx, dev, "next.csr"));
	if (e == NULL)
		e = disk_rename(cx, device_path(cx, dev, "next.crt"),
		    device_path(cx, dev, "op.crt"));
	return e;
}

const struct err *
device_promote(struct ctx *cx, const struct device *dev, const char *pem)
{
	const struct err *e;

	e = disk_write(
	    cx, device_path(cx, dev, "next.crt"), bytes_str(pem), 0600);
	return e != NULL ? e : finish_promotion(cx, dev);
}

const struct err *
device_open(struct ctx *cx, struct device *dev)
{
	char why[CFG_WHY_BYTES] = "";

	if (!cfg_read(device_path(cx, dev, "state"), state_keys, STATE_KEYS,
		&dev->state, why))
		return fail(cx, &ERR_LOCAL,
		    "%s (`latchkey simulate birth` makes a unit)", why);
	if (device_has_tpm(dev))
		dev->far = far_key_new(device_tpm_sign, dev);
	if (has(cx, dev, "next.crt"))
		return finish_promotion(cx, dev);
	return NULL;
}

bool
device_has_tpm(const struct device *dev)
{
	return *dev->state.ek != '\0';
}

void
device_close(struct device *dev)
{
	far_key_free(dev->far);
	cfg_release(state_keys, STATE_KEYS, &dev->state);
}

const struct err *
device_save(struct ctx *cx, const struct device *dev)
{
	struct bytes text;
	struct buf b;
	size_t i;

	buf_init(&b, cx->arena, STATE_BYTES);
	for (i = 0; i < STATE_KEYS; i++) {
		const struct cfg_key *k = &state_keys[i];
		const void *at = (const char *)&dev->state + k->offset;

		if (k->type == CFG_STR)
			buf_printf(
			    &b, "%s = %s\n", k->name, *(char *const *)at);
		else if (k->type == CFG_BOOL)
			buf_printf(&b, "%s = %s\n", k->name,
			    *(const bool *)at ? "yes" : "no");
		else
			buf_printf(&b, "%s = %" PRId64 "\n", k->name,
			    *(const int64_t *)at);
	}
	if (!buf_bytes(&b, &text))
		return fail(cx, &ERR_LOCAL, "the state is too large");
	return disk_write(cx, device_path(cx, dev, "state"), text, 0600);
}

static const struct err *
load_key(struct ctx *cx, const char *path, struct keypair **out)
{
	char why[256] = "";

	*out = keypair_load(path, why);
	return *out != NULL ? NULL : fail(cx, &ERR_LOCAL, "%s", why);
}

static const struct err *
save_key(struct ctx *cx, const struct keypair *key, const char *path)
{
	char why[256] = "";

	if (!keypair_save(key, path, why))
		return fail(cx, &ERR_LOCAL, "%s", why);
	return NULL;
}

/* Signs the birth certificate, as the maker's factory does. */
static const struct err *
sign_birth(struct ctx *cx, const char *dir, const struct device_birth *birth,
    const struct keypair *key)
{
	AUTO_STRUCT(maker) *maker = NULL;
	struct maker_birth b = { .serial = birth->serial,
		.spki = keypair_spki(cx, key),
		.not_before = cx->now - 3600 };
	const char *pem;
	struct bytes der;
	char why[256] = "";
	const struct err *e;

	maker = maker_load(birth->maker_dir, why);
	if (maker == NULL)
		return fail(cx, &ERR_LOCAL, "%s", why);
	e = maker_birth_certificate(cx, maker, &b, &der);
	if (e != NULL)
		return e;
	pem = cert_pem(cx, der);
	if (maker_intermediate(maker).n > 0)
		pem = arena_printf(cx->arena, "%s%s", pem,
		    cert_pem(cx, maker_intermediate(maker)));
	return disk_write(
	    cx, disk_in(cx, dir, "birth.crt"), bytes_str(pem), 0644);
}

const struct err *
device_begin(struct ctx *cx, const char *dir, const struct device_birth *birth)
{
	struct device dev = { .dir = dir };
	char why[CFG_WHY_BYTES] = "";
	const struct err *e;

	must(cfg_read(NULL, state_keys, STATE_KEYS, &dev.state, why));
	device_set(&dev.state.serial, birth->serial);
	device_set(&dev.state.client_id, birth->client_id);
	if (birth->claim_code != NULL)
		device_set(&dev.state.claim_code, birth->claim_code);
	if (birth->ek != NULL)
		device_set(&dev.state.ek, birth->ek);
	if (birth->event_log != NULL)
		device_set(&dev.state.event_log, birth->event_log);
	dev.state.est_only = birth->est_only;
	e = device_save(cx, &dev);
	device_close(&dev);
	return e;
}

const struct err *
device_make(struct ctx *cx, const char *dir, const struct device_birth *birth)
{
	AUTO_STRUCT(keypair) *key = keypair_new();
	const struct err *e = disk_mkdir(cx, dir);

	if (e == NULL && disk_exists(disk_in(cx, dir, "birth.key")))
		return fail(cx, &ERR_LOCAL, "%s: there is a unit already", dir);
	if (e == NULL)
		e = save_key(cx, key, disk_in(cx, dir, "birth.key"));
	if (e == NULL)
		e = sign_birth(cx, dir, birth, key);
	return e != NULL ? e : device_begin(cx, dir, birth);
}

const struct err *
device_prepare(
    struct ctx *cx, const struct device *dev, bool same_key, struct bytes *csr)
{
	AUTO_STRUCT(keypair) *key = NULL;
	const char *key_path = device_path(cx, dev, "next.key");
	const char *csr_path = device_path(cx, dev, "next.csr");
	const struct err *e = NULL;

	if (device_has_tpm(dev) && !disk_exists(csr_path))
		return fail(cx, &ERR_LOCAL,
		    "evidence comes first (`latchkey simulate attest`)");
	if (!disk_exists(key_path)) {
		if (same_key)
			e = load_key(cx, device_path(cx, dev, "op.key"), &key);
		else
			key = keypair_new();
		/* A request of an earlier key may still lie there. */
		if (e == NULL)
			e = disk_remove(cx, csr_path);
		if (e == NULL)
			e = save_key(cx, key, key_path);
	} else if (!disk_exists(csr_path)) {
		e = load_key(cx, key_path, &key);
	}
	if (e == NULL && !disk_exists(csr_path))
		e = disk_write(cx, csr_path, csr_make(cx, key, NULL), 0600);
	if (e == NULL)
		e = disk_read(cx, csr_path, LIMIT_CSR, csr);
	return e;
}

static const struct err *
read_certificate(struct ctx *cx, const struct device *dev, struct cert *out)
{
	struct bytes pem, ders[LIMIT_CHAIN];
	size_t n;
	const struct err *e;

	e = disk_read(cx, device_path(cx, dev, "op.crt"), PEM_BYTES, &pem);
	if (e == NULL)
		e = cert_read_pem(cx, pem, ders, LIMIT_CHAIN, &n);
	return e != NULL ? e : cert_parse(cx, ders[0], out);
}

/* The trust domain that its certificate names: the service chose it. */
static const char *
domain_of(struct ctx *cx, const struct cert *c)
{
	static const char scheme[] = IDENTITY_SPIFFE_URI;
	const char *rest;

	if (c->uri == NULL || strncmp(c->uri, scheme, strlen(scheme)) != 0)
		return "";
	rest = c->uri + strlen(scheme);
	return arena_printf(cx->arena, "%.*s", (int)strcspn(rest, "/"), rest);
}

const struct err *
device_identity(
    struct ctx *cx, const struct device *dev, struct device_identity *out)
{
	struct identity who;
	struct cert c;
	const struct err *e = read_certificate(cx, dev, &c);

	if (e == NULL)
		e = identity_parse(cx, &c, domain_of(cx, &c), &who);
	if (e != NULL)
		return e;
	*out = (struct device_identity){ .id = arena_strdup(cx->arena, who.id),
		.subject = c.subject,
		.uri = c.uri,
		.serial = bytes_hex(cx->arena, c.serial),
		.not_before = c.not_before,
		.not_after = c.not_after };
	return NULL;
}

/* A renewal is due when two thirds of the certificate's life are over, or
 * has been begun. */
static bool
is_renewal_due(struct ctx *cx, const struct device *dev, const struct cert *c)
{
	int64_t life = c->not_after - c->not_before;

	return has(cx, dev, "next.key") || cx->now >= c->not_after - life / 3;
}

const struct err *
device_phase(struct ctx *cx, const struct device *dev, enum device_phase *out)
{
	const struct device_state *s = &dev->state;
	struct cert c;
	const struct err *e;

	if (has(cx, dev, "op.crt")) {
		e = read_certificate(cx, dev, &c);
		if (e != NULL)
			return e;
		if (c.not_after > cx->now) {
			*out = is_renewal_due(cx, dev, &c) ? DEVICE_RENEW
							   : DEVICE_CONNECT;
			return NULL;
		}
	}
	if (s->est_only || s->reissue ||
	    (*s->token != '\0' && s->token_expires_at > cx->now) ||
	    has(cx, dev, "op.crt"))
		*out = DEVICE_ENROLL;
	else if (*s->device_code != '\0' && s->code_expires_at > cx->now)
		*out = DEVICE_POLL;
	else
		*out = DEVICE_AUTHORIZE;
	return NULL;
}

struct api
device_api(struct ctx *cx, const struct device *dev, const char *identity)
{
	struct api api = { .url = dev->url, .ca = dev->ca };

	api.cert =
	    device_path(cx, dev, arena_printf(cx->arena, "%s.crt", identity));
	api.key =
	    device_path(cx, dev, arena_printf(cx->arena, "%s.key", identity));
	if (strcmp(identity, "op") == 0)
		api.far = dev->far;
	if (!disk_exists(api.cert))
		api.cert = api.key = NULL;
	return api;
}

const struct err *
device_judge(
    struct ctx *cx, const struct api_reply *reply, struct device_result *out)
{
	if (reply->status == 429 || reply->status >= 500) {
		out->next = DEVICE_WAIT;
		out->wait = reply->retry_after;
		out->busy = true;
		return NULL;
	}
	return api_check(cx, reply);
}
