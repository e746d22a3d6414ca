#include "pki/template.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
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
	return strcmp(out->attr, "C") != 0 || strlen(out->value) == 2;
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

const struct err *
template_expand(
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
