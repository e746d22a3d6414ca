/*
 * The audit trail as operators read it: by device, owner, operator's token,
 * request, kind and time, page by page.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include "base/ctx.h"
#include "base/err.h"
#include "store/audit_read.h"

/* A page.  ERR_BAD_REQUEST, with words on what to write instead: a filter
 * that nothing could match. */
ERR_FN
audit_find(struct ctx *cx, const struct audit_query *q, struct audit_page *out);

#endif
