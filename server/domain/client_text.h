/*
 * The texts that say where an app is at home: redirect URIs, the origins of
 * its pages, and its builds for phones.  Pure.
 */
#ifndef DOMAIN_CLIENT_TEXT_H
#define DOMAIN_CLIENT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_URI 256 /* characters of each */

/* A redirect URI that may be listed: https with a host and a path, or http at
 * a loopback address without a port; no user information, no fragment. */
bool client_redirect_ok(const char *uri);

/* Whether an app may be answered at this URI: exactly one of the listed lines,
 * or such a loopback URI at any port (RFC 8252 section 7.3). */
bool client_has_redirect(const char *lines, const char *uri);

/* An origin as browsers write it (RFC 6454 section 6.2): https, lower case,
 * no port that https has anyway. */
bool client_origin_ok(const char *origin);

/* "PACKAGE=FINGERPRINT" of an app for Android: the SHA-256 of the certificate
 * that signs it, as keytool prints it (AA:BB:...). */
struct client_android {
	char package[CLIENT_URI + 1];
	const char *fingerprint; /* within the text */
	uint8_t sha256[32];
};
bool client_android_read(const char *text, struct client_android *out);
bool client_android_ok(const char *text);

/* "TEAM.BUNDLE" of an app for iOS: its application identifier. */
bool client_ios_ok(const char *text);

#endif
