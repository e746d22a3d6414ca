/*
 * The issuing CAs of this node: the main one, and those of a directory,
 * NAME.crt with NAME.key beside it.  Labels choose among them, "issuing" being
 * the main one whatever its file is called; lists are found by the names of
 * files, so that one CA's keep theirs when another becomes the main one.
 * Read-only once open, so threads may share it.
 */
#ifndef PKI_SIGNERS_H
#define PKI_SIGNERS_H

#include <stddef.h>

#include "base/auto.h"
#include "pki/signer.h"

#define SIGNERS_MAX 32
#define SIGNER_MAIN "issuing"

struct signers;

/* Takes over main_ca, of the file main_cert, and opens all of the directory
 * ("": no more than it), in which that may be, too; NULL with the reason,
 * main_ca freed, if one of them cannot be opened. */
struct signers *signers_open(struct signer *main_ca, const char *main_cert,
    const char *dir, char why[256]);
void signers_free(struct signers *s);
AUTO_STRUCT_DEFINE(signers, signers_free);

/* As labels name it; NULL if there is none of that name. */
const struct signer *signers_get(const struct signers *s, const char *name);

/* The index of the one whose file has that name; -1 if there is none. */
int signers_find(const struct signers *s, const char *name);

/* The CA of that index, the main one first; NULL beyond the last. */
const struct signer *signers_at(const struct signers *s, size_t i);

/* The name of its file. */
const char *signers_name(const struct signers *s, size_t i);

/* The CAs' certificates, the main one first: how many. */
size_t signers_certs(const struct signers *s, struct bytes out[SIGNERS_MAX]);

#endif
