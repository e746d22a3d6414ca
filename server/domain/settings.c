#include "domain/settings.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "domain/consumers.h"
#include "fetch/fetch.h"
#include "pki/identity.h"
#include "pki/profile.h"

#define URL_BYTES 128
#define ADDRESS_BYTES 64

static bool
any_ok(const char *s)
{
	(void)s;
	return true;
}

static bool
no_final_slash(const char *url)
{
	size_t n = strlen(url);

	return n > 0 && n <= URL_BYTES && url[n - 1] != '/';
}

/* RFC 8414 section 2: no query and no fragment. */
static bool
issuer_ok(const char *url)
{
	return no_final_slash(url) && strncmp(url, "https://", 8) == 0 &&
	       fetch_url_is_safe(url) && strpbrk(url, "?#") == NULL;
}

/* What is fetched there is trusted, so nobody may change it on the way. */
static bool
fetched_ok(const char *url)
{
	return fetch_url_is_safe(url) && strlen(url) <= URL_BYTES;
}

/* Certificates name URLs below it. */
static bool
status_url_ok(const char *url)
{
	struct profile p = { .crl_url = url };
	char why[256];

	return no_final_slash(url) && profile_check_urls(&p, why);
}

static bool
addresses_ok(const char *list)
{
	char one[ADDRESS_BYTES];
	unsigned char place[sizeof(struct in6_addr)];
	size_t n;

	for (;; list += n + 1) {
		list += strspn(list, " ");
		n = strcspn(list, ",");
		if (n >= sizeof(one))
			return false;
		memcpy(one, list, n);
		one[n] = '\0';
		one[strcspn(one, " %")] = '\0';
		if (inet_pton(AF_INET, one, place) != 1 &&
		    inet_pton(AF_INET6, one, place) != 1)
			return false;
		if (list[n] == '\0')
			return true;
	}
}

static bool
place_ok(const char *s)
{
	return *s == '/' || addresses_ok(s);
}

static bool
conninfo_ok(const char *s)
{
	return strcmp(s, "@") != 0;
}

static bool
slug_ok(const char *s)
{
	return text_is_slug(bytes_str(s));
}

static bool
node_name_ok(const char *s)
{
	return text_is_name(bytes_str(s)) && strlen(s) < CONSUMER_NAME_BYTES;
}

static bool
acr_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~' || *s == '"' || *s == '\\')
			return false;
	return true;
}

static bool
log_format_ok(const char *s)
{
	return strcmp(s, "keyvalue") == 0 || strcmp(s, "json") == 0;
}

static const struct cfg_kind
    addresses = { "addresses with commas between, not names", addresses_ok },
    place = { "the path of a unix socket, or addresses with commas between",
	    place_ok },
    issuer_url = { "an https URL without a final slash", issuer_ok },
    fetched_url = { "an https URL", fetched_ok },
    status_url = { "an http or https URL without a final slash",
	    status_url_ok },
    file = { "the path of a file", any_ok },
    secret_file = { "the path of a file (mode 0600)", any_ok },
    directory = { "the path of a directory", any_ok },
    secret_directory = { "the path of a directory (mode 0700)", any_ok },
    conninfo = { "a libpq connection string, or @FILE that holds one",
	    conninfo_ok },
    ca_name = { "a name of lower-case letters, digits and hyphens", slug_ok },
    node = { "1 to 79 plain characters", node_name_ok },
    domain = { "a name of lower-case letters, digits and \".-_\"",
	    identity_domain_ok },
    acr_words = { "words of ASCII without quotes", acr_ok },
    log_formats = { "keyvalue or json", log_format_ok };

/* The parts of a row that its field and type give. */
#define FIELD(field, kind_of)              \
	.name = #field, .type = (kind_of), \
	.offset = offsetof(struct settings, field)
#define TEXT(field, what) FIELD(field, CFG_STR), .kind = (what)
#define INT(field, default, least, most) \
	FIELD(field, CFG_INT), .def = (default), .min = (least), .max = (most)
#define TIME(field, default, least, most)                             \
	FIELD(field, CFG_DURATION), .def = (default), .min = (least), \
				    .max = (most)
#define SWITCH(field, default) FIELD(field, CFG_BOOL), .def = (default)

const struct cfg_key settings_keys[] = {
	{ TEXT(issuer, &issuer_url), .group = "Who we are",
	    .example = "https://id.example.com",
	    .help = "our URL as devices and apps see it",
	    .why = "It is the issuer of the tokens made for apps and stands in "
		   "every address that devices are given, so it can be changed "
		   "only with all of them. Behind a proxy it is the proxy's." },
	{ TEXT(node_name, &node), .def = "",
	    .help = "what this node is called; empty: the host's name and a "
		    "number",
	    .why = "Among those who follow the feed of refusals (`latchkey "
		   "status`). The number is kept in state_dir, so a "
		   "node keeps its name as long as its state." },
	{ TEXT(trust_domain, &domain), .def = "",
	    .help = "of SPIFFE ids in certificates; empty: none are made",
	    .why = "Labels may then have their certificates name the device "
		   "as `spiffe://DOMAIN/device/ID` (docs/est.md); give the "
		   "broker's plugin the same one (plugin_opt_trust_domain)." },

	{ TEXT(listen, &addresses), .group = "The listener",
	    .def = "127.0.0.1, ::1", .help = "addresses to listen at",
	    .why = "Shipped closed: nobody but this machine comes in. An "
		   "address that the machine does not have is passed over if "
		   "there is another one." },
	{ INT(port, "8443", 0, 65535),
	    .help = "port; 0 picks one, see the log" },
	{ TEXT(tls_cert, &file), .example = "/etc/latchkey/pki/server.crt",
	    .help = "PEM: our TLS certificate, then its issuer",
	    .why = "It and its key are read again when the files change; no "
		   "restart, no signal." },
	{ TEXT(tls_key, &secret_file),
	    .example = "/etc/latchkey/pki/server.key", .help = "PEM: its key" },
	{ INT(io_threads, "2", 1, 64),
	    .help = "threads that read and write, one a core" },
	{ INT(workers, "8", 1, 256),
	    .help = "threads that run requests, each with a database "
		    "connection",
	    .why = "All nodes together need as many connections of Postgres "
		   "(`max_connections`), and some to spare." },
	{ INT(queue, "1024", 8, 65536),
	    .help = "waiting requests; a quarter is kept for renewals and "
		    "operators",
	    .why = "When it is full the answer is 503 with Retry-After at "
		   "once, which costs less than a client that gives up." },
	{ INT(connections, "2000", 8, 65536), .help = "open connections",
	    .why = "Of all clients; a quarter of them may wait for an owner's "
		   "news. The process needs as many file descriptors." },
	{ INT(per_address, "512", 1, 65536),
	    .help = "open connections of one address (IPv6: /64)" },
	{ INT(handshakes, "500", 0, 1000000),
	    .help = "new connections a second of one address (IPv6: /64); 0: "
		    "any",
	    .why = "Raise it and handshakes_burst, or set it to 0, where many "
		   "clients come from one address: behind a TCP proxy that "
		   "hides theirs, or in a load test." },
	{ INT(handshakes_burst, "2000", 1, 1000000),
	    .help = "how many of them at once; a network (/24, /48) gets 4 "
		    "times both" },
	{ TIME(idle_timeout, "15s", 1, 15),
	    .help = "an idle connection is closed after" },
	{ TIME(request_timeout, "20s", 1, 600),
	    .help = "a request must be whole within (handshake included)",
	    .why = "What keeps a sender of one byte a second from holding a "
		   "connection." },

	{ TEXT(operator_listen, &addresses), .group = "Operators", .def = "",
	    .help = "addresses for operators alone; empty: at listen",
	    .why = "Their API and /metrics are then there and nowhere else "
		   "(docs/operators.md)." },
	{ INT(operator_port, "8444", 0, 65535), .needs = "operator_listen",
	    .help = "its port; 0 picks one, see the log" },
	{ SWITCH(second_operator, "yes"),
	    .help = "a second operator confirms new anchors, lifting, and "
		    "what takes trust from many",
	    .why = "What one operator proposes another has to confirm, so "
		   "that neither a thief of one token nor a bad day is enough "
		   "(docs/operators.md). For a platform of one person, and "
		   "for development, no." },
	{ INT(revoke_alone, "100", 0, 1000000000),
	    .help = "units from which one operator may take trust in a day" },
	{ TIME(proposal_lifetime, "24h", 60, 604800),
	    .help = "what nobody confirms is void after" },

	{ TEXT(proxy_listen, &place),
	    .group = "Proxies in front of us (docs/proxy.md)", .def = "",
	    .help = "where proxies alone come; empty: nowhere",
	    .why = "What they say of their clients (Client-Cert, Forwarded) "
		   "counts there, and is deleted everywhere else. At an "
		   "address it is mutual TLS; a unix socket is for our own "
		   "user and group." },
	{ INT(proxy_port, "8445", 0, 65535), .needs = "proxy_listen",
	    .help = "its port, at addresses" },
	{ TEXT(proxy_certs, &file), .def = "", .needs = "proxy_listen",
	    .help = "PEM: the proxies' own client certificates, at most 8",
	    .why = "Each is known by all its bytes; who signed it means "
		   "nothing. To be set if proxy_listen is an address, and "
		   "else not." },
	{ TIME(drain_delay, "0s", 0, 300),
	    .help = "at SIGTERM /readyz answers 503 for so long before we "
		    "close",
	    .why = "So that a proxy sends its clients elsewhere in time." },

	{ TEXT(status_listen, &addresses),
	    .group = "Status of certificates: OCSP and CRLs", .def = "",
	    .help = "addresses of the plain HTTP listener; empty: none",
	    .why = "OCSP and lists are always served over HTTPS; relying "
		   "parties that cannot (RFC 5019 asks for plain HTTP) have "
		   "them here, and nothing else. Certificates say where if "
		   "their label does (ocsp_url, crl_url)." },
	{ INT(status_port, "8080", 0, 65535), .needs = "status_listen",
	    .help = "its port; 0 picks one, see the log" },
	{ TEXT(status_url, &status_url), .def = "",
	    .help = "our URL before /ocsp and /crl as relying parties see it; "
		    "empty: no deltas nor lists by day",
	    .why = "Deltas and lists by day name it (docs/status.md); at most "
		   "128 characters." },
	{ TIME(ocsp_lifetime, "5m", 60, 900),
	    .help = "an OCSP answer is good for",
	    .why = "A relying party that keeps answers learns of a revocation "
		   "no later than this." },
	{ INT(ocsp_cache, "65536", 16, 16777216),
	    .help = "OCSP answers kept in memory, of a kilobyte each" },
	{ TIME(crl_lifetime, "24h", 3600, 604800),
	    .help = "a list is good for; a new one is made after a quarter of "
		    "it" },

	{ TEXT(root_cert, &file),
	    .group = "Keys and files, as latchkey init "
		     "makes them",
	    .example = "/etc/latchkey/pki/root.crt",
	    .help = "PEM: the root certificate",
	    .why = "While the root is replaced: the current one first, then "
		   "the one before and both cross certificates "
		   "(docs/rotation.md)." },
	{ TEXT(issuing_cert, &file), .example = "/etc/latchkey/pki/issuing.crt",
	    .help = "PEM: the issuing CA's certificate" },
	{ TEXT(issuing_key, &secret_file),
	    .example = "/etc/latchkey/pki/issuing.key",
	    .help = "PEM: the issuing CA's key" },
	{ TEXT(issuers_dir, &directory), .def = "",
	    .help = "further issuing CAs, NAME.crt and NAME.key; empty: none",
	    .why = "Below the same root; labels may name them, and `latchkey "
		   "ca issuing NAME` makes one." },
	{ TEXT(issuing_also, &ca_name), .def = "", .needs = "issuers_dir",
	    .help = "one of them that /cacerts names with the main one, while "
		    "that is replaced",
	    .why = "docs/rotation.md says when to set it and when to take it "
		   "out." },
	{ TEXT(mac_key, &secret_file), .example = "/etc/latchkey/pki/mac.key",
	    .help = "key of keyed hashes",
	    .why = "All nodes have the same one, and whoever makes operators' "
		   "tokens." },
	{ TEXT(token_keys, &secret_directory),
	    .example = "/etc/latchkey/pki/tokens",
	    .help = "keys that sign what apps are given",
	    .why = "`latchkey keys rotate` makes the next one; the directory "
		   "is read again by itself." },
	{ TEXT(profiles, &file), .example = "/etc/latchkey/profiles.conf",
	    .help = "profiles of certificates that are not for devices" },
	{ TEXT(state_dir, &secret_directory), .example = "/var/lib/latchkey",
	    .help = "what this node keeps",
	    .why = "Its number, the last entry of the feed it has seen, and "
		   "what outlives the database (journal_megabytes). Each node "
		   "has one of its own, and it is not a cache: keep it over "
		   "restarts and upgrades." },
	{ INT(journal_megabytes, "256", 1, 65536),
	    .help = "kept in state_dir: entries and certificates for a "
		    "recovery",
	    .why = "In case the database is restored to an older point "
		   "(docs/revocation.md): what was issued and refused since "
		   "then is known from here." },
	{ TEXT(web_dir, &directory), .example = "/usr/share/latchkey/web",
	    .help = "the owner's pages" },

	{ FIELD(db, CFG_SECRET), .kind = &conninfo, .group = "The database",
	    .example = "@/etc/latchkey/service.conninfo",
	    .help = "where it is, as role latchkey_service: conninfo, or @FILE "
		    "that holds it",
	    .why = "Keep a password in a file (mode 0600): the environment of "
		   "a process can be read by others of its user and is "
		   "inherited." },

	{ TIME(code_lifetime, "10m", 60, 3600),
	    .group = "Device codes and claims",
	    .help = "a user code is good for" },
	{ TIME(code_interval, "5s", 1, 60),
	    .help = "a device polls no faster than" },
	{ TIME(claim_window, "15m", 60, 900),
	    .help = "a claim's attested request lives" },
	{ INT(requests_address, "1200", 0, 100000000),
	    .help = "device codes asked for from an address in 10 minutes, on "
		    "each node, and as many questions of apps; 0: any",
	    .why = "Raise it where a factory or a load test is behind one "
		   "address." },
	{ INT(requests_model, "60000", 0, 100000000),
	    .help = "device codes asked for by a model in 10 minutes, on each "
		    "node; 0: any" },

	{ INT(guesses_owner, "5", 1, 1000000),
	    .group = "Wrong codes before everybody waits",
	    .help = "wrong codes of an owner in guess_window" },
	{ INT(guesses_address, "20", 1, 1000000),
	    .help = "wrong codes of an address in guess_window" },
	{ INT(guesses_unit, "10", 1, 1000000),
	    .help = "wrong sticker codes for a serial number in guess_window" },
	{ INT(guesses_service, "2000", 1, 100000000),
	    .help = "wrong codes of everybody in guess_window" },
	{ TIME(guess_window, "10m", 60, 86400),
	    .help = "window of the guesses above" },

	{ TEXT(idp_issuer, &fetched_url),
	    .group = "The platform's own identity provider", .def = "",
	    .help = "OpenID issuer whose access tokens owners bring; empty: "
		    "none",
	    .why = "They are then accepted for owners' calls (docs/oauth.md). "
		   "It may not be our own issuer." },
	{ TEXT(idp_jwks, &fetched_url), .def = "", .needs = "idp_issuer",
	    .help = "URL of its keys; empty: as its metadata says" },
	{ TEXT(idp_audience, NULL), .def = "", .needs = "idp_issuer",
	    .help = "aud of tokens for us; empty: our issuer" },
	{ TEXT(idp_acr, &acr_words), .def = "", .needs = "idp_issuer",
	    .help = "acr values that decide (RFC 9470); empty: any" },
	{ TIME(idp_max_age, "5m", 10, 86400), .needs = "idp_issuer",
	    .help = "a sign-in decides for so long" },
	{ TEXT(idp_ca, &file), .def = "", .needs = "idp_issuer",
	    .help = "PEM: its server's CA; empty: the system's" },

	{ TIME(consumer_alert, "30s", 10, 86400), .group = "Alerts",
	    .help = "a node or broker is reported when silent or behind for" },

	{ TEXT(log_format, &log_formats), .def = "keyvalue", .group = "The log",
	    .help = "how its lines on standard error are written",
	    .why = "docs/observability.md says what is in them." },

	{ SWITCH(unbound_tokens, "no"), .group = "Development alone",
	    .help = "operators' tokens need no certificate",
	    .why = "Whoever has read such a token has it (docs/operators.md). "
		   "Never where there are real operators." },
	{ SWITCH(app_keys, "no"),
	    .help = "owners may have an app's ES256 key instead of a passkey",
	    .why = "Such a key says yes without anybody's touch. Never where "
		   "there are real owners." },
};
const size_t settings_n = sizeof(settings_keys) / sizeof(settings_keys[0]);

const char *
settings_fault(const struct settings *set)
{
	if (strcmp(set->idp_issuer, set->issuer) == 0)
		return "idp_issuer: this is our own issuer";
	return NULL;
}
