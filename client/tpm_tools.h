/*
 * tpm2-tools, run one after the other in a device's directory; they find the
 * TPM by their own settings (TPM2TOOLS_TCTI).
 */
#ifndef CLIENT_TPM_TOOLS_H
#define CLIENT_TPM_TOOLS_H

#include "base/ctx.h"
#include "base/err.h"

/* Keys that were made in this TPM and stay there. */
#define TPM_FIXED "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|"
/* TPMs have few places for what is loaded. */
#define TPM_FLUSH "flushcontext -t"

/* One tool, its name without "tpm2_", its words split at spaces. */
ERR_FN tpm_tool(struct ctx *cx, const char *dir, const char *words);

/* Those of a list that ends with NULL, until one fails. */
ERR_FN tpm_tools(struct ctx *cx, const char *dir, const char *const *words);

#endif
