#include "codec/prom.h"

#include <inttypes.h>

#define US INT64_C(1000000)

void
prom_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Backslash, quote and line feed are escaped. */
static void
put_value(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		size_t n = strcspn(s, "\\\"\n");

		buf_put(b, (struct bytes){ (const uint8_t *)s, n });
		s += n;
		if (*s == '\0')
			return;
		buf_str(b, *s == '\n' ? "\\n" : *s == '"' ? "\\\"" : "\\\\");
	}
}

static void
put_name(struct buf *b, const char *name, const char *suffix,
    const struct prom_labels *l, const char *le)
{
	const char *between = "{";
	size_t i;

	buf_str(b, name);
	buf_str(b, suffix);
	for (i = 0; i < PROM_LABELS && l->v[i].name != NULL; i++) {
		buf_printf(b, "%s%s=\"", between, l->v[i].name);
		put_value(b, l->v[i].value);
		buf_str(b, "\"");
		between = ",";
	}
	if (le != NULL)
		buf_printf(b, "%sle=\"%s\"", between, le);
	buf_str(b, i > 0 || le != NULL ? "} " : " ");
}

/* Seconds as short as they are: buckets are known by their text. */
static void
put_seconds(struct buf *b, uint64_t us)
{
	buf_printf(b, "%" PRIu64 ".%06" PRIu64 "\n", us / US, us % US);
}

void
prom_sample(
    struct buf *b, const char *name, struct prom_labels l, int64_t value)
{
	put_name(b, name, "", &l, NULL);
	buf_printf(b, "%" PRId64 "\n", value);
}

void
prom_sample_us(
    struct buf *b, const char *name, struct prom_labels l, int64_t us)
{
	put_name(b, name, "", &l, NULL);
	put_seconds(b, us < 0 ? 0 : (uint64_t)us);
}

void
prom_gauge(struct buf *b, const char *name, const char *help, int64_t value)
{
	prom_head(b, name, "gauge", help);
	prom_sample(b, name, PROM_NONE, value);
}

void
prom_counter(struct buf *b, const char *name, const char *help, uint64_t value)
{
	prom_head(b, name, "counter", help);
	prom_sample(b, name, PROM_NONE, (int64_t)value);
}

/* _count is the sum of what was read, so that it fits the last bucket
 * whatever is counted meanwhile. */
void
prom_timing(struct buf *b, const char *name, struct prom_labels l,
    const struct timing *t)
{
	uint64_t n = 0;
	char le[32];
	size_t i;

	for (i = 0; i < TIMING_BUCKETS; i++) {
		(void)snprintf(
		    le, sizeof(le), "%g", (double)timing_bound_us[i] / US);
		n += tally_now(&t->bucket[i]);
		put_name(b, name, "_bucket", &l, le);
		buf_printf(b, "%" PRIu64 "\n", n);
	}
	n += tally_now(&t->bucket[i]);
	put_name(b, name, "_bucket", &l, "+Inf");
	buf_printf(b, "%" PRIu64 "\n", n);
	put_name(b, name, "_sum", &l, NULL);
	put_seconds(b, tally_now(&t->us));
	put_name(b, name, "_count", &l, NULL);
	buf_printf(b, "%" PRIu64 "\n", n);
}

void
prom_tally(struct buf *b, const char *name, const char *help,
    const char *const words[2], const struct tally *t)
{
	struct tally_pair p;
	size_t i;

	prom_head(b, name, "counter", help);
	for (i = 0; tally_at(t, i, &p); i++)
		prom_sample(b, name,
		    (struct prom_labels){
			.v = { { words[0], p.a }, { words[1], p.b } } },
		    (int64_t)p.n);
}
