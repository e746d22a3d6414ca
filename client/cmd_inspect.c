#include "base/arena.h"
#include "base/limits.h"
#include "client/commands.h"
#include "client/disk.h"
#include "client/inspect.h"
#include "pki/pem.h"

#define FILE_BYTES (4 * MIB)

static const struct option_row inspect_options[] = {
	{ "as", "KIND", "take it for this alone (see below)", false },
	OPTIONS_END,
};

/* The labels of PEM blocks that hold one of the kinds. */
static const struct {
	const char *label, *kind;
} labels[] = {
	{ "CERTIFICATE", "certificate" },
	{ "CERTIFICATE REQUEST", "csr" },
	{ "X509 CRL", "crl" },
	{ "PUBLIC KEY", "key" },
	{ "CMS", NULL },
	{ "PKCS7", NULL },
};

/* Text up to its first block; other structures may hold PEM as well. */
static bool
begins_pem(struct bytes text)
{
	const uint8_t *begin = memmem(text.p, text.n, "-----BEGIN ", 11);
	const uint8_t *p;

	for (p = text.p; begin != NULL && p < begin; p++)
		if (*p < ' ' && *p != '\n' && *p != '\r' && *p != '\t')
			return false;
	return begin != NULL;
}

/* Each block of a PEM file that has one label throughout. */
static const struct err *
show_pem(struct cli *cli, struct bytes text)
{
	struct inspection in = { .cx = &cli->cx };
	size_t i, n = 0;

	for (i = 0; i < sizeof(labels) / sizeof(labels[0]) && n == 0; i++) {
		struct bytes rest = text, der;

		while (pem_next(cli->cx.arena, &rest, labels[i].label, &der) ==
		       PEM_BLOCK) {
			if (n++ > 0)
				printf("\n");
			if (!inspect_any(&in, der, labels[i].kind))
				return fail(&cli->cx, &ERR_LOCAL,
				    "%s: block %zu is no good %s: %s",
				    cli->arg[0], n, labels[i].label,
				    cli->cx.reason);
		}
	}
	return n > 0 ? NULL
		     : fail(&cli->cx, &ERR_LOCAL,
			   "%s: PEM of a kind that is not known here",
			   cli->arg[0]);
}

/* Hex or base64 on lines, as people paste it; else the bytes themselves. */
static struct bytes
decode(struct ctx *cx, struct bytes data)
{
	struct bytes text = data, out;

	while (text.n > 0 && text.p[text.n - 1] <= ' ')
		text.n--;
	if (text.n > 0 && (bytes_from_hex(cx->arena, text, &out) ||
			      bytes_from_b64(cx->arena, text, &out) ||
			      bytes_from_b64u(cx->arena, text, &out)))
		return out;
	return data;
}

static const struct err *
run_inspect(struct cli *cli)
{
	const char *kind = cli_option(cli, "as");
	struct inspection in = { .cx = &cli->cx };
	const struct inspector *i = inspectors;
	struct bytes data;
	const struct err *e;

	while (kind != NULL && i->name != NULL && strcmp(i->name, kind) != 0)
		i++;
	if (i->name == NULL)
		return fail(&cli->cx, &ERR_USAGE, "--as: no kind \"%s\"", kind);
	e = disk_read(&cli->cx, cli->arg[0], FILE_BYTES, &data);
	if (e != NULL)
		return e;
	if (kind == NULL && begins_pem(data))
		return show_pem(cli, data);
	if (inspect_any(&in, data, kind) ||
	    inspect_any(&in, decode(&cli->cx, data), kind))
		return NULL;
	return fail(&cli->cx, &ERR_LOCAL, "%s: nothing that is known here%s%s",
	    cli->arg[0], kind != NULL ? ": " : "",
	    kind != NULL ? cli->cx.reason : "");
}

const struct command inspect_commands[] = {
	{ "inspect", "FILE", "says what a file of evidence holds",
	    inspect_options, run_inspect,
	    "PEM, DER, CBOR, TPM and Matter structures, as bytes, hex or "
	    "base64.  Nothing is\nverified.  Kinds: certificate csr attributes "
	    "crl key cms cms-signed tpm-attest\ntpm-public tpm-log "
	    "tpm-signature tpm-credential matter-cd matter-elements\n"
	    "matter-nocsr cose corim cbor." },
	{ .name = NULL },
};
