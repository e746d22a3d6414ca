#include "pki/template.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "pki/build.h"
#include "pki/profile.h"

#define PLACEHOLDERS "dmMsp%"

static const struct err ERR_TEMPLATE = { KIND_FORBIDDEN, "name-refused",
	"The device's records hold a value that no certificate may name." };

static const char *const ATTRS[] = { "CN", "O", "OU", "C", "L", "ST",
	"serialNumber" };

/* RFC 5280 appendix A.1: the upper bounds of the attributes above, of which
 * 64 is the smallest but for the country. */
#define VALUE_MAX 64

static bool
attr_ok(const char *attr, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(ATTRS) / sizeof(ATTRS[0]); i++)
		if (strlen(ATTRS[i]) == n && strncmp(ATTRS[i], attr, n) == 0)
			return true;
	return false;
}

/* Printable ASCII that needs no escape anywhere a subject is shown (RFC 4514
 * section 2.4), with known placeholders. */
static bool
value_ok(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > VALUE_MAX || s[0] == ' ' || s[n - 1] == ' ')
		return false;
	for (i = 0; i < n; i++) {
		if (s[i] < ' ' || s[i] > '~' || strchr(",=+<>#;\"\\", s[i]))
			return false;
		if (s[i] != '%')
			continue;
		if (++i == n || strchr(PLACEHOLDERS, s[i]) == NULL)
			return false;
	}
	return true;
}

static bool
take_part(const char *s, size_t n, struct subject_part *out)
{
	const char *eq = memchr(s, '=', n);
	size_t attr = eq == NULL ? 0 : (size_t)(eq - s);

	if (eq == NULL || !attr_ok(s, attr) || !value_ok(eq + 1, n - attr - 1))
		return false;
	(void)snprintf(out->attr, sizeof(out->attr), "%.*s", (int)attr, s);
	(void)snprintf(out->value, sizeof(out->value), "%.*s",
	    (int)(n - attr - 1), eq + 1);
	/* ISO 3166 (X.520 section 6.3.1). */
	return strcmp(out->attr, "C") != 0 ||
	       (strlen(out->value) == 2 &&
		   strspn(out->value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2);
}

bool
template_subject(const char *text, struct subject_part *out, size_t *n)
{
	bool has_id = false;
	const char *s = text;

	for (*n = 0; *n < SUBJECT_PARTS; ++*n) {
		size_t len = strcspn(s, ",");

		if (!take_part(s, len, &out[*n]))
			return false;
		if (strcmp(out[*n].attr, "CN") == 0) {
			if (has_id || strcmp(out[*n].value, "%d") != 0)
				return false;
			has_id = true;
		}
		s += len;
		if (*s == '\0') {
			++*n;
			return has_id;
		}
		s += 1 + strspn(s + 1, " ");
	}
	return false;
}

bool
template_dns_ok(const char *text)
{
	char name[LIMIT_NAME + 1];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (n == LIMIT_NAME)
			return false;
		if (*text == '%') {
			/* A serial number may hold what no label may. */
			if (*++text != 'd' && *text != 'm' && *text != 'M' &&
			    *text != 'p')
				return false;
			name[n++] = 'x';
		} else {
			name[n++] = *text;
		}
	}
	name[n] = '\0';
	return strspn(name, "0123456789.:") < n && build_name_ok(name);
}

static const char *
value_of(const struct issue *io, char placeholder)
{
	switch (placeholder) {
	case 'd':
		return io->id;
	case 'm':
		return io->model;
	case 'M':
		return io->manufacturer;
	case 's':
		return io->unit_serial;
	case 'p':
		return io->profile->name;
	default:
		return "%";
	}
}

static bool
alphabet_ok(const char *s)
{
	return *s != '\0' &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._%")] == '\0';
}

static const struct err *
expand(
    struct ctx *cx, const char *text, const struct issue *io, const char **out)
{
	struct bytes whole;
	struct buf b;

	buf_init(&b, cx->arena, LIMIT_NAME);
	for (; *text != '\0'; text++) {
		const char *value;

		if (*text != '%') {
			buf_put(&b, (struct bytes){ (const uint8_t *)text, 1 });
			continue;
		}
		value = value_of(io, *++text);
		if (value == NULL || !alphabet_ok(value))
			return fail(cx, &ERR_TEMPLATE,
			    "template: %%%c has no value, or one outside of "
			    "the alphabet of certificates (V2)",
			    *text);
		buf_put(&b, bytes_str(value));
	}
	if (!buf_bytes(&b, &whole))
		return fail(cx, &ERR_TEMPLATE, "template: too long a name");
	*out = bytes_to_str(cx->arena, whole);
	return NULL;
}

/* A serial number is a PrintableString (RFC 5280 appendix A.1). */
static const struct err *
value_of_part(struct ctx *cx, const struct subject_part *part,
    const struct issue *io, struct subject_value *out)
{
	const struct err *e = expand(cx, part->value, io, &out->value);

	if (e != NULL)
		return e;
	out->attr = arena_strdup(cx->arena, part->attr);
	if (strlen(out->value) > VALUE_MAX ||
	    (strcmp(part->attr, "serialNumber") == 0 &&
		!text_is_serial(bytes_str(out->value))))
		return fail(cx, &ERR_TEMPLATE,
		    "template: %s is too long or not printable", part->attr);
	return NULL;
}

const struct err *
template_subject_values(struct ctx *cx, const struct issue *io,
    struct subject_value out[SUBJECT_PARTS], size_t *n)
{
	struct subject_part parts[SUBJECT_PARTS];
	const struct err *e = NULL;
	size_t i;

	*n = 1;
	out[0] = (struct subject_value){ "CN", io->id };
	if (io->profile->subject == NULL)
		return NULL;
	/* profile_check has seen it. */
	must(template_subject(io->profile->subject, parts, n));
	for (i = 0; i < *n && e == NULL; i++)
		e = value_of_part(cx, &parts[i], io, &out[i]);
	return e;
}

const struct err *
template_names(struct ctx *cx, const struct issue *io, const char *const **out)
{
	const char *const *dns = io->profile->dns;
	const struct err *e = NULL;
	const char **names;
	uint8_t ip[16];
	size_t i, n = 0;

	while (dns != NULL && dns[n] != NULL)
		n++;
	names = arena_alloc(cx->arena, (n + 1) * sizeof(*names));
	for (i = 0; i < n && e == NULL; i++) {
		e = expand(cx, dns[i], io, &names[i]);
		if (e == NULL &&
		    (!build_name_ok(names[i]) || build_address(names[i], ip)))
			e = fail(cx, &ERR_TEMPLATE,
			    "template: %s makes no host name", dns[i]);
	}
	*out = names;
	return e;
}
