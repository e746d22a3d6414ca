/*
 * Whether the database is the one that this node has seen, or was restored
 * to an older point (SECURITY.md R6).  The node keeps the newest place of
 * the feed that it has seen, and a journal of entries and of certificates, in
 * state_dir.  Each new connection to the database is asked before anything is
 * done over it, and the follower asks every few seconds; where the feed does
 * not hold what was seen, nothing is issued, refused or answered from it,
 * until an operator has run latchkey recover.
 */
#ifndef DOMAIN_LINEAGE_H
#define DOMAIN_LINEAGE_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/err.h"
#include "pki/journal.h"
#include "store/certificate.h"
#include "store/view.h"

extern const struct err ERR_OLDER; /* database-older, UNAVAILABLE */

struct lineage;

/* What state_dir holds; NULL with the reason. */
struct lineage *lineage_new(const char *state_dir, const struct mac_key *key,
    int64_t journal_bytes, char why[JOURNAL_WHY_BYTES]);
void lineage_free(struct lineage *l);
AUTO_STRUCT_DEFINE(lineage, lineage_free);

/* Every connection of this process is asked from here on (store/db). */
void lineage_guard(void);

/* Judges the database by cx->db; called by the follower, whose connection
 * is not guarded.  ERR_OLDER. */
ERR_FN lineage_judge(struct ctx *cx);

/* The same, once, before the service listens: a node without a mark waits a
 * little for others that vouch for the database. */
void lineage_introduce(struct ctx *cx);

/* Takes what is new of the feed into the journal and moves the mark; *now is
 * where it is. */
ERR_FN lineage_follow(struct ctx *cx, struct view_mark *now);

/* After a commit that refuses something, before it is acknowledged: until the
 * mark of this node has passed it.  503 if that does not come about; the
 * sender's repeat is harmless.  The others who follow are waited for where
 * the answer is sent (domain/acks): cx says how far they have to come. */
ERR_FN lineage_settle(struct ctx *cx);

/* After a recovery certificates begin after the time that was lost, or they
 * would be taken for one of those: 0 if there was none. */
int64_t lineage_earliest(const struct ctx *cx);

/* Notes a certificate that was issued. */
void lineage_issued(struct ctx *cx, const struct certificate_new *c);

#endif
