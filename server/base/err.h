/*
 * Expected refusals.  A function that may refuse returns a pointer to a
 * static constant, NULL meaning success.  The constant's kind picks the
 * status in each protocol (http/problem), its code and title are all that
 * the sender learns; the private reason goes to the log and, by way of the
 * context, to the operator's record.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct ctx;

enum err_kind {
	KIND_INVALID,
	KIND_UNAUTHENTICATED,
	KIND_FORBIDDEN,
	KIND_NOT_FOUND,
	KIND_CONFLICT,
	KIND_STALE, /* If-Match names another version: 412 */
	KIND_TOO_LARGE,
	KIND_BUSY,        /* the caller is too fast: 429 */
	KIND_UNAVAILABLE, /* we cannot now: 503 with Retry-After */
	KIND_INTERNAL,
	/* Found by http alone, before any handler. */
	KIND_METHOD, /* 405 with Allow */
	KIND_LENGTH, /* 411 */
	KIND_TYPE,   /* 415 */
	/* The protocol has it and we do not: 501. */
	KIND_NOT_OFFERED,
};

struct err {
	enum err_kind kind;
	const char *code;  /* stable, lower case, for programs */
	const char *title; /* for people; says what to do next */
};

#define ERR_FN __attribute__((warn_unused_result)) const struct err *

/* Refusals that no single capability owns. */
extern const struct err ERR_BAD_REQUEST;
extern const struct err ERR_NOT_FOUND;
extern const struct err ERR_CONFLICT;
extern const struct err ERR_STORE;
extern const struct err ERR_INTERNAL;

/* Logs the private reason once, where it was detected, and keeps it on the
 * context for the operator's record.  Returns e. */
ERR_FN fail(struct ctx *cx, const struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
