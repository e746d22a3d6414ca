#include "codec/csv.h"

#include "base/arena.h"

/* The quoted field that starts at line.p[*i]; leaves *i after its closing
 * quote.  NULL if the line ends first. */
static const char *
quoted(struct arena *a, struct bytes line, size_t *i, struct bytes *out)
{
	size_t j, n = 0, start = *i + 1;
	uint8_t *p;

	for (j = start; j < line.n; j++) {
		if (line.p[j] != '"') {
			n++;
		} else if (j + 1 < line.n && line.p[j + 1] == '"') {
			n++;
			j++;
		} else {
			break;
		}
	}
	if (j >= line.n)
		return "a quote is not closed on its line";
	*i = j + 1;
	*out = (struct bytes){ line.p + start, n };
	if (n == j - start)
		return NULL;
	p = arena_alloc(a, n);
	out->p = p;
	for (j = start; n > 0; n--) {
		if (line.p[j] == '"')
			j++;
		*p++ = line.p[j++];
	}
	return NULL;
}

/* The bare field that starts at line.p[*i]; leaves *i after it. */
static const char *
bare(struct bytes line, size_t *i, struct bytes *out)
{
	size_t j = *i;

	while (j < line.n && line.p[j] != ',') {
		if (line.p[j] == '"')
			return "a quote stands inside a field";
		j++;
	}
	*out = (struct bytes){ line.p + *i, j - *i };
	*i = j;
	return NULL;
}

bool
csv_split(
    struct arena *a, struct bytes line, struct csv_row *out, const char **why)
{
	size_t i = 0;

	*why = NULL;
	out->n = 0;
	do {
		struct bytes field = BYTES_NONE;

		if (out->n > 0)
			i++; /* the comma */
		if (out->n == CSV_FIELDS)
			*why = "there are too many fields";
		else if (i < line.n && line.p[i] == '"')
			*why = quoted(a, line, &i, &field);
		else
			*why = bare(line, &i, &field);
		if (*why == NULL && i < line.n && line.p[i] != ',')
			*why = "text follows a closing quote";
		if (*why != NULL)
			return false;
		out->field[out->n++] = field;
	} while (i < line.n);
	return true;
}

const char *
csv_cell(struct arena *a, const char *text)
{
	size_t n = text == NULL ? 0 : strlen(text);
	char *out = arena_alloc(a, 2 * n + 4), *p = out;

	*p++ = '"';
	if (n > 0 && strchr("=+-@\t\r\n", text[0]) != NULL)
		*p++ = '\'';
	for (; n > 0; n--, text++) {
		if (*text == '"')
			*p++ = '"';
		*p++ = *text;
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			p[-1] = ' ';
	}
	*p = '"';
	return out;
}
