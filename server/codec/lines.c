#include "codec/lines.h"

#include "base/mem.h"

struct lines {
	size_t max;
	int64_t number;
	size_t n;      /* bytes of an unfinished line in buf */
	bool skipping; /* the unfinished line is too long already */
	bool lent;     /* buf was handed out by the last call */
	uint8_t buf[]; /* max and a CR */
};

struct lines *
lines_new(size_t max)
{
	struct lines *l = mem_new(1, sizeof(*l) + max + 1);

	l->max = max;
	return l;
}

void
lines_free(struct lines *l)
{
	if (l == NULL)
		return;
	explicit_bzero(l->buf, l->max + 1);
	mem_free(l);
}

static void
keep(struct lines *l, struct bytes part)
{
	if (l->skipping || part.n > l->max + 1 - l->n) {
		l->skipping = true;
		return;
	}
	if (part.n > 0)
		memcpy(l->buf + l->n, part.p, part.n);
	l->n += part.n;
}

static bool
emit(struct lines *l, struct bytes text, struct line *out)
{
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	*out = (struct line){ ++l->number, text, false };
	if (l->skipping || text.n > l->max) {
		out->too_long = true;
		out->text = BYTES_NONE;
	}
	l->lent = true;
	return true;
}

bool
lines_next(struct lines *l, struct bytes *chunk, bool last, struct line *out)
{
	const uint8_t *lf =
	    chunk->n == 0 ? NULL : memchr(chunk->p, '\n', chunk->n);
	struct bytes part = *chunk;

	if (l->lent) {
		l->lent = l->skipping = false;
		l->n = 0;
	}
	if (lf != NULL) {
		part.n = (size_t)(lf - chunk->p);
		chunk->p += part.n + 1;
		chunk->n -= part.n + 1;
		if (l->n == 0 && !l->skipping)
			return emit(l, part, out);
	} else {
		*chunk = BYTES_NONE;
	}
	keep(l, part);
	if (lf == NULL && (!last || (l->n == 0 && !l->skipping)))
		return false;
	return emit(l, (struct bytes){ l->buf, l->n }, out);
}
