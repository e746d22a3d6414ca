/*
 * W3C Trace Context, level 1: whose call a request is part of, so that its log
 * lines and what it asks of others are found by one id.  A traceparent that
 * breaks a rule counts as none, and a new trace begins; the tracestate of
 * others is handed on as it came, or not at all.  Pure.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

#include "base/bytes.h"

#define TRACE_ID_LEN 32
#define TRACE_SPAN_LEN 16
/* 00-ID-SPAN-FLAGS with its NUL. */
#define TRACE_PARENT_BYTES 56
#define TRACE_STATE_MAX 512 /* section 3.3.1.5 */
#define TRACE_STATE_MEMBERS 32

struct trace {
	char id[TRACE_ID_LEN + 1];
	char span[TRACE_SPAN_LEN + 1]; /* of the request itself */
	uint8_t flags;
	const char *state; /* to be handed on, or NULL; borrowed */
};

/* The value of a traceparent (section 3.2); span becomes that of the caller.
 * False for what is none. */
bool trace_parse(const char *text, struct trace *out);

/* Whether the value of a tracestate may be handed on (section 3.3.1). */
bool trace_state_ok(const char *text);

/* A step of the trace that the caller's headers name (NULL: has none), or of a
 * new one.  uuid is the step's own id in text, of which its span is made. */
void trace_begin(
    struct trace *t, const char *uuid, const char *parent, const char *state);

/* A copy, with its state in a place that lives as long. */
void trace_copy(const struct trace *from, struct trace *to,
    char state[TRACE_STATE_MAX + 1]);

/* What is sent to those whom the step asks. */
void trace_parent(const struct trace *t, char out[TRACE_PARENT_BYTES]);

#endif
