/*
 * What a proxy in front of us says of its client: the certificate it showed
 * (RFC 9440, as structured fields of RFC 8941) and the address it came from
 * (RFC 7239).  Whether the proxy may say so is not decided here
 * (SECURITY.md H2).  Pure.
 */
#ifndef CODEC_HOP_H
#define CODEC_HOP_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

struct ctx;

/* KIND_INVALID, "bad-proxy-header" */
extern const struct err ERR_BAD_HOP;

/* The client's chain, leaf first, DER that nobody has looked at. */
struct hop_chain {
	struct bytes cert[LIMIT_CHAIN];
	size_t n;
	bool too_long; /* there are more */
};

/* Reads the values of Client-Cert and Client-Cert-Chain, either of which is
 * BYTES_NONE if the field is absent: none at all is a client without a
 * certificate, a chain alone is refused.  Parameters, of which none are
 * defined, are refused, and so are items above LIMIT_CERT.  *out lives in the
 * arena. */
ERR_FN hop_chain_read(struct ctx *cx, struct bytes cert, struct bytes chain,
    struct hop_chain *out);

/* Reads the value of Forwarded: one element, that of our proxy, whose "for"
 * is an IP address, with or without a port, and whose "proto", if it has one,
 * is https; "by" and "host" may be there.  The proxy has to know where its
 * client is and may not repeat what it was told, so "unknown", obfuscated
 * names and lists are refused.  *address is in the form that inet_ntop
 * writes, in the arena. */
ERR_FN
hop_forwarded_read(struct ctx *cx, struct bytes text, const char **address);

#endif
