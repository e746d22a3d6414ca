/*
 * What was found out lately, in memory: so many short answers, each under a
 * MAC over all that was asked, until its time.  What comes later may take the
 * place of what would end soon, and all can be forgotten at once.  Answers of
 * introspection are kept so (RFC 7662 section 4), and whose signature was
 * good.
 */
#ifndef DOMAIN_KEPT_H
#define DOMAIN_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/bytes.h"

#define KEPT_KEY 32 /* bytes of a MAC */

struct kept;

/* At most n answers, a multiple of 4. */
struct kept *kept_new(size_t n);
void kept_free(struct kept *c);
AUTO_STRUCT_DEFINE(kept, kept_free);

/* Copies the answer into the arena, if there is one that is good at now. */
bool kept_get(struct kept *c, const uint8_t key[KEPT_KEY], int64_t now,
    struct arena *a, struct bytes *out);

/* A mark to be taken before the database is asked: what is put under a mark
 * from before the last end of anything is not kept. */
uint64_t kept_mark(struct kept *c);
void kept_put(struct kept *c, const uint8_t key[KEPT_KEY], struct bytes answer,
    int64_t until, uint64_t mark);

/* Something has ended. */
void kept_forget(struct kept *c);

#endif
