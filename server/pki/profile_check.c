#include "base/limits.h"
#include "base/mem.h"
#include "pki/ossl.h"
#include "pki/profile.h"
#include "pki/template.h"

#define LIFETIME_MIN 60
#define LIFETIME_MAX (INT64_C(398) * 86400)
#define BACKDATE_MAX 86400
#define LIST_MAX 8

/* Purposes that would make something else of a device (R7, A13). */
static const char *const REFUSED_PURPOSES[] = {
	"2.5.29.37.0",       /* anyExtendedKeyUsage */
	"1.3.6.1.5.5.7.3.1", /* serverAuth */
	"1.3.6.1.5.5.7.3.3", /* codeSigning */
	"1.3.6.1.5.5.7.3.8", /* timeStamping */
	"1.3.6.1.5.5.7.3.9", /* OCSPSigning */
	"1.3.6.1.5.5.7.3.28" /* cmcRA */
};

static bool
no(char why[256], const char *member, const char *text)
{
	(void)snprintf(why, 256, "%s: %s", member, text);
	return false;
}

static bool
oid_ok(const char *text)
{
	AUTO(ASN1_OBJECT) *oid = NULL;
	char again[LIMIT_NAME + 1];

	if (text[0] == '\0' || text[strspn(text, "0123456789.")] != '\0')
		return false;
	oid = OBJ_txt2obj(text, 1);
	ERR_clear_error();
	/* One spelling: no leading zeros. */
	return oid != NULL &&
	       OBJ_obj2txt(again, sizeof(again), oid, 1) == (int)strlen(text) &&
	       strcmp(again, text) == 0;
}

static bool
oids_ok(const char *member, const char *const *v, char why[256])
{
	size_t i, j;

	for (i = 0; v != NULL && v[i] != NULL; i++) {
		if (i == LIST_MAX)
			return no(why, member, "too many");
		if (!oid_ok(v[i]))
			return no(why, member, "not a dotted OID");
		for (j = 0; j < i; j++)
			if (strcmp(v[i], v[j]) == 0)
				return no(why, member, "named twice");
	}
	return true;
}

static bool
purposes_ok(const struct profile *p, char why[256])
{
	size_t i, j;

	if (!oids_ok("extended_key_usage", p->eku, why))
		return false;
	for (i = 0; p->eku != NULL && p->eku[i] != NULL; i++)
		for (j = 0; j < sizeof(REFUSED_PURPOSES) / sizeof(char *); j++)
			if (strcmp(p->eku[i], REFUSED_PURPOSES[j]) == 0)
				return no(why, "extended_key_usage",
				    "a purpose that devices do not get");
	return true;
}

static bool
names_ok(const struct profile *p, char why[256])
{
	struct subject_part parts[SUBJECT_PARTS];
	size_t i, n;

	if (p->subject != NULL && !template_subject(p->subject, parts, &n))
		return no(why, "subject",
		    "attributes CN, O, OU, C, L, ST, serialNumber, separated "
		    "by commas, CN=%d among them");
	for (i = 0; p->dns != NULL && p->dns[i] != NULL; i++) {
		if (i == LIST_MAX)
			return no(why, "dns", "too many");
		if (!template_dns_ok(p->dns[i]))
			return no(why, "dns",
			    "not a host name with %d, %m, %M or %p");
	}
	return true;
}

static bool
url_ok(const char *member, const char *url, char why[256])
{
	const char *rest;

	if (url == NULL)
		return true;
	rest = strncmp(url, "http://", 7) == 0    ? url + 7
	       : strncmp(url, "https://", 8) == 0 ? url + 8
						  : "";
	if (strlen(url) > LIMIT_URL || *rest == '\0' || *rest == '/' ||
	    url[strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
			    "YZ0123456789-._~:/?#[]@!$&'()*+,;=%")] != '\0')
		return no(why, member, "not an http or https URL");
	return true;
}

/* With the placeholder of lists by day, once; a date is longer than it. */
static bool
crl_url_ok(const char *url, char why[256])
{
	const char *day = url == NULL ? NULL : strstr(url, PROFILE_DAY);
	char date[LIMIT_URL + 1];

	if (day == NULL || strlen(url) > LIMIT_URL - strlen("2026-11-28"))
		return url_ok("crl_url", url, why);
	(void)snprintf(date, sizeof(date), "%.*s2026-11-28%s", (int)(day - url),
	    url, day + strlen(PROFILE_DAY));
	return url_ok("crl_url", date, why);
}

bool
profile_check_urls(const struct profile *p, char why[256])
{
	return url_ok("ocsp_url", p->ocsp_url, why) &&
	       url_ok("ca_issuers_url", p->ca_issuers_url, why) &&
	       crl_url_ok(p->crl_url, why);
}

bool
profile_check(const struct profile *p, char why[256])
{
	if (p->lifetime < LIFETIME_MIN || p->lifetime > LIFETIME_MAX)
		return no(why, "lifetime", "from 60 seconds to 398 days");
	if (p->backdate < 0 || p->backdate > BACKDATE_MAX)
		return no(why, "backdate", "from 0 to 86400 seconds");
	return names_ok(p, why) && purposes_ok(p, why) &&
	       oids_ok("policies", p->policies, why) &&
	       profile_check_urls(p, why);
}
