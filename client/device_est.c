#include "base/arena.h"
#include "base/limits.h"
#include "client/device_tpm.h"
#include "client/disk.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "pki/cms.h"
#include "pki/csr.h"

#define EST "/.well-known/est"
#define PEM_BYTES (64 * KIB)
#define CA_CERTS 16
/* When a 202 does not say how long (RFC 7030 section 4.2.3 asks it to). */
#define DEFAULT_RETRY 30

/* One enrollment: what is asked, and what was answered. */
struct exchange {
	struct bytes csr;
	struct bytes cas[CA_CERTS];
	size_t n_cas;
	struct api_reply reply;
	bool ran_out; /* the certificate before */
};

/* Certificates of an EST answer: base64 of a certs-only CMS (RFC 7030
 * section 4.1.3, RFC 8951). */
static const struct err *
read_certs(struct ctx *cx, const struct api_reply *reply, struct bytes *ders,
    size_t max, size_t *n)
{
	struct bytes cms;

	if (!bytes_from_b64(cx->arena, reply->body, &cms))
		return fail(cx, &ERR_BAD_REPLY, "est: not base64");
	return cms_read_certs(cx, cms, ders, max, n);
}

/* The CA certificates (RFC 7030 section 4.1); TLS ended in our root, so they
 * are the service's. */
static const struct err *
get_cacerts(struct ctx *cx, const struct device *dev, struct exchange *x,
    struct device_result *out)
{
	struct api api = { .url = dev->url, .ca = dev->ca };
	struct api_request rq = { .path = EST "/cacerts" };
	const struct err *e = api_send(cx, &api, &rq, &x->reply);

	if (e == NULL)
		e = device_judge(cx, &x->reply, out);
	if (e != NULL || out->next != DEVICE_DONE)
		return e;
	return read_certs(cx, &x->reply, x->cas, CA_CERTS, &x->n_cas);
}

static const struct err *
load_root(struct ctx *cx, const struct device *dev, struct trust **out)
{
	struct bytes pem, root[CA_CERTS];
	size_t n;
	const struct err *e = disk_read(cx, dev->ca, PEM_BYTES, &pem);

	if (e == NULL)
		e = cert_read_pem(cx, pem, root, CA_CERTS, &n);
	if (e != NULL)
		return e;
	*out = trust_new(root, n);
	return *out != NULL
		   ? NULL
		   : fail(cx, &ERR_BAD_REPLY, "%s: no trust anchor", dev->ca);
}

/* The CA certificate that issued the leaf. */
static const struct err *
find_issuer(struct ctx *cx, const struct exchange *x, const struct cert *leaf,
    struct bytes *out)
{
	struct cert ca;
	const struct err *e;
	size_t i;

	for (i = 0; i < x->n_cas; i++) {
		e = cert_parse(cx, x->cas[i], &ca);
		if (e != NULL)
			return e;
		*out = ca.der;
		if (bytes_eq(BYTES_OF(ca.subject_sha256),
			BYTES_OF(leaf->issuer_sha256)))
			return NULL;
	}
	return fail(cx, &ERR_BAD_REPLY,
	    "est: cacerts lacks the CA that issued the certificate");
}

/* Judges the answer before it replaces anything: one certificate, for the
 * key of our request, that leads to our root.  *pem is it with its CA. */
static const struct err *
check_certificate(struct ctx *cx, const struct device *dev,
    const struct exchange *x, const char **pem)
{
	AUTO_STRUCT(trust) *root = NULL;
	struct bytes chain[2];
	struct csr asked;
	struct cert leaf;
	size_t n;
	const struct err *e;

	e = read_certs(cx, &x->reply, &chain[0], 1, &n);
	if (e == NULL)
		e = csr_parse(cx, x->csr, &asked);
	if (e == NULL)
		e = cert_parse(cx, chain[0], &leaf);
	if (e == NULL && !bytes_eq(asked.spki, leaf.spki))
		e = fail(cx, &ERR_BAD_REPLY,
		    "est: the certificate is for another key");
	if (e == NULL)
		e = find_issuer(cx, x, &leaf, &chain[1]);
	if (e == NULL)
		e = load_root(cx, dev, &root);
	if (e == NULL)
		e = chain_verify(cx, chain, 2, root, CHAIN_CLIENT);
	if (e == NULL)
		*pem = arena_printf(cx->arena, "%s%s", cert_pem(cx, chain[0]),
		    cert_pem(cx, chain[1]));
	return e;
}

/* The issued certificate becomes the identity in use, and what led to it is
 * forgotten. */
static const struct err *
take_certificate(struct ctx *cx, struct device *dev, const struct exchange *x)
{
	const char *pem;
	const struct err *e = check_certificate(cx, dev, x, &pem);

	if (e == NULL)
		e = device_promote(cx, dev, pem);
	if (e != NULL)
		return e;
	device_set(&dev->state.device_code, "");
	device_set(&dev->state.user_code, "");
	device_set(&dev->state.verification_uri_complete, "");
	device_set(&dev->state.token, "");
	dev->state.reissue = false;
	return device_save(cx, dev);
}

/* Sends the request.  The CA certificates come first: once our certificate
 * is there, nothing more is asked of the network. */
static const struct err *
send_csr(struct ctx *cx, const struct device *dev, const struct api *api,
    struct exchange *x, struct device_result *out)
{
	bool renews = api->cert != NULL &&
		      strcmp(api->cert, device_path(cx, dev, "op.crt")) == 0;
	struct api_request rq = { .method = "POST",
		.path = renews ? EST "/simplereenroll" : EST "/simpleenroll",
		.type = "application/pkcs10",
		.body = bytes_str(bytes_b64(cx->arena, x->csr)) };
	const struct err *e = get_cacerts(cx, dev, x, out);

	if ((renews || x->ran_out) && device_has_tpm(dev))
		rq.attestation = dev->state.attestation;
	if (e != NULL || out->next != DEVICE_DONE)
		return e;
	e = api_send(cx, api, &rq, &x->reply);
	out->request_id = x->reply.request_id;
	return e;
}

/* Gives the old key and what was approved for it up. */
static const struct err *
start_over(struct ctx *cx, struct device *dev, struct device_result *out)
{
	static const char *const names[] = { "op.crt", "next.csr", "next.key",
		"tls.priv" };
	const struct err *e = NULL;
	size_t i;

	for (i = 0; e == NULL && i < sizeof(names) / sizeof(names[0]); i++)
		e = disk_remove(cx, device_path(cx, dev, names[i]));
	if (e != NULL)
		return e;
	dev->state.reissue = false;
	out->next = DEVICE_AGAIN;
	return device_save(cx, dev);
}

/* The token is over: perhaps used by us, and the answer was lost.  Then the
 * service knows this key as approved. */
static const struct err *
drop_token(struct ctx *cx, struct device *dev, struct device_result *out)
{
	device_set(&dev->state.token, "");
	dev->state.reissue = true;
	out->next = DEVICE_AGAIN;
	return device_save(cx, dev);
}

/* 202: not yet (RFC 7030 section 4.2.3). */
static const struct err *
take_pending(struct ctx *cx, struct device *dev, const struct exchange *x,
    struct device_result *out)
{
	if (dev->state.reissue && !dev->state.est_only) {
		dev->state.reissue = false;
		out->next = DEVICE_AGAIN;
		return device_save(cx, dev);
	}
	out->next = DEVICE_WAIT;
	out->wait =
	    x->reply.retry_after > 0 ? x->reply.retry_after : DEFAULT_RETRY;
	return NULL;
}

const struct err *
device_enroll(struct ctx *cx, struct device *dev, struct device_result *out)
{
	struct device_state *s = &dev->state;
	struct api api = device_api(cx, dev, "birth");
	struct exchange x = { .n_cas = 0 };
	/* A certificate that ran out: its own key is the approved one. */
	bool ran_out = disk_exists(device_path(cx, dev, "op.crt"));
	const struct err *e = NULL;
	const char *grade;

	*out = (struct device_result){ .next = DEVICE_DONE };
	x.ran_out = ran_out;
	if (*s->token != '\0')
		api.bearer = s->token;
	if (ran_out && device_has_tpm(dev))
		e = device_tpm_attest(cx, dev, true, &grade);
	if (e == NULL)
		e = device_prepare(cx, dev, ran_out, &x.csr);
	if (e == NULL)
		e = send_csr(cx, dev, &api, &x, out);
	if (e != NULL || out->next != DEVICE_DONE)
		return e;
	if (x.reply.status == 202)
		return take_pending(cx, dev, &x, out);
	if (x.reply.status == 401 && api.bearer != NULL)
		return drop_token(cx, dev, out);
	if (x.reply.status >= 400 && x.reply.status < 500 &&
	    x.reply.status != 429 && (ran_out || s->reissue))
		return start_over(cx, dev, out);
	e = device_judge(cx, &x.reply, out);
	if (e != NULL || out->next != DEVICE_DONE)
		return e;
	return take_certificate(cx, dev, &x);
}

const struct err *
device_renew(struct ctx *cx, struct device *dev, bool same_key,
    struct device_result *out)
{
	struct api api = device_api(cx, dev, "op");
	struct exchange x = { .n_cas = 0 };
	const struct err *e = NULL;
	const char *grade;

	/* Evidence is for a key, and not for long. */
	if (device_has_tpm(dev))
		e = device_tpm_attest(cx, dev, same_key, &grade);
	if (e == NULL)
		e = device_prepare(cx, dev, same_key, &x.csr);
	*out = (struct device_result){ .next = DEVICE_DONE };
	if (e == NULL)
		e = send_csr(cx, dev, &api, &x, out);
	if (e == NULL && out->next == DEVICE_DONE)
		e = device_judge(cx, &x.reply, out);
	if (e != NULL || out->next != DEVICE_DONE)
		return e;
	return take_certificate(cx, dev, &x);
}
