/*
 * Why a certificate was revoked, as a number (CRLReason, RFC 5280 section
 * 5.3.1) for those who ask.
 */
#ifndef PKI_REASON_H
#define PKI_REASON_H

#define REASON_UNSPECIFIED 0u /* to be left out */
#define REASON_SUPERSEDED 4u

/* By the word that the feed has.  What is none of that section's (a device
 * was released) is cessationOfOperation. */
unsigned reason_number(const char *word);

#endif
