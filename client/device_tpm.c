#include "client/device_tpm.h"

#include "attest/context.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/command.h"
#include "client/disk.h"
#include "client/tpm_tools.h"
#include "pki/digest.h"

#define CHALLENGE "POST /v1/attestation/tpm"
#define PROVE "POST /v1/attestation/tpm/proof"
/* For a renewal who proves is who has the certificate, too. */
#define RENEW "POST /v1/attestation"
#define PCRS 8
/* What tpm2-tools begin a file for TPM2_ActivateCredential with. */
#define CREDENTIAL_MAGIC "\xba\xdc\xc0\xde\0\0\0\1"

/* ---- evidence: a CBOR map of parts (server/attest/parts.h) */

static void
put_head(struct buf *b, unsigned major, size_t n)
{
	uint8_t head[3] = { (uint8_t)(major << 5 | (n < 24 ? n : 25)),
		(uint8_t)(n >> 8), (uint8_t)n };

	buf_put(b, (struct bytes){ head, n < 24 ? 1 : 3 });
}

static void
put_name(struct buf *b, const char *name)
{
	put_head(b, 3, strlen(name));
	buf_str(b, name);
}

static void
put_bytes(struct buf *b, struct bytes value)
{
	put_head(b, 2, value.n);
	buf_put(b, value);
}

struct evidence {
	struct ctx *cx;
	const struct device *dev;
	struct buf b;
	const struct err *e; /* the first, of files that cannot be read */
};

static struct bytes
content(struct evidence *ev, const char *file)
{
	struct bytes out = BYTES_NONE;

	if (ev->e == NULL)
		ev->e = disk_read(
		    ev->cx, device_path(ev->cx, ev->dev, file), 64 * KIB, &out);
	return out;
}

static void
put_file(struct evidence *ev, const char *name, const char *file)
{
	put_name(&ev->b, name);
	put_bytes(&ev->b, content(ev, file));
}

/* What the evidence begins with, and room for more parts. */
static void
evidence_init(
    struct evidence *ev, struct ctx *cx, const struct device *dev, size_t more)
{
	bool ca = disk_exists(device_path(cx, dev, "ek-ca.der"));

	*ev = (struct evidence){ .cx = cx, .dev = dev };
	buf_init(&ev->b, cx->arena, LIMIT_EVIDENCE);
	put_head(&ev->b, 5, 3 + more);
	put_name(&ev->b, "ek_cert");
	put_head(&ev->b, 4, ca ? 2 : 1);
	put_bytes(&ev->b, content(ev, "ek.der"));
	if (ca)
		put_bytes(&ev->b, content(ev, "ek-ca.der"));
	put_file(ev, "ek_pub", "ek.pub");
	put_file(ev, "ak_pub", "ak.pub");
}

/* ---- the two steps */

struct proof_in {
	struct bytes evidence, key;
	const char *format, *purpose; /* of a renewal */
};

static const struct json_field in_fields[] = {
	JSON_F_B64U(proof_in, evidence, LIMIT_EVIDENCE, true),
	JSON_F_B64U(proof_in, key, 1024, true),
	JSON_F_STR(proof_in, format, 16, false),
	JSON_F_STR(proof_in, purpose, 16, false),
	JSON_END,
};

struct challenge {
	struct bytes challenge, credential_blob, encrypted_secret;
};

static const struct json_field challenge_fields[] = {
	JSON_F_B64U(challenge, challenge, 64, true),
	JSON_F_B64U(challenge, credential_blob, 1024, true),
	JSON_F_B64U(challenge, encrypted_secret, 1024, true),
	JSON_END,
};

struct attested {
	const char *attestation, *grade;
};

static const struct json_field attested_fields[] = {
	JSON_F_STR(attested, attestation, 2048, true),
	JSON_F_STR(attested, grade, 16, true),
	JSON_END,
};

static const struct err *
send_evidence(struct evidence *ev, const char *what,
    const struct json_field *fields, void *out)
{
	bool renews = strcmp(what, RENEW) == 0;
	struct api api = device_api(ev->cx, ev->dev, renews ? "op" : "birth");
	struct proof_in in = { .key = content(ev, "tls.der"),
		.format = renews ? "tpm" : NULL,
		.purpose = renews ? "renew" : NULL };
	const struct api_shape sent = { in_fields, &in };
	const struct api_shape got = { fields, out };

	if (ev->e == NULL && !buf_bytes(&ev->b, &in.evidence))
		ev->e = fail(ev->cx, &ERR_LOCAL, "the evidence is too long");
	return ev->e != NULL ? ev->e
			     : api_json(ev->cx, &api, what, &sent, &got);
}

/* TPM2_ActivateCredential: only this TPM opens it, for this AK alone. */
static const struct err *
open_challenge(
    struct ctx *cx, const struct device *dev, const struct challenge *c)
{
	const char *words[] = {
		device_tpm_ek_words(cx, dev->state.ek),
		TPM_FLUSH,
		"startauthsession --policy-session -S session",
		"policysecret -S session -c e",
		"activatecredential -c ak.ctx -C ek.ctx -i blob -o secret "
		"-P session:session",
		"flushcontext session",
		TPM_FLUSH,
		NULL,
	};
	struct bytes blob;
	const struct err *e;
	struct buf b;

	buf_init(&b, cx->arena, 4 * KIB);
	buf_put(&b, (struct bytes){ (const uint8_t *)CREDENTIAL_MAGIC,
			sizeof(CREDENTIAL_MAGIC) - 1 });
	buf_put(&b, c->credential_blob);
	buf_put(&b, c->encrypted_secret);
	must(buf_bytes(&b, &blob));
	e = disk_write(cx, device_path(cx, dev, "blob"), blob, 0600);
	return e != NULL ? e : tpm_tools(cx, dev->dir, words);
}

/* What was started, in answer to the challenge, and the AK's word for the key
 * to be certified. */
static const struct err *
quote(struct ctx *cx, const struct device *dev, struct bytes challenge,
    struct bytes key)
{
	static const char *const words[] = {
		"pcrread sha256:0,1,2,3,4,5,6,7 -o pcrs",
		"certify -c tls.ctx -C ak.ctx -g sha256 -o certify "
		"-s certify.sig -f tss",
		TPM_FLUSH,
		NULL,
	};
	const struct attest_context said = { bytes_str(dev->url), challenge,
		key };
	uint8_t answer[SHA256_BYTES];
	const struct err *e;

	digest_sha256(attest_context_bytes(cx, "tpm", &said), answer);
	e = tpm_tool(cx, dev->dir,
	    arena_printf(cx->arena,
		"quote -c ak.ctx -l sha256:0,1,2,3,4,5,6,7 -q %s -m quote "
		"-s quote.sig -g sha256",
		bytes_hex(cx->arena, BYTES_OF(answer))));
	return e != NULL ? e : tpm_tools(cx, dev->dir, words);
}

/* Each PCR's value after its number. */
static void
put_pcrs(struct evidence *ev)
{
	struct bytes values = content(ev, "pcrs");
	uint8_t *out =
	    arena_alloc(ev->cx->arena, PCRS * (size_t)(1 + SHA256_BYTES));
	size_t i, n = 0;

	if (ev->e == NULL && values.n != (size_t)PCRS * SHA256_BYTES)
		ev->e = fail(ev->cx, &ERR_LOCAL, "pcrs: not eight values");
	for (i = 0; ev->e == NULL && i < PCRS; i++) {
		out[n++] = (uint8_t)i;
		memcpy(out + n, values.p + i * SHA256_BYTES, SHA256_BYTES);
		n += SHA256_BYTES;
	}
	put_name(&ev->b, "pcrs");
	put_bytes(&ev->b, (struct bytes){ out, n });
}

/* The firmware's log of this boot, as the system shows it. */
static void
put_log(struct evidence *ev)
{
	struct bytes log = BYTES_NONE;

	if (ev->e == NULL)
		ev->e = disk_read(
		    ev->cx, ev->dev->state.event_log, LIMIT_EVENT_LOG, &log);
	put_name(&ev->b, "event_log");
	put_bytes(&ev->b, log);
}

static const struct err *
prove(struct ctx *cx, const struct device *dev, const char *how,
    struct bytes challenge, struct attested *out)
{
	bool log = *dev->state.event_log != '\0';
	static const char *const files[][2] = { { "secret", "secret" },
		{ "quote", "quote" }, { "quote_sig", "quote.sig" },
		{ "key_pub", "tls.pub" }, { "certify", "certify" },
		{ "certify_sig", "certify.sig" } };
	const size_t n = sizeof(files) / sizeof(files[0]);
	struct evidence ev;
	size_t i;

	evidence_init(&ev, cx, dev, n + 2 + (log ? 1 : 0));
	put_name(&ev.b, "challenge");
	put_bytes(&ev.b, challenge);
	for (i = 0; i < n; i++)
		put_file(&ev, files[i][0], files[i][1]);
	put_pcrs(&ev);
	if (log)
		put_log(&ev);
	return send_evidence(&ev, how, attested_fields, out);
}

const struct err *
device_tpm_attest(
    struct ctx *cx, struct device *dev, bool same_key, const char **grade)
{
	enum device_phase phase = DEVICE_AUTHORIZE;
	struct attested attested = { NULL, NULL };
	struct challenge c = { BYTES_NONE, BYTES_NONE, BYTES_NONE };
	struct evidence ev;
	const struct err *e;
	struct bytes key;

	e = device_phase(cx, dev, &phase);
	if (e == NULL)
		e = device_tpm_next(cx, dev, same_key);
	if (e != NULL)
		return e;
	evidence_init(&ev, cx, dev, 0);
	key = content(&ev, "tls.der");
	e = send_evidence(&ev, CHALLENGE, challenge_fields, &c);
	if (e == NULL)
		e = open_challenge(cx, dev, &c);
	if (e == NULL)
		e = quote(cx, dev, c.challenge, key);
	if (e == NULL)
		e = prove(cx, dev, phase >= DEVICE_CONNECT ? RENEW : PROVE,
		    c.challenge, &attested);
	if (e == NULL)
		e = device_tpm_request(cx, dev, key);
	if (e != NULL)
		return e;
	device_set(&dev->state.attestation, attested.attestation);
	*grade = attested.grade;
	return device_save(cx, dev);
}
