#include "client/device_tpm.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attest/context.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/command.h"
#include "client/disk.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/digest.h"

#define MAX_WORDS 32
#define PCRS 8
/* What tpm2-tools begin a file for TPM2_ActivateCredential with. */
#define CREDENTIAL_MAGIC "\xba\xdc\xc0\xde\0\0\0\1"
/* TCG EK Credential Profile, section 2.2.1.4: RSA 2048. */
#define EK_HANDLE "0x81010001"
#define EK_NV "0x01C00002"
#define FIXED "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|"
#define FLUSH "flushcontext -t"

/* Runs one of tpm2-tools in the directory; its words are split at spaces. */
static const struct err *
tool(struct ctx *cx, const char *dir, const char *words)
{
	char *argv[MAX_WORDS + 1] = { NULL }, *rest = NULL, *word;
	char *line = arena_printf(cx->arena, "tpm2_%s", words);
	posix_spawn_file_actions_t actions;
	size_t n = 0;
	int status = -1;
	bool ok;
	pid_t pid;

	for (word = strtok_r(line, " ", &rest); word != NULL && n < MAX_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		argv[n++] = word;
	must(posix_spawn_file_actions_init(&actions) == 0);
	must(posix_spawn_file_actions_addchdir_np(&actions, dir) == 0);
	must(posix_spawn_file_actions_addopen(
		 &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0);
	ok = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0 &&
	     waitpid(pid, &status, 0) == pid && status == 0;
	must(posix_spawn_file_actions_destroy(&actions) == 0);
	return ok ? NULL
		  : fail(cx, &ERR_LOCAL, "tpm2_%s: it failed (tpm2-tools)",
			words);
}

/* Those of a list that ends with NULL, until one fails. */
static const struct err *
tools(struct ctx *cx, const char *dir, const char *const *words)
{
	const struct err *e = NULL;

	while (e == NULL && *words != NULL)
		e = tool(cx, dir, *words++);
	return e;
}

/* ---- the factory */

static const struct err *
keep_ek_ca(struct ctx *cx, const char *dir, const char *pem_path)
{
	struct bytes pem, der[LIMIT_CHAIN];
	const struct err *e;
	size_t n;

	if (pem_path == NULL)
		return NULL;
	e = disk_read(cx, pem_path, 64 * KIB, &pem);
	if (e == NULL)
		e = cert_read_pem(cx, pem, der, LIMIT_CHAIN, &n);
	return e != NULL ? e
			 : disk_write(
			       cx, disk_in(cx, dir, "ek-ca.der"), der[0], 0644);
}

const struct err *
device_tpm_make(struct ctx *cx, const char *dir, const char *client_id,
    const char *ek_ca, const char **ek)
{
	static const char *const words[] = {
		"nvread -C o " EK_NV " -o ek.der",
		"readpublic -c " EK_HANDLE " -o ek.pub",
		"createprimary -C o -G ecc -c srk.ctx",
		FLUSH,
		"create -C srk.ctx -G ecc256:ecdsa-sha256:null -u ak.pub "
		"-r ak.priv -a " FIXED "restricted|sign",
		FLUSH,
		"load -C srk.ctx -u ak.pub -r ak.priv -c ak.ctx",
		FLUSH,
		"create -C srk.ctx -G ecc256:ecdsa-sha256:null -u tls.pub "
		"-r tls.priv -a " FIXED "sign",
		FLUSH,
		"load -C srk.ctx -u tls.pub -r tls.priv -c tls.ctx",
		FLUSH,
		"readpublic -c tls.ctx -f der -o tls.der",
		FLUSH,
		"encodeobject -C srk.ctx -u tls.pub -r tls.priv -o next.key",
		FLUSH,
		NULL,
	};
	struct device_birth birth = { .serial = "", .client_id = client_id };
	const struct err *e = disk_mkdir(cx, dir);
	struct bytes der;
	struct cert cert;

	if (e == NULL && disk_exists(disk_in(cx, dir, "state")))
		return fail(cx, &ERR_LOCAL, "%s: there is a unit already", dir);
	if (e == NULL)
		e = tools(cx, dir, words);
	if (e == NULL)
		e = keep_ek_ca(cx, dir, ek_ca);
	if (e == NULL)
		e = disk_read(cx, disk_in(cx, dir, "ek.der"), 64 * KIB, &der);
	if (e == NULL)
		e = cert_parse(cx, der, &cert);
	if (e != NULL)
		return e;
	*ek = bytes_hex(cx->arena, BYTES_OF(cert.key_sha256));
	return device_begin(cx, dir, &birth);
}

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

/* What the evidence begins with in both steps, and room for more parts. */
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
};

static const struct json_field in_fields[] = {
	JSON_F_B64U(proof_in, evidence, LIMIT_EVIDENCE, true),
	JSON_F_B64U(proof_in, key, 1024, true),
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
	struct api api = device_api(ev->cx, ev->dev, "birth");
	struct proof_in in = { .key = content(ev, "tls.der") };
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
	static const char *const words[] = {
		"startauthsession --policy-session -S session",
		"policysecret -S session -c e",
		"activatecredential -c ak.ctx -C " EK_HANDLE
		" -i blob -o secret -P session:session",
		"flushcontext session",
		FLUSH,
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
	return e != NULL ? e : tools(cx, dev->dir, words);
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
		FLUSH,
		NULL,
	};
	const struct attest_context said = { bytes_str(dev->url), challenge,
		key };
	uint8_t answer[SHA256_BYTES];
	const struct err *e;

	digest_sha256(attest_context_bytes(cx, "tpm", &said), answer);
	e = tool(cx, dev->dir,
	    arena_printf(cx->arena,
		"quote -c ak.ctx -l sha256:0,1,2,3,4,5,6,7 -q %s -m quote "
		"-s quote.sig -g sha256",
		bytes_hex(cx->arena, BYTES_OF(answer))));
	return e != NULL ? e : tools(cx, dev->dir, words);
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

static const struct err *
prove(struct ctx *cx, const struct device *dev, struct bytes challenge,
    struct attested *out)
{
	static const char *const files[][2] = { { "secret", "secret" },
		{ "quote", "quote" }, { "quote_sig", "quote.sig" },
		{ "key_pub", "tls.pub" }, { "certify", "certify" },
		{ "certify_sig", "certify.sig" } };
	const size_t n = sizeof(files) / sizeof(files[0]);
	struct evidence ev;
	size_t i;

	evidence_init(&ev, cx, dev, n + 2);
	put_name(&ev.b, "challenge");
	put_bytes(&ev.b, challenge);
	for (i = 0; i < n; i++)
		put_file(&ev, files[i][0], files[i][1]);
	put_pcrs(&ev);
	return send_evidence(
	    &ev, "POST /v1/attestation/tpm/proof", attested_fields, out);
}

/* The request for the operational key, signed within the TPM. */
static const struct err *
sign_request(struct ctx *cx, const struct device *dev, struct bytes key)
{
	static const char *const words[] = {
		"sign -c tls.ctx -g sha256 -f plain -o info.sig info",
		FLUSH,
		NULL,
	};
	struct bytes info = csr_info(cx, key), sig;
	const struct err *e =
	    disk_write(cx, device_path(cx, dev, "info"), info, 0600);

	if (e == NULL)
		e = tools(cx, dev->dir, words);
	if (e == NULL)
		e = disk_read(cx, device_path(cx, dev, "info.sig"), KIB, &sig);
	return e != NULL ? e
			 : disk_write(cx, device_path(cx, dev, "next.csr"),
			       csr_joined(cx, info, sig), 0600);
}

const struct err *
device_tpm_attest(struct ctx *cx, struct device *dev, const char **grade)
{
	struct attested attested = { NULL, NULL };
	struct challenge c = { BYTES_NONE, BYTES_NONE, BYTES_NONE };
	struct evidence ev;
	const struct err *e;
	struct bytes key;

	evidence_init(&ev, cx, dev, 0);
	key = content(&ev, "tls.der");
	e = send_evidence(
	    &ev, "POST /v1/attestation/tpm", challenge_fields, &c);
	if (e == NULL)
		e = open_challenge(cx, dev, &c);
	if (e == NULL)
		e = quote(cx, dev, c.challenge, key);
	if (e == NULL)
		e = prove(cx, dev, c.challenge, &attested);
	if (e == NULL)
		e = sign_request(cx, dev, key);
	if (e != NULL)
		return e;
	device_set(&dev->state.attestation, attested.attestation);
	*grade = attested.grade;
	return device_save(cx, dev);
}
