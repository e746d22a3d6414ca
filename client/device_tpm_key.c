#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/command.h"
#include "client/device_tpm.h"
#include "client/disk.h"
#include "client/tpm_tools.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/der_put.h"
#include "pki/pem.h"

#define PEM_BYTES (64 * KIB)
#define SIGN_ARENA (256 * KIB)
/* TPM_RH_OWNER, of which every parent below is made anew. */
#define OWNER "\x40\0\0\1"

/* The storage key that tpm2-tools, libraries and others make the same way
 * (TCG TPM 2.0 Provisioning Guidance, section 7.5.1). */
#define PARENT                                               \
	"createprimary -C o -G ecc -c srk.ctx -a " TPM_FIXED \
	"noda|restricted|decrypt"

/* TCG EK Credential Profile, section 2.2.1.4: certificates in the TPM. */
static const struct {
	const char *kind, *nv;
} eks[] = {
	{ "rsa", "0x01C00002" }, /* template L-1, RSA 2048 */
	{ "ecc", "0x01C0000A" }, /* template L-2, P-256 */
};

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

static const struct err *
make_keys(struct ctx *cx, const char *dir, size_t kind)
{
	const char *words[] = {
		arena_printf(
		    cx->arena, "nvread -C o %s -o ek.der", eks[kind].nv),
		device_tpm_ek_words(cx, eks[kind].kind),
		TPM_FLUSH,
		PARENT,
		TPM_FLUSH,
		"create -C srk.ctx -G ecc256:ecdsa-sha256:null -u ak.pub "
		"-r ak.priv -a " TPM_FIXED "restricted|sign",
		TPM_FLUSH,
		NULL,
	};

	return tpm_tools(cx, dir, words);
}

const char *
device_tpm_ek_words(struct ctx *cx, const char *kind)
{
	return arena_printf(
	    cx->arena, "createek -c ek.ctx -G %s -u ek.pub", kind);
}

const struct err *
device_tpm_make(struct ctx *cx, const char *dir, const struct device_birth *in,
    const char *ek_ca, const char **ek)
{
	const size_t n = sizeof(eks) / sizeof(eks[0]);
	const struct err *e = disk_mkdir(cx, dir);
	struct bytes der;
	struct cert cert;
	size_t kind = 0;

	while (kind < n && strcmp(eks[kind].kind, in->ek) != 0)
		kind++;
	if (kind == n)
		return fail(cx, &ERR_USAGE, "--ek: rsa or ecc");
	if (e == NULL && disk_exists(disk_in(cx, dir, "state")))
		return fail(cx, &ERR_LOCAL, "%s: there is a unit already", dir);
	if (e == NULL)
		e = make_keys(cx, dir, kind);
	if (e == NULL)
		e = keep_ek_ca(cx, dir, ek_ca);
	if (e == NULL)
		e = disk_read(cx, disk_in(cx, dir, "ek.der"), PEM_BYTES, &der);
	if (e == NULL)
		e = cert_parse(cx, der, &cert);
	if (e != NULL)
		return e;
	*ek = bytes_hex(cx->arena, BYTES_OF(cert.key_sha256));
	return device_begin(cx, dir, in);
}

/* ---- the operational key */

/* A key as TSS libraries load it: TSS2 PRIVATE KEY, of TPM 2.0 Key Files
 * (draft-bottomley-tpm2-keys), without a password. */
static const struct err *
write_key_file(struct ctx *cx, const struct device *dev)
{
	struct bytes pub = BYTES_NONE, priv = BYTES_NONE, der = BYTES_NONE;
	const struct err *e;
	size_t all, empty;
	struct buf b;

	e = disk_read(cx, device_path(cx, dev, "tls.pub"), KIB, &pub);
	if (e == NULL)
		e = disk_read(cx, device_path(cx, dev, "tls.priv"), KIB, &priv);
	if (e != NULL)
		return e;
	buf_init(&b, cx->arena, 4 * KIB);
	all = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "2.23.133.10.1.3");
	empty = der_begin(&b, DER_CONTEXT_CONSTRUCTED(0));
	der_put(&b, DER_BOOLEAN, (struct bytes){ (const uint8_t *)"\xff", 1 });
	der_end(&b, empty);
	der_put(&b, DER_INTEGER, (struct bytes){ (const uint8_t *)OWNER, 4 });
	der_put(&b, DER_OCTET_STRING, pub);
	der_put(&b, DER_OCTET_STRING, priv);
	der_end(&b, all);
	must(buf_bytes(&b, &der));
	return disk_write(cx, device_path(cx, dev, "next.key"),
	    bytes_str(pem_text(cx->arena, "TSS2 PRIVATE KEY", der)), 0600);
}

/* A new key, or that in use once more. */
static const struct err *
make_next(struct ctx *cx, const struct device *dev, bool same_key)
{
	static const char *const words[] = {
		"create -C srk.ctx -G ecc256:ecdsa-sha256:null -u tls.pub "
		"-r tls.new -a " TPM_FIXED "sign",
		TPM_FLUSH,
		NULL,
	};
	struct bytes pub, priv;
	const struct err *e;

	if (!same_key) {
		e = tpm_tools(cx, dev->dir, words);
		return e != NULL
			   ? e
			   : disk_rename(cx, device_path(cx, dev, "tls.new"),
				 device_path(cx, dev, "tls.priv"));
	}
	e = disk_read(cx, device_path(cx, dev, "op.pub"), KIB, &pub);
	if (e == NULL)
		e = disk_read(cx, device_path(cx, dev, "op.priv"), KIB, &priv);
	if (e == NULL)
		e = disk_write(cx, device_path(cx, dev, "tls.pub"), pub, 0600);
	return e != NULL ? e
			 : disk_write(cx, device_path(cx, dev, "tls.priv"),
			       priv, 0600);
}

const struct err *
device_tpm_next(struct ctx *cx, const struct device *dev, bool same_key)
{
	/* After a restart of the TPM nothing is loaded. */
	static const char *const parent[] = { PARENT, TPM_FLUSH, NULL };
	static const char *const load[] = {
		"load -C srk.ctx -u ak.pub -r ak.priv -c ak.ctx",
		TPM_FLUSH,
		"load -C srk.ctx -u tls.pub -r tls.priv -c tls.ctx",
		TPM_FLUSH,
		"readpublic -c tls.ctx -f der -o tls.der",
		TPM_FLUSH,
		NULL,
	};
	const struct err *e = tpm_tools(cx, dev->dir, parent);

	if (e == NULL && !disk_exists(device_path(cx, dev, "tls.priv")))
		e = make_next(cx, dev, same_key);
	if (e == NULL)
		e = tpm_tools(cx, dev->dir, load);
	return e != NULL ? e : write_key_file(cx, dev);
}

const struct err *
device_tpm_request(struct ctx *cx, const struct device *dev, struct bytes key)
{
	static const char *const words[] = {
		"sign -c tls.ctx -g sha256 -f plain -o info.sig info",
		TPM_FLUSH,
		NULL,
	};
	struct bytes info = csr_info(cx, key), sig;
	const struct err *e =
	    disk_write(cx, device_path(cx, dev, "info"), info, 0600);

	if (e == NULL)
		e = tpm_tools(cx, dev->dir, words);
	if (e == NULL)
		e = disk_read(cx, device_path(cx, dev, "info.sig"), KIB, &sig);
	return e != NULL ? e
			 : disk_write(cx, device_path(cx, dev, "next.csr"),
			       csr_joined(cx, info, sig), 0600);
}

const struct err *
device_tpm_promote(struct ctx *cx, const struct device *dev)
{
	static const char *const names[][2] = { { "tls.pub", "op.pub" },
		{ "tls.priv", "op.priv" } };
	const struct err *e = NULL;
	size_t i;

	for (i = 0; e == NULL && i < 2; i++)
		if (disk_exists(device_path(cx, dev, names[i][0])))
			e = disk_rename(cx, device_path(cx, dev, names[i][0]),
			    device_path(cx, dev, names[i][1]));
	return e;
}

size_t
device_tpm_sign(void *arg, struct bytes digest, uint8_t out[FAR_KEY_SIGNATURE])
{
	static const char *const words[] = {
		PARENT,
		TPM_FLUSH,
		"load -C srk.ctx -u op.pub -r op.priv -c op.ctx",
		TPM_FLUSH,
		"sign -c op.ctx -g sha256 -d -f plain -o op.sig op.digest",
		TPM_FLUSH,
		NULL,
	};
	/* A connection may be on another thread than its owner. */
	AUTO_STRUCT(arena) *a = arena_new(SIGN_ARENA);
	struct ctx cx = { .arena = a, .now = clock_now() };
	const struct device *dev = arg;
	struct bytes sig;

	if (disk_write(&cx, device_path(&cx, dev, "op.digest"), digest, 0600) !=
		NULL ||
	    tpm_tools(&cx, dev->dir, words) != NULL ||
	    disk_read(&cx, device_path(&cx, dev, "op.sig"), FAR_KEY_SIGNATURE,
		&sig) != NULL)
		return 0;
	memcpy(out, sig.p, sig.n);
	return sig.n;
}
