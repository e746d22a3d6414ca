#include "codec/birth_line.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "base/text.h"
#include "codec/csv.h"
#include "codec/json.h"

#define SHA256_BYTES 32
#define LEAST_UEID 7 /* RFC 9711 section 4.2.1 */

const struct err ERR_BAD_BIRTH = { KIND_INVALID, "bad-birth",
	"The line does not describe a unit." };

/* Reads a text into its place; false if it is not what the column holds. */
typedef bool set_fn(struct arena *a, struct bytes text, void *place);

static set_fn set_slug, set_serial, set_name, set_time, set_sha256, set_ueid,
    set_certificate;

static const struct column {
	const char *name;
	set_fn *set;
	size_t offset;
	const char *what;
} columns_known[BIRTH_COLUMNS] = {
#define COLUMN(m, set, what)                                  \
	{                                                     \
#m, set, offsetof(struct birth_line, m), what \
	}
	COLUMN(model, set_slug, "the id of a model"),
	COLUMN(serial, set_serial, "a serial number"),
	COLUMN(key_sha256, set_sha256, "32 bytes of hex"),
	COLUMN(ueid, set_ueid, "7 to 33 bytes of hex"),
	COLUMN(ek_sha256, set_sha256, "32 bytes of hex"),
	COLUMN(dac_subject, set_name, "a text of at most 200 bytes"),
	COLUMN(batch, set_name, "a text of at most 200 bytes"),
	COLUMN(made_at, set_time, "a date or a time in UTC (RFC 3339)"),
	COLUMN(boot_test, set_name, "a text of at most 200 bytes"),
	COLUMN(certificate, set_certificate, "base64 of a certificate"),
	COLUMN(claim_code_sha256, set_sha256, "32 bytes of hex"),
#undef COLUMN
};

static bool
set_string(struct arena *a, struct bytes text, void *place)
{
	*(const char **)place = bytes_to_str(a, text);
	return true;
}

static bool
set_slug(struct arena *a, struct bytes text, void *place)
{
	return text_is_slug(text) && set_string(a, text, place);
}

static bool
set_serial(struct arena *a, struct bytes text, void *place)
{
	return text_is_serial(text) && set_string(a, text, place);
}

static bool
set_name(struct arena *a, struct bytes text, void *place)
{
	return text_is_name(text) && set_string(a, text, place);
}

static bool
set_time(struct arena *a, struct bytes text, void *place)
{
	(void)a;
	return clock_parse(text, place);
}

static bool
set_sha256(struct arena *a, struct bytes text, void *place)
{
	return text.n == SHA256_BYTES * 2 && bytes_from_hex(a, text, place);
}

static bool
set_ueid(struct arena *a, struct bytes text, void *place)
{
	return text.n >= LEAST_UEID * 2 && text.n <= LIMIT_UEID * 2 &&
	       bytes_from_hex(a, text, place);
}

static bool
set_certificate(struct arena *a, struct bytes text, void *place)
{
	struct bytes *der = place;

	return bytes_from_b64(a, text, der) && der->n > 0 &&
	       der->n <= LIMIT_CERT;
}

static const struct err *refuse(struct ctx *cx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* As fail(), but a file may hold a million bad lines: no log. */
static const struct err *
refuse(struct ctx *cx, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	cx->reason = arena_strdup(cx->arena, reason);
	return &ERR_BAD_BIRTH;
}

static const struct err *
set_column(struct ctx *cx, const struct column *c, struct bytes text,
    struct birth_line *out)
{
	if (!c->set(cx->arena, text, (char *)out + c->offset))
		return refuse(cx, "%s is not %s", c->name, c->what);
	return NULL;
}

/* What holds for the line as a whole. */
static const struct err *
check(struct ctx *cx, const struct birth_line *b)
{
	if (b->model == NULL)
		return refuse(cx, "model is missing");
	if (b->serial == NULL && b->key_sha256.n == 0 && b->ueid.n == 0 &&
	    b->ek_sha256.n == 0 && b->dac_subject == NULL &&
	    b->certificate.n == 0)
		return refuse(cx, "serial, key_sha256, ueid, ek_sha256, "
				  "dac_subject and certificate are missing");
	return NULL;
}

static const struct err *
add_header(struct ctx *cx, struct bytes name, struct birth_columns *out)
{
	size_t c, i;

	for (c = 0; c < BIRTH_COLUMNS; c++)
		if (bytes_eq(name, bytes_str(columns_known[c].name)))
			break;
	if (c == BIRTH_COLUMNS)
		return refuse(cx, "unknown column \"%.60s\"",
		    bytes_to_str(cx->arena, name) == NULL
			? "?"
			: bytes_to_str(cx->arena, name));
	for (i = 0; i < out->n; i++)
		if (out->column[i] == c)
			return refuse(cx, "column %s stands twice",
			    columns_known[c].name);
	out->column[out->n++] = (uint8_t)c;
	return NULL;
}

const struct err *
birth_csv_header(struct ctx *cx, struct bytes line, struct birth_columns *out)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	const struct err *e;
	struct csv_row row;
	const char *why;
	size_t i;

	if (line.n >= sizeof(mark) &&
	    bytes_eq((struct bytes){ line.p, sizeof(mark) }, BYTES_OF(mark))) {
		line.p += sizeof(mark);
		line.n -= sizeof(mark);
	}
	out->n = 0;
	if (!csv_split(cx->arena, line, &row, &why))
		return refuse(cx, "head row: %s", why);
	for (i = 0; i < row.n; i++) {
		e = add_header(cx, row.field[i], out);
		if (e != NULL)
			return e;
	}
	for (i = 0; i < out->n; i++)
		if (out->column[i] == 0)
			return NULL;
	return refuse(cx, "head row: there is no column model");
}

const struct err *
birth_csv_line(struct ctx *cx, const struct birth_columns *columns,
    struct bytes line, struct birth_line *out)
{
	const struct err *e;
	struct csv_row row;
	const char *why;
	size_t i;

	*out = (struct birth_line){ 0 };
	if (!csv_split(cx->arena, line, &row, &why))
		return refuse(cx, "%s", why);
	if (row.n != columns->n)
		return refuse(cx, "there are %zu fields, and %zu in the head",
		    row.n, columns->n);
	for (i = 0; i < row.n; i++) {
		if (row.field[i].n == 0)
			continue;
		e = set_column(
		    cx, &columns_known[columns->column[i]], row.field[i], out);
		if (e != NULL)
			return e;
	}
	return check(cx, out);
}

const struct err *
birth_json_line(struct ctx *cx, struct bytes line, struct birth_line *out)
{
	struct json_field fields[BIRTH_COLUMNS + 1] = { 0 };
	const char *text[BIRTH_COLUMNS] = { NULL };
	const struct err *e;
	const char *why;
	size_t i;

	*out = (struct birth_line){ 0 };
	for (i = 0; i < BIRTH_COLUMNS; i++)
		fields[i] = (struct json_field){ columns_known[i].name,
			JSON_STR, i * sizeof(text[0]), LIMIT_IMPORT_LINE, false,
			NULL, 0 };
	why = json_refusal(cx, line, fields, false, text);
	if (why != NULL)
		return refuse(cx, "%s", why);
	for (i = 0; i < BIRTH_COLUMNS; i++) {
		if (text[i] == NULL)
			continue;
		e = set_column(cx, &columns_known[i], bytes_str(text[i]), out);
		if (e != NULL)
			return e;
	}
	return check(cx, out);
}
