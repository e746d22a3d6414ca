/*
 * Evidence judged on this machine by the service's own engine: the options of
 * the commands that do so, and how they say the verdict.
 */
#ifndef CLIENT_ATTEST_H
#define CLIENT_ATTEST_H

#include "attest/attest.h"
#include "client/command.h"

#define ANCHORS_MAX 64

#define ATTEST_OPTIONS                                                        \
	{ "format", "NAME",                                                   \
		"of the evidence: idevid, psa, eat, tpm, matter, dice",       \
		true },                                                       \
	    { "anchors", "FILE",                                              \
		    "PEM: certificates of CAs, public keys of signers, CRLs", \
		    false },                                                  \
	    { "secret", "FILE", "that units have their MACs under, hex",      \
		    false },                                                  \
	    { "declarations", "FILE",                                         \
		    "PEM: certificates of signers of Matter's declarations",  \
		    false },                                                  \
	    { "crl-signers", "FILE",                                          \
		    "PEM: certificates of who signs CRLs in place of a CA",   \
		    false },                                                  \
	    { "nonce", "HEX", "that the evidence has to answer", false },     \
	    { "key", "FILE", "the key to be certified, PEM", false },         \
	    { "exporter", "HEX", "of the TLS connection it came by", false }, \
	    { "issuer", "URL", "of the service it was made for", false },     \
	{                                                                     \
		"time", "T", "of the verdict, RFC 3339; now, unless said",    \
		    false                                                     \
	}

/* All that a verdict depends on. */
struct question {
	struct attest_anchor anchor[ANCHORS_MAX];
	struct attest_policy policy;
	struct attest_basis basis;
};

/* Fills all that the options say; the policy is the command's own. */
ERR_FN attest_read(struct cli *cli, struct question *q);

/* Judges the evidence in the file: JSON on standard output, words beside it.
 * ERR_BAD_EVIDENCE if it is refused. */
ERR_FN
attest_answer(struct cli *cli, const struct question *q, const char *path);

/* Whatever makes a verdict impossible is the command line's fault (2). */
ERR_FN attest_unusable(struct cli *cli, const char *what);

#endif
