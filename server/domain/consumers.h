/*
 * Who follows the feed of refusals, and how far each has come: what operators
 * are told, and what they are warned of (SECURITY.md R1).
 */
#ifndef DOMAIN_CONSUMERS_H
#define DOMAIN_CONSUMERS_H

#include "domain/acks.h"
#include "domain/caller.h"
#include "store/consumer.h"

/* Longer than any host name with what follows it. */
#define CONSUMER_NAME_BYTES 80

/* This node's name: what the settings say, else the host's with eight random
 * digits, which are made once and kept in state_dir.  False with the
 * reason. */
bool consumers_name(const char *set, const char *state_dir,
    char out[CONSUMER_NAME_BYTES], char why[256]);

/* Says that this node has read up to there, at once, and every few seconds
 * even if nothing moved; and judges the others, at most once a second. */
struct consumers_turn {
	struct view_mark told;
	int64_t told_us, watched_us;
};
ERR_FN consumers_tell(
    struct ctx *cx, struct consumers_turn *t, const struct view_mark *at);

/* How far all are.  Who was silent for as long as is an alert is not there. */
ERR_FN consumers_reached(struct ctx *cx, struct acks_reached *out);

struct plane_status {
	int64_t epoch, position;
	struct consumer *consumers;
	size_t n;
};

/* The head of the feed, and all who follow it. */
ERR_FN consumers_status(struct ctx *cx, struct plane_status *out);

/* Takes one that is gone for good off the list.  ERR_NOT_FOUND. */
ERR_FN consumers_forget(struct ctx *cx, const struct admin_caller *by,
    const char *kind, const char *name);

#endif
