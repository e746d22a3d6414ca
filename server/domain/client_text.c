#include "domain/client_text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define TEAM_CHARS 10

/* http at these alone, without a port: RFC 8252 section 7.3 lets apps pick
 * one, and section 8.3 advises against "localhost". */
static const char *const loopbacks[] = { "http://127.0.0.1", "http://[::1]" };

/* The part before the port and path of a loopback URI, or NULL. */
static const char *
loopback_of(const char *uri)
{
	size_t i;

	for (i = 0; i < sizeof(loopbacks) / sizeof(loopbacks[0]); i++)
		if (strncmp(uri, loopbacks[i], strlen(loopbacks[i])) == 0)
			return loopbacks[i];
	return NULL;
}

/* Characters of RFC 3986, '#' excepted; lists are kept as lines. */
static bool
is_uri_text(const char *s)
{
	size_t n = strlen(s);

	return n <= CLIENT_URI &&
	       strspn(s, LOWER UPPER DIGITS "-._~:/?[]@!$&'()*+,;=%") == n;
}

/* The length of a host: names and IPv4 addresses, or an IPv6 address in
 * brackets; 0 if there is none. */
static size_t
host_length(const char *s)
{
	size_t n;

	if (*s == '[') {
		n = 1 + strspn(s + 1, "0123456789abcdef:.");
		return n > 3 && s[n] == ']' ? n + 1 : 0;
	}
	n = strspn(s, LOWER DIGITS "-.");
	return *s == '.' || *s == '-' ? 0 : n;
}

/* The length of ":port" without a leading zero, 0 if there is none; 0 as well
 * for one that is no port, which then is not what may follow. */
static size_t
port_length(const char *s)
{
	size_t n = *s == ':' ? strspn(s + 1, DIGITS) : 0;

	return n == 0 || n > 5 || s[1] == '0' ||
		       (n == 5 && strncmp(s + 1, "65535", 5) > 0)
		   ? 0
		   : n + 1;
}

/* The length of "https://host[:port]", or 0; no user information. */
static size_t
https_origin(const char *uri, size_t *port)
{
	static const char scheme[] = "https://";
	size_t n = sizeof(scheme) - 1, host;

	if (strncmp(uri, scheme, n) != 0)
		return 0;
	host = host_length(uri + n);
	if (host == 0)
		return 0;
	*port = port_length(uri + n + host);
	return n + host + *port;
}

bool
client_redirect_ok(const char *uri)
{
	const char *loopback = loopback_of(uri);
	size_t port, origin = https_origin(uri, &port);

	if (!is_uri_text(uri))
		return false;
	if (loopback != NULL)
		return uri[strlen(loopback)] == '/';
	return origin > 0 && uri[origin] == '/';
}

bool
client_origin_ok(const char *origin)
{
	size_t port = 0, n = https_origin(origin, &port);

	return n > 0 && n <= CLIENT_URI && origin[n] == '\0' &&
	       (port == 0 || strcmp(origin + n - port, ":443") != 0);
}

/* Whether the text is one of the lines. */
static bool
has_line(const char *lines, const char *text)
{
	size_t n = strlen(text);
	const char *end;

	for (;; lines = end + 1) {
		end = strchrnul(lines, '\n');
		if ((size_t)(end - lines) == n && strncmp(lines, text, n) == 0)
			return n > 0;
		if (*end == '\0')
			return false;
	}
}

bool
client_has_redirect(const char *lines, const char *uri)
{
	const char *loopback = loopback_of(uri);
	char plain[CLIENT_URI + 1];
	size_t host, port;

	if (!is_uri_text(uri))
		return false;
	if (has_line(lines, uri))
		return true;
	if (loopback == NULL)
		return false;
	host = strlen(loopback);
	port = port_length(uri + host);
	if (port == 0)
		return false;
	(void)snprintf(
	    plain, sizeof(plain), "%s%s", loopback, uri + host + port);
	return has_line(lines, plain);
}

/* A name of Java's: at least two segments, none of which begins with a digit
 * or is empty. */
static bool
is_package(const char *s)
{
	size_t segments = 0, n;

	for (;; s += n + 1, segments++) {
		n = strspn(s, LOWER UPPER DIGITS "_");
		if (n == 0 || strchr(DIGITS "_", *s) != NULL)
			return false;
		if (s[n] != '.')
			return s[n] == '\0' && segments > 0;
	}
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* 32 pairs of upper-case hex with colons between them. */
static bool
read_fingerprint(const char *s, uint8_t out[32])
{
	size_t i;

	for (i = 0; i < 32; i++, s += 3) {
		int high = hex_digit(s[0]);
		int low = high < 0 ? -1 : hex_digit(s[1]);

		if (low < 0 || s[2] != (i < 31 ? ':' : '\0'))
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool
client_android_read(const char *text, struct client_android *out)
{
	size_t n = strcspn(text, "=");

	if (text[n] != '=' || strlen(text) > CLIENT_URI)
		return false;
	memcpy(out->package, text, n);
	out->package[n] = '\0';
	out->fingerprint = text + n + 1;
	return is_package(out->package) &&
	       read_fingerprint(out->fingerprint, out->sha256);
}

bool
client_android_ok(const char *text)
{
	struct client_android app;

	return client_android_read(text, &app);
}

bool
client_ios_ok(const char *text)
{
	size_t team = strspn(text, UPPER DIGITS), n;
	const char *bundle = text + TEAM_CHARS + 1;

	if (team != TEAM_CHARS || text[team] != '.' ||
	    strlen(text) > CLIENT_URI)
		return false;
	n = strspn(bundle, LOWER UPPER DIGITS "-.");
	return n > 0 && bundle[n] == '\0' && *bundle != '.' &&
	       bundle[n - 1] != '.' && strstr(bundle, "..") == NULL;
}
