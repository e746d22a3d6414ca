/*
 * The templates of a device's profile: its subject and its DNS names, with
 * %d (device id), %m (model), %M (manufacturer), %s (the unit's serial
 * number), %p (profile) and %% in them.
 */
#ifndef PKI_TEMPLATE_H
#define PKI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"
#include "base/err.h"
#include "pki/issue.h"

#define SUBJECT_PARTS 8

/* One attribute of a subject, in the order of the template. */
struct subject_part {
	char attr[16];   /* CN, O, OU, C, L, ST or serialNumber */
	char value[128]; /* a template; not expanded */
};

/* Splits "O=Acme, OU=%m, CN=%d"; false for what is no such list, more than
 * SUBJECT_PARTS, and unless CN=%d is there once. */
bool template_subject(const char *text, struct subject_part *out, size_t *n);

/* One attribute of a certificate's subject. */
struct subject_value {
	const char *attr, *value;
};

/* Whether it is a host name once the placeholders stand for letters. */
bool template_dns_ok(const char *text);

/* The subject and the DNS names of this issuance, in the arena.  Refused are
 * a value that is missing or has other characters than letters, digits and
 * "-._%" (SECURITY.md V2), and what comes out too long or as no host name. */
ERR_FN template_subject_values(struct ctx *cx, const struct issue *io,
    struct subject_value out[SUBJECT_PARTS], size_t *n);
ERR_FN
template_names(struct ctx *cx, const struct issue *io, const char *const **out);

#endif
