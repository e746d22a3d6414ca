/*
 * Questions about TPM 2.0.  Evidence goes through the engine; what makes and
 * opens credentials, and logs without a quote, are asked by themselves.
 */
#include "tests/vectors/engine.h"

#include "attest/attest.h"
#include "attest/tpm.h"
#include "codec/tpm_log.h"
#include "pki/credential_internal.h"
#include "pki/digest_internal.h"
#include "pki/key_internal.h"
#include "pki/mac_internal.h"

#include "base/arena.h"
#include "base/mem.h"

/* After the material was recorded: 2026-12-01. */
#define TPM_NOW INT64_C(1796083200)

static void
own_mac(void *p)
{
	mac_key_free(p);
}

/* A key of zeros; whoever asks makes the secrets of challenges with it. */
static struct mac_key *
zero_mac(void)
{
	static const uint8_t zeros[MAC_BYTES];
	struct mac_key *k = mac_key_new(BYTES_OF(zeros));

	arena_own(engine_cx.arena, own_mac, k);
	return k;
}

/* PCRs that the policy wants to be quoted: one byte each. */
static void
want_pcrs(struct attest_policy *p, struct bytes pcrs)
{
	for (; p->n_pcrs < pcrs.n && p->n_pcrs < LIMIT_PCRS; p->n_pcrs++)
		p->pcr[p->n_pcrs].index = pcrs.p[p->n_pcrs];
}

/* Evidence, root, nonce, SPKI to be certified, PCRs, whether activation is
 * checked. */
static const struct err *
ask_tpm(const struct bytes *in)
{
	struct attest_anchor root = { .kind = ANCHOR_CERTIFICATE,
		.value = in[1] };
	struct attest_policy policy = { .n_pcrs = 0 };
	struct attest_basis basis = { .anchor = &root,
		.n_anchors = in[1].n > 0,
		.policy = &policy,
		.nonce = in[2],
		.key_spki = in[3],
		.mac = in[5].n > 0 ? zero_mac() : NULL };
	const struct err *e;
	struct verdict v;

	engine_cx.now = TPM_NOW;
	want_pcrs(&policy, in[4]);
	e = engine_judge("tpm", in[0], &basis, &v);
	if (e != NULL)
		return e;
	return yes_if(v.accepted, v.accepted ? "" : verdict_refusal(&v)->code);
}

/* TPM2B_PUBLIC of the AK, its name, creation data, attestation, signature. */
static const struct err *
ask_creation(const struct bytes *in)
{
	struct tpm_evidence ev = { .creation_data = in[2],
		.creation.raw = in[3] };
	const struct err *e = tpm_key_read(&engine_cx, in[0], &ev.ak);
	struct verdict v;

	if (e == NULL)
		e = tpm_attest_read(&engine_cx, in[3], &ev.creation.attest);
	if (e == NULL)
		e = tpm_signature_read(&engine_cx, in[4], &ev.creation.sig);
	if (e != NULL)
		return e;
	verdict_init(&v);
	return yes_if(bytes_eq(ev.ak.name, in[1]) &&
			  tpm_judge_ak(&engine_cx, &ev, &v) &&
			  tpm_judge_creation(&engine_cx, &ev, &v),
	    "name, attributes or creation");
}

static const struct err *
ask_log(const struct bytes *in)
{
	static const uint16_t banks[] = { TPM_ALG_SHA256, TPM_ALG_SHA384,
		TPM_ALG_SHA512, TPM_ALG_SHA1 };
	const struct err *e = NULL;
	struct tpm_log log;
	size_t i;

	for (i = 0; i < sizeof(banks) / sizeof(banks[0]); i++) {
		e = tpm_log_read(&engine_cx, in[0], banks[i], &log);
		if (e == NULL)
			return NULL;
	}
	return e;
}

/* The file of tpm2-tools: badcc0de, version 1, then the two parameters of
 * TPM2_ActivateCredential, sizes and all. */
static bool
split(struct bytes blob, struct bytes out[2])
{
	static const uint8_t head[] = { 0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1 };
	size_t i, n;

	if (blob.n < sizeof(head) ||
	    !bytes_eq((struct bytes){ blob.p, sizeof(head) }, BYTES_OF(head)))
		return false;
	blob.p += sizeof(head);
	blob.n -= sizeof(head);
	for (i = 0; i < 2; i++) {
		if (blob.n < 2)
			return false;
		n = 2u + (size_t)(blob.p[0] << 8 | blob.p[1]);
		if (blob.n < n)
			return false;
		out[i] = (struct bytes){ blob.p, n };
		blob.p += n;
		blob.n -= n;
	}
	return blob.n == 0;
}

/* A credential for that EK, name and secret has the same form. */
static const struct err *
same_form(const struct bytes *in, const struct bytes blob[2])
{
	struct credential_ek ek;
	const struct err *e;
	struct bytes made[2];
	struct tpm_key key;

	e = tpm_key_read(&engine_cx, in[3], &key);
	if (e != NULL)
		return e;
	ek = (struct credential_ek){ key.spki, tpm_hash_bytes(key.pub.name_alg),
		key.pub.sym_bits };
	e = credential_make(&engine_cx, &ek, in[1], in[4], made);
	if (e != NULL)
		return e;
	return yes_if(made[0].n == blob[0].n && made[1].n == blob[1].n,
	    "of another form than ours");
}

static EVP_PKEY_CTX *
opener(EVP_PKEY *key)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	void *label =
	    OPENSSL_memdup(CREDENTIAL_LABEL, sizeof(CREDENTIAL_LABEL));

	must(c != NULL && EVP_PKEY_decrypt_init(c) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()) == 1 &&
	     EVP_PKEY_CTX_set0_rsa_oaep_label(
		 c, label, sizeof(CREDENTIAL_LABEL)) == 1);
	return c;
}

/* What the encrypted identity of an ID object holds under a seed. */
static struct bytes
secret_of(struct bytes id_object, struct bytes seed, struct bytes name)
{
	static const uint8_t iv[16];
	AUTO(EVP_CIPHER_CTX) *c = EVP_CIPHER_CTX_new();
	struct credential_kdf kdf = { 32, seed, "STORAGE", name };
	uint8_t key[DIGEST_MAX], *out = arena_alloc(engine_cx.arena, 256);
	struct bytes sealed = id_object;
	int n = 0;

	if (sealed.n < 36 + 2 || sealed.n > 36 + 2 + 32)
		return BYTES_NONE;
	sealed.p += 36; /* both sizes and the HMAC */
	sealed.n -= 36;
	credential_kdfa(&kdf, 128, key);
	must(EVP_DecryptInit_ex(c, EVP_aes_128_cfb128(), NULL, key, iv) == 1 &&
	     EVP_DecryptUpdate(c, out, &n, sealed.p, (int)sealed.n) == 1);
	return (struct bytes){ out + 2, sealed.n - 2 };
}

/* As the TPM opens it; what we would make of the seed and the secret is the
 * same, its HMAC over the name included. */
static const struct err *
opens(const struct bytes *in, const struct bytes blob[2])
{
	AUTO(EVP_PKEY) *key = key_read_private(in[2]);
	AUTO(EVP_PKEY_CTX) *c = NULL;
	struct credential_ek ek = { BYTES_NONE, 32, 128 };
	struct bytes secret, seed;
	uint8_t buf[LIMIT_RSA_BITS / 8];
	size_t n = sizeof(buf);

	if (key == NULL)
		return yes_if(false, "no private key");
	c = opener(key);
	if (EVP_PKEY_decrypt(c, buf, &n, blob[1].p + 2, blob[1].n - 2) != 1 ||
	    n != 32)
		return yes_if(false, "the seed does not decrypt");
	seed = (struct bytes){ buf, n };
	secret = secret_of(blob[0], seed, in[1]);
	if (in[4].n > 0 && !bytes_eq(secret, in[4]))
		return yes_if(false, "another secret");
	return yes_if(bytes_eq(blob[0], credential_wrap(&engine_cx, &ek, seed,
					    in[1], secret)),
	    "integrity");
}

/* Blob, name of the AK, the EK's private key in PEM or none, its
 * TPM2B_PUBLIC or none, the secret or none. */
static const struct err *
ask_credential(const struct bytes *in)
{
	struct bytes blob[2];

	if (!split(in[0], blob))
		return yes_if(false, "not a credential of tpm2-tools");
	return in[2].n > 0 ? opens(in, blob) : same_form(in, blob);
}

const struct question questions_tpm[] = {
	{ "tpm", ask_tpm, 6 },
	{ "tpm-creation", ask_creation, 5 },
	{ "tpm-log", ask_log, 1 },
	{ "tpm-credential", ask_credential, 5 },
	{ NULL, NULL, 0 },
};
